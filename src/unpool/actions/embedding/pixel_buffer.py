"""Decoded images of one run, in memory or on disk.

N images, S side of a square image, C channels.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unpool.core.atomic_files import PARTIAL
from unpool.store.columns import Row

MAX_PIXELS_IN_MEMORY = 2 << 30  # bytes; above, they lie on disk


class PixelBuffer:
    """Decoded images of one run, (N, S, S, 3) uint8.

    They lie in memory, or in a file that is removed at the end.

    Args:
        folder: Where the file lies.
        capacity: Largest number of images.
        size: S.
    """

    def __init__(self, folder: Path, capacity: int, size: int) -> None:
        shape = (capacity, size, size, 3)
        self.paths: list[str] = []
        self.is_grey = True
        if np.prod(shape) <= MAX_PIXELS_IN_MEMORY:
            self._pixels = np.empty(shape, np.uint8)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            # Unlinked by name at once: the space is given back when the process ends, however it ends.
            with tempfile.NamedTemporaryFile(dir=folder, prefix=PARTIAL) as file:
                self._pixels = np.memmap(file, np.uint8, "w+", shape=shape)

    def add(self, rows: Sequence[Row], pixels_nSSC: np.ndarray) -> None:
        """Append the usable images of a chunk, with their rows."""
        start = len(self.paths)
        self._pixels[start : start + len(rows)] = pixels_nSSC
        self.paths += [row["path"] for row in rows]
        self.is_grey = self.is_grey and all(row["grey"] for row in rows)

    def pixels(self) -> np.ndarray:
        """Return the images in three channels."""
        return self._pixels[: len(self.paths)]

    def view(self) -> np.ndarray:
        """Return the images; in one channel where none has colour."""
        pixels_NSSC = self._pixels[: len(self.paths)]
        return pixels_NSSC[..., :1] if self.is_grey else pixels_NSSC
