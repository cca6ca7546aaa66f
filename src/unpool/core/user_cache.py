"""A folder for what is computed once per user.

`UNPOOL_CACHE` names another; without a home folder, or where it cannot be written, it lies among temporary files.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypedDict

from platformdirs import user_cache_path

from unpool.core.atomic_files import PARTIAL

VARIABLE = "UNPOOL_CACHE"
LIBRARIES = "libraries"  # a folder for what libraries compute, where the user has none
SPEEDS = "speeds"  # a folder for how fast each network is on this machine
PREFIXES = (
    "pretrained-",
    "graph-",
    "index-",
    "words-",
)  # of the names of kept folders: whatever else lies there is not ours
MAX_FILLING_SECONDS = 6 * 3600.0  # a folder that is filled for longer was left by a killed process


class Entry(TypedDict):
    """An entry of the cache, with its size in bytes."""

    name: str
    bytes: int


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
        name: Its name, with one of `PREFIXES`; whatever its content depends on is part of it.
        fill: Called with an empty folder.

    Returns:
        The folder. What lies in it is complete.
    """
    assert name.startswith(PREFIXES), name
    folder = cache_folder() / name
    if folder.is_dir():
        return folder
    for abandoned in _find_abandoned(folder.parent):
        shutil.rmtree(abandoned, ignore_errors=True)
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


def is_kept(name: str) -> bool:
    """Return whether a folder of the cache is filled already."""
    return (cache_folder() / name).is_dir()


def list_entries() -> list[Entry]:
    """List what is kept, by name."""
    return [Entry(name=path.name, bytes=_size(path)) for path in _find_kept(cache_folder())]


def clear_entries() -> int:
    """Remove what is kept, and nothing else.

    A process that is about to use an entry computes it anew.

    Returns:
        The number of bytes that were freed.
    """
    folder, freed = cache_folder(), 0
    for path in _find_kept(folder):
        size = _size(path)
        with contextlib.suppress(OSError):  # another process was first, or it may not be removed
            with tempfile.TemporaryDirectory(
                prefix=f"{PARTIAL}{os.getpid()}-", dir=folder, ignore_cleanup_errors=True
            ) as part:
                path.replace(Path(part) / "old")
            freed += size
    return freed


def _find_kept(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if path.is_dir() and (path.name.startswith(PREFIXES) or path.name in (LIBRARIES, SPEEDS)):
            yield path
    yield from _find_abandoned(folder)


def _find_abandoned(folder: Path) -> list[Path]:
    """Folders that killed processes have left half filled."""
    oldest, abandoned = time.time() - MAX_FILLING_SECONDS, []
    for path in sorted(folder.glob(f"{PARTIAL}*")):
        with contextlib.suppress(OSError):  # another process has just filled it
            if path.lstat().st_mtime < oldest:
                abandoned.append(path)
    return abandoned


def _size(folder: Path) -> int:
    size = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):  # another process has just removed it
                size += Path(place, name).lstat().st_size
    return size


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
