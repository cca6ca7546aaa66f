"""What the comparisons of segmenters share: their options, and unpool as a user calls it."""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any


def unpool(*words: object) -> dict[str, Any]:
    """The JSON that a command prints."""
    typed = [sys.executable, "-m", "unpool", *map(str, words), "--json"]
    done = subprocess.run(typed, check=True, stdout=subprocess.PIPE, text=True)
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def options(about: str | None) -> argparse.ArgumentParser:
    """Pairs to train on, pairs to score on, and where the rows go."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", type=Path)
    parser.add_argument("masks", type=Path)
    parser.add_argument("--val-images", type=Path, required=True)
    parser.add_argument("--val-masks", type=Path, required=True)
    parser.add_argument("--ignore", type=int, default=255)
    parser.add_argument("--out", type=Path)
    return parser


def scored(args: argparse.Namespace) -> list[object]:
    """The words that say what is scored on."""
    return ["--val-images", args.val_images, "--val-masks", args.val_masks, "--ignore", args.ignore]


def finish(rows: list[dict[str, Any]], summary: dict[str, float], out: Path | None) -> None:
    """Print the summary, and write it with all rows where a file was named."""
    print(json.dumps(summary))
    if out:
        out.write_text(json.dumps({"rows": rows, "summary": summary}, indent=2) + "\n")
