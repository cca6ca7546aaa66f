"""Where a run's images come from: a folder of files, or a named data set. One way to list, one to read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np

from unpool.errors import UnreadableImageError
from unpool.images.datasets import NamedSet, is_named_set, load_named_set
from unpool.images.reading.decode import Picture, read_picture, read_size
from unpool.images.reading.scan import ImageFile, Scan, scan_folder


class Source(Protocol):
    """Images with keys (paths) that stay the same from run to run."""

    location: str  # as kept in the workspace, so that a later run knows whether it is the same

    def scan(self, progress: Callable[[int], None] | None = None) -> Scan: ...

    def read(self, file: ImageFile, min_side: int) -> Picture: ...

    def size(self, file: ImageFile) -> tuple[int, int] | None: ...


class FolderSource:
    """The images in a folder, however nested, but for those in the folder `leave_out`."""

    def __init__(self, folder: Path, leave_out: Path | None = None) -> None:
        self.folder, self.leave_out = folder, leave_out
        self.location = str(folder.resolve())

    def scan(self, progress: Callable[[int], None] | None = None) -> Scan:
        return scan_folder(self.folder, leave_out=self.leave_out, progress=progress)

    def read(self, file: ImageFile, min_side: int) -> Picture:
        return read_picture(file.file, min_side=min_side)

    def size(self, file: ImageFile) -> tuple[int, int] | None:
        """Width and height from the file's head, without decoding; None where it cannot be read."""
        try:
            return read_size(file.file)
        except UnreadableImageError:
            return None


class NamedSource:
    """A named data set, whose images lie in memory under paths CLASS/INDEX.png."""

    def __init__(self, named: NamedSet) -> None:
        self.location = named.name
        self._pixels_NHWC = named.pixels
        self._paths = named.paths
        self._row = {path: row for row, path in enumerate(named.paths)}

    def scan(self, progress: Callable[[int], None] | None = None) -> Scan:
        size = self._pixels_NHWC[0].nbytes
        return Scan([ImageFile(path, Path(path), size, 0.0) for path in sorted(self._paths)], [])

    def read(self, file: ImageFile, min_side: int) -> Picture:
        pixels = np.ascontiguousarray(self._pixels_NHWC[self._row[file.path]])
        grey = pixels.shape[2] == 1
        height, width = pixels.shape[:2]
        rgb = np.repeat(pixels, 3, axis=2) if grey else pixels
        digest = hashlib.blake2b(pixels.tobytes(), digest_size=16).hexdigest()
        return Picture(rgb, width, height, "L" if grey else "RGB", grey, digest)

    def pixels(self, files: Sequence[ImageFile], size: int) -> np.ndarray | None:
        """The images (N, S, S, C) uint8 all at once where they have that size; None where they must be resized."""
        if self._pixels_NHWC.shape[1:3] != (size, size):
            return None
        return self._pixels_NHWC[[self._row[file.path] for file in files]]

    def size(self, file: ImageFile) -> tuple[int, int] | None:
        return self._pixels_NHWC.shape[2], self._pixels_NHWC.shape[1]


def open_source(place: str, data: Path | None = None, leave_out: Path | None = None) -> Source:
    """A folder of that name, or else the named data set (`digits`, `mnist:train`, …).

    `leave_out` is a folder that is not looked into: where the run writes. Raises `UnpoolError` where there is
    neither.
    """
    if is_named_set(place) and not Path(place).is_dir():
        return NamedSource(load_named_set(place, data))
    return FolderSource(Path(place), leave_out)
