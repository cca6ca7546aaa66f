"""Sources of images.

Folders, archives, lists, object stores and named data sets.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from unpool.core.file_names import find_file
from unpool.core.objects.address import is_address, parse_address, resolve_file_address
from unpool.errors import UnreadableImageError
from unpool.images.archives.opening import open_archive
from unpool.images.datasets import NamedSet, is_named_set, load_named_set
from unpool.images.reading.decode import Picture, read_picture, read_size
from unpool.images.reading.scan import ImageFile, Scan, scan_folder
from unpool.images.remote.fetching import InPlace
from unpool.images.remote.remote_source import RemoteSource
from unpool.images.values.rules import NO_RULES, ValueRules


class Source(Protocol):
    """Images whose keys (paths) stay the same between runs."""

    location: str  # as kept in the workspace, so that a later run knows whether it is the same
    rules: ValueRules  # by which values of more than 8 bits are scaled; set before images are read

    def scan(self, progress: Callable[[int], None] | None = None) -> Scan:
        """List the images."""

    def locate(self, path: str) -> ImageFile:
        """Find an image by its path.

        One that is missing shows when it is read.
        """

    def read(self, file: ImageFile, min_side: int) -> Picture:
        """Decode an image that is needed at `min_side` pixels."""

    def size(self, file: ImageFile) -> tuple[int, int] | None:
        """Return width and height, None where they cannot be read."""

    def expect(self, files: Sequence[ImageFile]) -> None:
        """Say which files will be read, in which order."""


class FolderSource(InPlace):
    """The images in a folder, without those in `leave_out`."""

    def __init__(self, folder: Path, leave_out: Path | None = None) -> None:
        self.folder, self.leave_out, self.rules = folder, leave_out, NO_RULES
        self.location = str(folder.resolve())

    def scan(self, progress: Callable[[int], None] | None = None) -> Scan:
        """List the images of the folder and its subfolders."""
        return scan_folder(self.folder, leave_out=self.leave_out, progress=progress)

    def expect(self, files: Sequence[ImageFile]) -> None:
        """Nothing is read ahead of a disk."""

    def locate(self, path: str) -> ImageFile:
        """Find the file of a path.

        One that is missing shows when it is read.
        """
        return ImageFile(path, find_file(self.folder, path) or self.folder / path, 0, 0.0)

    def read(self, file: ImageFile, min_side: int) -> Picture:
        """Decode an image, perhaps reduced, but not below `min_side`."""
        return read_picture(file.file, min_side=min_side, rules=self.rules)

    def size(self, file: ImageFile) -> tuple[int, int] | None:
        """Read width and height without decoding, None where impossible."""
        try:
            return read_size(file.file)
        except UnreadableImageError:
            return None


class NamedSource:
    """A named data set, in memory under paths CLASS/INDEX.png."""

    def __init__(self, named: NamedSet) -> None:
        self.location, self.rules = named.name, NO_RULES
        self._pixels_NHWC = named.pixels
        self._paths = named.paths
        self._row = {path: row for row, path in enumerate(named.paths)}

    def scan(self, progress: Callable[[int], None] | None = None) -> Scan:
        """List the images, ordered by path."""
        size = self._pixels_NHWC[0].nbytes
        return Scan([ImageFile(path, Path(path), size, 0.0) for path in sorted(self._paths)], [])

    def expect(self, files: Sequence[ImageFile]) -> None:
        """All images are in memory."""

    def locate(self, path: str) -> ImageFile:
        """Name an image by its path."""
        return ImageFile(path, Path(path), 0, 0.0)

    def read(self, file: ImageFile, min_side: int) -> Picture:
        """Return an image in its own size."""
        pixels = np.ascontiguousarray(self._pixels_NHWC[self._row[file.path]])
        grey = pixels.shape[2] == 1
        height, width = pixels.shape[:2]
        rgb = np.repeat(pixels, 3, axis=2) if grey else pixels
        digest = hashlib.blake2b(pixels.tobytes(), digest_size=16).hexdigest()
        return Picture(rgb, width, height, "L" if grey else "RGB", grey, digest)

    def pixels(self, files: Sequence[ImageFile], size: int) -> np.ndarray | None:
        """Return all images at once, None if resizing is needed.

        Args:
            files: The images, in this order.
            size: Side in pixels at which they are needed.

        Returns:
            (N, S, S, C) uint8 where the images have that size.
        """
        if self._pixels_NHWC.shape[1:3] != (size, size):
            return None
        return self._pixels_NHWC[[self._row[file.path] for file in files]]

    def size(self, file: ImageFile) -> tuple[int, int] | None:
        """Return width and height, the same for all images."""
        return self._pixels_NHWC.shape[2], self._pixels_NHWC.shape[1]


def open_source(location: str, data: Path | None = None, leave_out: Path | None = None) -> Source:
    """Open whatever holds images.

    Args:
        location: A folder; a zip, tar or Parquet file, a folder inside one, or a folder of such files; a text file of
            paths; an address such as `s3://bucket/photos`; or a name such as `digits` or `mnist:train`. A folder of
            such a name goes first.
        data: The folder that named data sets lie in or are fetched into; None stands for the user's cache.
        leave_out: A folder that is not read: where the run writes.

    Returns:
        The source; a folder that is missing shows when it is scanned.

    Raises:
        UnpoolError: Where the data set cannot be had, the store cannot be reached as the environment says, or a
            file holds no images.
        UsageError: Where the address is none that can be read.
    """
    location = resolve_file_address(location)
    if is_address(location):
        return RemoteSource(parse_address(location))
    if is_named_set(location) and not Path(location).is_dir():
        return NamedSource(load_named_set(location, data))
    return open_archive(Path(location)) or FolderSource(Path(location), leave_out)
