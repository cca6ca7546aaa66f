"""Which files are being decoded, kept on the disk.

Where a decoder of this process crashes, or hangs until somebody kills it, nothing else of the process is left. The next
one finds these files, and lets a process apart decode them: the one that is to blame is reported then.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path

from unpool.images.isolation.pool import end_idle

FILE = "decoding.trail"  # in the workspace
NUM_SLOTS, SLOT_BYTES = 128, 4096

_suspects: frozenset[str] = frozenset()  # paths of the files that a process before this one has not survived
_open: list[Trail] = []
_names: dict[str, str] = {}  # of copies, what they stand for


class Trail:
    """A file with a slot for each thread that decodes.

    It is written, not mapped: on a full disk the first fails, where the second would end the process.
    """

    def __init__(self, file: Path) -> None:
        self._stream = file.open("wb", buffering=0)
        self._free = list(range(NUM_SLOTS))
        self._guard = threading.Lock()

    @contextlib.contextmanager
    def mark(self, path: str) -> Iterator[None]:
        """Say that a file is decoded inside."""
        with self._guard:
            slot = self._free.pop() if self._free else None
        if slot is None:
            yield
            return
        self._write(slot, _as_slot(path))
        try:
            yield
        finally:
            self._write(slot, b"\0")
            with self._guard:
                self._free.append(slot)

    def keep(self, paths: Iterable[str]) -> None:
        """Name files beyond the slots.

        This process may end before it comes to them."""
        for number, path in enumerate(sorted(paths)):
            self._write(NUM_SLOTS + number, _as_slot(path))

    def _write(self, slot: int, content: bytes) -> None:
        with contextlib.suppress(OSError, ValueError):  # no space, or closed meanwhile, as this one hung
            os.pwrite(self._stream.fileno(), content, slot * SLOT_BYTES)

    def close(self) -> None:
        """Close the file."""
        self._stream.close()


def _as_slot(path: str) -> bytes:
    return os.fsencode(path)[: SLOT_BYTES - 1] + b"\0"


def read_trail(file: Path) -> frozenset[str]:
    """Read which files a process was decoding when it ended."""
    try:
        content = file.read_bytes()
    except OSError:
        return frozenset()
    slots = (content[start : start + SLOT_BYTES] for start in range(0, len(content), SLOT_BYTES))
    return frozenset(os.fsdecode(name) for slot in slots if (name := slot.partition(b"\0")[0]))


@contextlib.contextmanager
def leaving_trail(work: Path, blamed: Iterable[str] = ()) -> Iterator[int]:
    """Keep on the disk which files are decoded inside.

    Those of a process that was killed are suspected.

    Args:
        work: The workspace.
        blamed: Files that are suspected in any case, since a process has died of them.

    Yields:
        How many files are suspected.
    """
    global _suspects
    file = work / FILE
    former = _suspects
    left = read_trail(file)
    _suspects = left | frozenset(blamed)
    trail = None
    if hasattr(os, "pwrite"):
        with contextlib.suppress(OSError):  # a full disk is reported by what needs it
            trail = Trail(file)
            trail.keep(left)
            _open.append(trail)
    try:
        yield len(_suspects)
    finally:
        _suspects = former
        end_idle()
        if trail is not None:
            _open.remove(trail)
            trail.close()
    file.unlink(missing_ok=True)


def mark(path: str) -> contextlib.AbstractContextManager[None]:
    """Say that a file is decoded inside."""
    return _open[-1].mark(_name_of(path)) if _open else contextlib.nullcontext()


def _name_of(path: str) -> str:
    """What a file is called in every process."""
    return _names.get(path) or os.path.abspath(path)  # noqa: PTH100 - a hundred times as fast


@contextlib.contextmanager
def stand_for(copy: Path, name: str) -> Iterator[None]:
    """Let a file stand for one elsewhere.

    That one is kept, and suspected.

    Args:
        copy: The file that is decoded.
        name: What it is a copy of, the same in every process.
    """
    _names[str(copy)] = name
    try:
        yield
    finally:
        del _names[str(copy)]


def is_suspect(path: str) -> bool:
    """Whether a process has ended while it decoded a file."""
    return bool(_suspects) and _name_of(path) in _suspects
