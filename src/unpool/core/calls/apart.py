"""Functions that another Python process calls, which then ends.

torch and what comes with it take a gigabyte that this process would never give back.
"""

from __future__ import annotations

import contextlib
import importlib
import subprocess
import sys
from pathlib import Path

from unpool.core.environment import variables_of_another_python
from unpool.errors import UnpoolError, UsageError, shorten_reason


def call_apart(module: str, function: str, *args: str | Path | None, is_shown: bool = False) -> None:
    """Call a function in another process.

    Where torch is loaded already, or no process can be started, this one calls it.

    Args:
        module: The module that has it, by its full name.
        function: Its name there.
        args: Its arguments, which it gets as text; None is left out.
        is_shown: What it writes to standard error is shown, such as the progress of a download.

    Raises:
        UnpoolError: as the function does, with the same line.
        UsageError: likewise.
    """
    # -P: the current folder is the user's, and no file in it may be taken for a library.
    texts = [str(each) for each in args if each is not None]
    command = [sys.executable, "-P", "-m", __name__, module, function, *texts]
    done = None
    if "torch" not in sys.modules and sys.executable:
        with contextlib.suppress(OSError):  # such as an account that may not start processes
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=None if is_shown else subprocess.DEVNULL, encoding="utf-8",
                errors="replace", env=variables_of_another_python(),
            )  # fmt: skip
    if done is None:
        getattr(importlib.import_module(module), function)(*texts)
    elif done.returncode:
        lines = done.stdout.strip().splitlines() or [f"{function} ended with exit code {done.returncode}"]
        raise (UsageError if done.returncode == UsageError.exit_code else UnpoolError)(lines[-1])


def _main(module: str, function: str, *args: str) -> None:
    """Run in the other process; an error goes to standard output, where nothing else does."""
    try:
        with contextlib.redirect_stdout(sys.stderr):
            getattr(importlib.import_module(module), function)(*args)
    except UnpoolError as error:
        print(error)
        sys.exit(error.exit_code)
    except Exception as error:
        print(f"{function} raised {type(error).__name__}: {shorten_reason(error)}")
        sys.exit(1)


if __name__ == "__main__":
    _main(*sys.argv[1:])
