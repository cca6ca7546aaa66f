"""A death that comes in the middle of a command: from some moment on nothing is written any more."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lance
import pytest

from unpool.store import table as table_module
from unpool.store.table import ImageTable

# What changes files; a command can die before each of those in MOMENTS.
MOMENTS: tuple[tuple[Any, str], ...] = (
    (Path, "replace"), (Path, "rename"), (Path, "unlink"), (shutil, "rmtree"), (table_module, "rewrite_columns"),
    (ImageTable, "upsert"), (ImageTable, "append"),
    (ImageTable, "delete"), (lance.LanceDataset, "restore"),
)  # fmt: skip
OTHERS: tuple[tuple[Any, str], ...] = (
    (Path, "write_bytes"), (Path, "write_text"), (Path, "mkdir"), (Path, "rmdir"), (Path, "touch"),
    (Path, "hardlink_to"), (os, "link"),
)  # fmt: skip


class Killed(BaseException):
    """The process is gone; what still runs of it can change nothing."""


class Death:
    """Kills what runs inside at a moment, counted from 0."""

    def __init__(self, moment: int) -> None:
        self.left, self.is_dead = moment, False
        self._patch = pytest.MonkeyPatch()

    def __enter__(self) -> Death:
        for owner, name in (*MOMENTS, *OTHERS):
            counts = (owner, name) in MOMENTS
            self._patch.setattr(owner, name, self._wrap(getattr(owner, name), counts))
        return self

    def __exit__(self, *error: object) -> bool:
        self._patch.undo()
        return isinstance(error[1], Killed)

    def _wrap(self, function: Callable[..., Any], counts: bool) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            # What is left by half written files is swept, and the lock is the system's affair.
            is_moment = counts and not str(args[0] if args else "").rpartition("/")[2].startswith("lock-")
            self.is_dead |= is_moment and self.left == 0
            self.left -= is_moment
            if self.is_dead:
                raise Killed
            return function(*args, **kwargs)

        return call
