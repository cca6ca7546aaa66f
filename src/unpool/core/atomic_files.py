"""Files written whole or not at all.

A kill in the middle leaves the old file, never half of the new one.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from unpool.core.file_names import shorten

PARTIAL = ".partial-"
FORMER = f"{PARTIAL}former-"  # what `whole_folder` is about to replace


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Write a file beside its place, then move it there.

    Args:
        path: the file to write; its folder is made where it is missing.
        write: called with the temporary path that it must fill.

    Raises:
        OSError: from `write` or the move; it names `path` where the system named no file.

    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> write_whole(folder / "a.txt", lambda p: p.write_text("whole"))
    >>> [p.name for p in folder.iterdir()]
    ['a.txt']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = _partial(path)
    try:
        write(part)
        part.chmod(0o666 & ~_umask())  # some writers make files that only their owner may read
        part.replace(path)
    except OSError as error:
        # A full disk, for one, is reported with its file; an error without a number has a text of its own.
        if error.filename is None and error.errno is not None:
            error.filename = str(path)
        raise
    finally:
        part.unlink(missing_ok=True)


def _partial(path: Path) -> Path:
    """Where a file is written first; its own name may be as long as names can be."""
    return path.with_name(shorten(f"{PARTIAL}{os.getpid()}-{path.name}"))


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def write_bytes(path: Path, content: bytes) -> Path:
    """Write bytes whole or not at all; returns `path`."""
    write_whole(path, lambda part: part.write_bytes(content))
    return path


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text whole, lone surrogates escaped."""
    write_bytes(path, text.encode("utf-8", "backslashreplace"))


def write_json(path: Path, value: object) -> None:
    """Write JSON whole, with two spaces of indent."""
    write_text(path, json.dumps(value, indent=2, ensure_ascii=False) + "\n")


@contextlib.contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """Yield a folder to fill, then move it to `path`.

    It replaces what was at `path`, and is removed on an error. A kill in the middle leaves the old folder at its place,
    or beside it, where `sweep` finds it.
    """
    part, former = _partial(path), path.with_name(shorten(f"{FORMER}{path.name}"))
    part.mkdir(parents=True)
    try:
        yield part
        if path.exists():
            shutil.rmtree(former, ignore_errors=True)
            path.replace(former)
        try:
            part.replace(path)
        except OSError:
            if former.exists():
                former.replace(path)
            raise
        shutil.rmtree(former, ignore_errors=True)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def sweep(folder: Path, leave: Collection[str] = ()) -> None:
    """Remove half-written files in `folder` and its folders.

    What was to be replaced by a folder that was never finished is put back.

    Args:
        folder: Where they are.
        leave: Folders in it that are left alone, since others write there without a lock.
    """

    def find_begun(prefix: str) -> list[Path]:
        inside = (path for path in folder.glob(f"*/{prefix}*") if path.parent.name not in leave)
        return [*folder.glob(f"{prefix}*"), *inside]

    for former in find_begun(FORMER):
        path = former.with_name(former.name.removeprefix(FORMER))
        if not path.exists():
            former.replace(path)
    for part in find_begun(PARTIAL):
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        part.unlink(missing_ok=True)
