"""Images that a reader gets copies of.

Most are decoded in memory. Where a file is needed, a copy holds that one alone, and is removed when its reader is done.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path

from unpool.core.file_names import shorten
from unpool.errors import UnreadableImageError
from unpool.images.isolation.trail import stand_for
from unpool.images.reading.decode import Picture, read_content, read_picture, read_size
from unpool.images.reading.scan import ImageFile
from unpool.images.values.rules import NO_RULES, ValueRules

MAX_BYTES_IN_MEMORY = 32 << 20  # a larger file is copied to the disk in parts
HEAD_BYTES = 1 << 16  # enough for the size of nearly every picture
MAX_NAME_BYTES = 200  # of a copy's name
HEAD_ENDINGS = (".png", ".apng", ".pbm", ".pgm", ".ppm", ".pnm", ".pfm", ".jp2", ".j2k")


class CopiedSource(ABC):
    """Images of one place, by their names there.

    Args:
        location: The place, as kept in the workspace.
    """

    num_fetchers = 1

    def __init__(self, location: str) -> None:
        self.location = location
        self.rules: ValueRules = NO_RULES

    @abstractmethod
    def read_all(self, file: ImageFile) -> bytes:
        """Read all bytes of a file that is not large.

        Args:
            file: One of the scan, or with the path of one.

        Raises:
            UnreadableImageError: The file is gone, or may not be read.
        """

    @abstractmethod
    def write_copy(self, file: ImageFile, copy: Path) -> None:
        """Copy a large file, in parts."""

    @abstractmethod
    def read_start(self, file: ImageFile, num_bytes: int) -> bytes:
        """Read the first bytes of a file."""

    @abstractmethod
    def locate(self, path: str) -> ImageFile:
        """Find a file by its path.

        One that is missing shows when it is read.
        """

    def read(self, file: ImageFile, min_side: int) -> Picture:
        """Decode an image, perhaps reduced, but not below `min_side`."""
        content = self._read_small(file)
        if content is not None:
            # Stands for the file in the trail, and for none on the disk.
            here = Path(f"content-{threading.get_ident()}", file.file.name)
            with stand_for(here, self.trail_name(file.file)):
                picture = read_content(content, here, min_side, self.rules)
            if picture is not None:
                return picture
        with self._fetch(file, content) as copy:
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
        with self._fetch(file, self._read_small(file)) as copy:
            yield copy

    @contextlib.contextmanager
    def _fetch(self, file: ImageFile, content: bytes | None) -> Iterator[Path]:
        with self._copy_of(file) as copy:
            if content is None:
                self.write_copy(file, copy)
            else:
                copy.write_bytes(content)
            yield copy

    def _read_small(self, file: ImageFile) -> bytes | None:
        """All bytes of a file; None for one that is copied in parts."""
        return None if file.bytes > MAX_BYTES_IN_MEMORY else self.read_all(file)

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
        # No folder of its own for each: making and removing it takes longer than the copy.
        handle, name = tempfile.mkstemp(
            prefix="unpool-", suffix=f"-{shorten(file.file.name, MAX_NAME_BYTES)}"
        )
        os.close(handle)
        copy = Path(name)
        copy.chmod(0o644)  # what is exported from it may be read by others
        try:
            with stand_for(copy, self.trail_name(file.file)):
                yield copy
        finally:
            copy.unlink(missing_ok=True)
