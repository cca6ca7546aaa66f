"""Several commands in one process, as `torchrun` starts it: `python commands.py LIST.json RESULTS`.

LIST.json holds a list of command lines. Each process writes RESULTS-RANK.json: for every command its exit code,
what it printed and its last error. Loading torch takes longer than the short trainings that tests compare: they
share it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
from pathlib import Path
from typing import Any


def run(command: list[str]) -> dict[str, Any]:
    """The exit code and the output of one command in this process."""
    from unpool.cli.main import main

    out, err, code = io.StringIO(), io.StringIO(), None
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            main(command)
        except SystemExit as left:
            code = left.code
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()[-2000:]}


if __name__ == "__main__":
    commands = json.loads(Path(sys.argv[1]).read_text())
    results = [run(command) for command in commands]
    Path(f"{sys.argv[2]}-{os.environ.get('RANK', '0')}.json").write_text(json.dumps(results))
    if "RANK" in os.environ:
        import torch

        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
