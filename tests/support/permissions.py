"""Tests as a user whom permissions bind, though root runs them."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

NOBODY = 65534


@contextlib.contextmanager
def folder_of_another_user() -> Iterator[Path]:
    """A new folder that is theirs, while this process acts as them; the test is skipped where that cannot be."""
    if not hasattr(os, "setresuid"):
        pytest.skip("no users here")
    with tempfile.TemporaryDirectory() as name:
        folder, is_root = Path(name), os.getuid() == 0
        if is_root:
            os.chown(folder, NOBODY, -1)
            os.setresuid(NOBODY, NOBODY, 0)
        try:
            yield folder
        finally:
            if is_root:
                os.setresuid(0, 0, 0)
            for path, folders, _ in os.walk(folder):
                for each in folders:
                    Path(path, each).chmod(0o700)
