"""Options and calls of unpool that several benchmarks share."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def unpool(*arguments: object) -> dict[str, Any]:
    """Run a command and return its JSON result."""
    command = [sys.executable, "-m", "unpool", *map(str, arguments), "--json"]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def options(about: str | None) -> argparse.ArgumentParser:
    """Build the parser: training pairs, validation pairs, output file."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("masks", type=Path)
    parser.add_argument("--val-images", type=Path, required=True)
    parser.add_argument("--val-masks", type=Path, required=True)
    parser.add_argument("--ignore", type=int, default=255)
    parser.add_argument("--out", type=Path)
    return parser


def validation_arguments(args: argparse.Namespace) -> list[object]:
    """Return the arguments that name the validation pairs."""
    return ["--val-images", args.val_images, "--val-masks", args.val_masks, "--ignore", args.ignore]


def finish(rows: list[dict[str, Any]], summary: dict[str, float], out: Path | None) -> None:
    """Print the summary, and write it with all rows if there is a file."""
    print(json.dumps(summary))
    if out:
        out.write_text(json.dumps({"rows": rows, "summary": summary}, indent=2) + "\n")
