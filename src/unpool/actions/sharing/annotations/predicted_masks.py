"""The label maps that `segment predict` has written.

H, W height and width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image

from unpool.images.annotations.drawings import NAMES_GROUND
from unpool.images.annotations.regions import Region, Runs, find_regions, find_runs


@dataclass(frozen=True)
class PredictedMask:
    """One label map.

    Args:
        image: The image's key.
        image_file: The image.
        name: What its files are called, without ending.
        file: The label map, PNG, or TIFF in tiles.
        position_of: The position of the class by the value in the map, (256,) uint8.
        is_new: Whether it was written just now.
    """

    image: str
    image_file: Path
    name: str
    file: Path
    position_of: np.ndarray
    is_new: bool = True

    @cached_property
    def size(self) -> tuple[int, int]:
        """Height and width."""
        if self._is_tiff:
            import tifffile

            with tifffile.TiffFile(self.file) as tiff:
                height, width = tiff.pages.first.shape
                return int(height), int(width)
        with Image.open(self.file) as image:
            return image.height, image.width

    @property
    def _is_tiff(self) -> bool:
        return self.file.suffix == ".tif"

    def strips(self) -> Iterator[np.ndarray]:
        """Read positions of classes, some rows at a time.

        Yields:
            (H, W) uint8 each.
        """
        if not self._is_tiff:
            with Image.open(self.file) as image:
                yield self.position_of[np.asarray(image)]
            return
        import tifffile

        with tifffile.TiffFile(self.file) as tiff:
            page = tiff.pages.first
            height, width = page.shape
            row: list[np.ndarray] = []
            for tile, place, _ in page.segments():
                top, left = place[2:4]
                row.append(np.asarray(tile)[0, : height - top, : width - left, 0])
                if left + row[-1].shape[1] == width:
                    yield self.position_of[np.concatenate(row, axis=1)]
                    row = []

    def find_runs(self, skip: Sequence[int]) -> Runs:
        """Find the runs of classes, but for some."""
        return find_runs(self.strips(), skip)

    def find_regions(self, skip: Sequence[int]) -> Iterator[Region]:
        """Find the regions of classes, but for some."""
        return find_regions(self.find_runs(skip))


@dataclass(frozen=True)
class MaskRequest:
    """What is to be written in another format.

    Args:
        masks: The label maps.
        names: The classes by position.
        colours: (r, g, b) of each.
        out: The folder.
        model: Which model has labelled them.
        advance: Called after each label map.
    """

    masks: Sequence[PredictedMask]
    names: Sequence[str]
    colours: Sequence[tuple[int, int, int]]
    out: Path
    model: str
    advance: Callable[[], None] = lambda: None

    @property
    def grounds(self) -> list[int]:
        """Positions of the classes that are left free."""
        return [position for position, name in enumerate(self.names) if name.lower() in NAMES_GROUND]

    @property
    def written(self) -> dict[int, str]:
        """The classes that are written, by position."""
        return {position: name for position, name in enumerate(self.names) if position not in self.grounds}


@dataclass(frozen=True)
class WrittenMasks:
    """What was written.

    Args:
        path: The file or folder.
        remarks: What the format cannot hold as it was, a sentence each.
    """

    path: Path
    remarks: list[str]
