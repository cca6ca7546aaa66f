"""Images that a reader gets copies of.

A copy holds one file alone, and is removed again when its reader is done.
"""

from __future__ import annotations

import contextlib
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from unpool.core.file_names import shorten
from unpool.errors import UnreadableImageError
from unpool.images.isolation.trail import stand_for
from unpool.images.reading.decode import Picture, read_picture, read_size
from unpool.images.reading.scan import ImageFile
from unpool.images.values.rules import NO_RULES, ValueRules

HEAD_BYTES = 1 << 16  # enough for the size of nearly every picture
HEAD_ENDINGS = (".png", ".apng", ".pbm", ".pgm", ".ppm", ".pnm", ".pfm", ".jp2", ".j2k")


class CopiedSource(ABC):
    """Images of one place, by the names that they have there.

    Args:
        location: The place, as kept in the workspace.
    """

    num_fetchers = 1

    def __init__(self, location: str) -> None:
        self.location = location
        self.rules: ValueRules = NO_RULES

    @abstractmethod
    def write_copy(self, file: ImageFile, copy: Path) -> None:
        """Write all bytes of a file.

        Args:
            file: One of the scan, or with the path of one.
            copy: Where they are written.

        Raises:
            UnreadableImageError: The file is gone, or may not be read.
        """

    @abstractmethod
    def read_start(self, file: ImageFile, num_bytes: int) -> bytes:
        """Read the first bytes of a file; raises as `write_copy` does."""

    @abstractmethod
    def locate(self, path: str) -> ImageFile:
        """Find a file by its path; one that is missing shows when it is read."""

    def read(self, file: ImageFile, min_side: int) -> Picture:
        """Decode an image, perhaps reduced, but not below `min_side`."""
        with self.fetch(file) as copy:
            return read_picture(copy, min_side=min_side, rules=self.rules)

    def size(self, file: ImageFile) -> tuple[int, int] | None:
        """Read width and height, None where impossible.

        The first bytes of the file do, where they can.
        """
        for fetch in (self._fetch_start, self.fetch):
            try:
                with fetch(file) as copy:
                    return read_size(copy)
            except UnreadableImageError:
                continue
        return None

    @contextlib.contextmanager
    def fetch(self, file: ImageFile) -> Iterator[Path]:
        """Make a copy of a file while it is read.

        Args:
            file: One of the scan, or with the path of one.

        Yields:
            The copy, of the same ending.

        Raises:
            UnreadableImageError: It is gone, or may not be read.
        """
        with self._copy_of(file) as copy:
            self.write_copy(file, copy)
            yield copy

    @contextlib.contextmanager
    def fetch_head(self, file: ImageFile) -> Iterator[Path]:
        """Make a copy of what says a picture's depth.

        Of most kinds these are the first bytes, of a TIFF it is all of them.
        """
        is_short = file.file.suffix.lower() in HEAD_ENDINGS
        with self._fetch_start(file) if is_short else self.fetch(file) as copy:
            yield copy

    def trail_name(self, file: Path) -> str:
        """Name a file the same in every process."""
        return f"{self.location}/{file.as_posix()}"

    @contextlib.contextmanager
    def _fetch_start(self, file: ImageFile) -> Iterator[Path]:
        with self._copy_of(file) as copy:
            copy.write_bytes(self.read_start(file, min(HEAD_BYTES, file.bytes or HEAD_BYTES)))
            yield copy

    @contextlib.contextmanager
    def _copy_of(self, file: ImageFile) -> Iterator[Path]:
        """A place for a copy; where decoding it ends a process, the next one knows the file by its name."""
        with tempfile.TemporaryDirectory(prefix="unpool-") as folder:
            copy = Path(folder, shorten(file.file.name))
            with stand_for(copy, self.trail_name(file.file)):
                yield copy
