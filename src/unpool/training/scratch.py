"""The folder `training/` of a model: what a run can be resumed from, marked as ours while it is there."""

from __future__ import annotations

import contextlib
from pathlib import Path

from unpool.errors import UsageError
from unpool.files import PARTIAL
from unpool.images.folder import MARK
from unpool.training.checkpoint import NAME as CHECKPOINT

CACHE = "pixels"
OURS = (CHECKPOINT, MARK, f"{PARTIAL}*", f"{CACHE}/pixels-*", f"{CACHE}/{PARTIAL}*")


def open_scratch(folder: Path) -> None:
    """Make the folder and mark it; raises `UsageError` where it is there and holds somebody's files."""
    if folder.is_dir() and not is_open(folder) and not (folder / CHECKPOINT).is_file():
        others = sorted(path.name for path in folder.iterdir() if path.name != CACHE)
        if others:
            raise UsageError(
                f"{folder} is needed for what a training is resumed from, but holds other files ({others[0]}); "
                "name another --out"
            )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MARK).touch()


def is_open(folder: Path) -> bool:
    """Whether a training under way left its mark in the folder."""
    return (folder / MARK).is_file()


def close_scratch(folder: Path) -> None:
    """Remove what a training wrote, and the folder where nothing else is in it.

    The mark goes first: a folder that is half removed does not say that a training is under way.
    """
    for pattern in (MARK, *OURS):
        remove(folder, pattern)
    for empty in (folder / CACHE, folder):
        with contextlib.suppress(OSError):
            empty.rmdir()


def remove(folder: Path, pattern: str) -> None:
    """Remove the files in `folder` that fit a pattern; a folder is never removed."""
    for path in folder.glob(pattern):
        with contextlib.suppress(OSError):
            path.unlink()
