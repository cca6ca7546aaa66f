"""Move one file.

A kill leaves it whole at one place, or at both.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from pathlib import Path

from unpool.core.atomic_files import PARTIAL
from unpool.core.file_identity import content_digest
from unpool.core.file_names import shorten


def move_file(source: Path, target: Path, digest: str) -> None:
    """Move a file to a place that is free.

    On one disk it is renamed. To another it is copied, compared, and removed at its first place only then.

    Args:
        source: The file.
        target: Where it goes; folders on the way are made.
        digest: Of its content.

    Raises:
        OSError: It cannot be moved; it is at its first place then.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(target):
        raise FileExistsError(errno.EEXIST, "something is there already", str(target))
    try:
        source.rename(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _copy_over(source, target, digest)


def partial_of(target: Path) -> Path:
    """Where a copy is written before it has its name."""
    return target.with_name(shorten(f"{PARTIAL}{target.name}"))


def _copy_over(source: Path, target: Path, digest: str) -> None:
    part = partial_of(target)
    try:
        shutil.copy2(source, part)
        with part.open("rb") as stream:
            os.fsync(stream.fileno())
        if content_digest(part) != digest:
            raise OSError(errno.EIO, "the copy differs from the file", str(source))
        part.rename(target)
    finally:
        part.unlink(missing_ok=True)
    try:
        source.unlink()
    except OSError:  # its folder may be read-only
        if source.exists():
            target.unlink()
        raise


def bring_back(place: Path, source: Path, digest: str, modified_ns: int) -> None:
    """Move a file back to where it was.

    Args:
        place: Where it is.
        source: Where it was; free.
        digest: Of its content.
        modified_ns: Its time.

    Raises:
        OSError: It cannot be moved.
    """
    move_file(place, source, digest)
    status = source.stat()
    if status.st_mtime_ns != modified_ns:
        with contextlib.suppress(OSError):  # a disk that counts in seconds keeps what it can
            os.utime(source, ns=(status.st_atime_ns, modified_ns))
