"""A folder for what is computed once per user.

`UNPOOL_CACHE` names another; without a home folder, or where it cannot be written, it lies among temporary files.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from platformdirs import user_cache_path

from unpool.core.atomic_files import PARTIAL

VARIABLE = "UNPOOL_CACHE"


def cache_folder() -> Path:
    """Return the folder, made where it was missing.

    One that cannot be written to is passed over for a folder among temporary files, which only this user may read.
    """
    named = os.environ.get(VARIABLE)
    try:
        folder = Path(named).expanduser().absolute() if named else user_cache_path("unpool")
    except (OSError, RuntimeError):  # no home folder, or no current one
        return _temporary_folder()
    return folder if _is_usable(folder) else _temporary_folder()


def kept_folder(name: str, fill: Callable[[Path], object]) -> Path:
    """Return a folder of the cache, filled the first time.

    Two processes that fill it at the same time do not disturb each other: the first that is done is kept.

    Args:
        name: Its name; whatever its content depends on is part of it.
        fill: Called with an empty folder.

    Returns:
        The folder. What lies in it is complete.
    """
    folder = cache_folder() / name
    if folder.is_dir():
        return folder
    part = Path(tempfile.mkdtemp(prefix=f"{PARTIAL}{os.getpid()}-", dir=folder.parent))
    try:
        fill(part)
        with contextlib.suppress(OSError):  # another process was first
            part.replace(folder)
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} could not be written")
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return folder


def _is_usable(folder: Path) -> bool:
    if not folder.is_absolute():  # without a home folder it begins with a tilde
        return False
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return False
    return os.access(folder, os.W_OK | os.X_OK)


def _temporary_folder() -> Path:
    user = os.getuid() if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    folder = Path(tempfile.gettempdir()) / f"unpool-cache-{user}"
    folder.mkdir(mode=0o700, exist_ok=True)
    is_own = not hasattr(os, "getuid") or folder.stat().st_uid == os.getuid()
    return folder if is_own else Path(tempfile.mkdtemp(prefix="unpool-cache-"))


def ensure_temporary_folder(work: Path) -> None:
    """Name a temporary folder that can be written.

    Lance takes the first name that it is given, and fails where that folder is missing or read-only.

    Args:
        work: The folder to use where there is none.
    """
    named = Path(os.environ.get("TMPDIR", "/tmp"))
    if os.name != "posix" or (named.is_dir() and os.access(named, os.W_OK | os.X_OK)):
        return
    try:
        os.environ["TMPDIR"] = tempfile.gettempdir()
    except FileNotFoundError:
        os.environ["TMPDIR"] = str(work.absolute())
