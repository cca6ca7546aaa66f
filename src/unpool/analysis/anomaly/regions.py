"""The worst region of a heat map.

h, w of the heat map; a picture of any size lies below it.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from scipy import ndimage

TOUCHING = np.ones((3, 3), bool)  # pixels that meet at a corner are connected too


@dataclass(frozen=True)
class Region:
    """A region of a picture: its box and its area.

    `x` and `y` are the first column and row, all are pixels of the picture. All are 0 where there is no region.
    """

    x: int = 0
    y: int = 0
    width: int = 0
    height: int = 0
    area: int = 0

    def to_dict(self) -> dict[str, int]:
        """Return what JSON can hold."""
        return asdict(self)


def find_worst_region(heat_hw: np.ndarray, threshold: float, height: int, width: int) -> Region:
    """Find the region around the hottest pixel.

    It is what is connected with that pixel and above the threshold.

    Args:
        heat_hw: A heat map that covers the whole picture.
        threshold: A heat above it is part of a region.
        height: Of the picture, pixels.
        width: Of the picture, pixels.

    Returns:
        Its box and area; no region where no heat is above the threshold.

    >>> find_worst_region(np.float32([[0, 3, 0, 1], [0, 3, 0, 0]]), 0.5, 20, 40)
    Region(x=10, y=0, width=10, height=20, area=200)
    """
    hottest = np.unravel_index(int(np.argmax(heat_hw)), heat_hw.shape)
    if not heat_hw[hottest] > threshold:
        return Region()
    label_hw, _ = ndimage.label(heat_hw > threshold, structure=TOUCHING)
    number = int(label_hw[hottest])
    rows, columns = ndimage.find_objects(label_hw, max_label=number)[number - 1]
    count = int(np.count_nonzero(label_hw[rows, columns] == number))
    (top, bottom), (left, right) = (
        _scale(rows, height, len(heat_hw)),
        _scale(columns, width, heat_hw.shape[1]),
    )
    area = max(1, round(count * (height / heat_hw.shape[0]) * (width / heat_hw.shape[1])))
    return Region(left, top, right - left, bottom - top, area)


def _scale(part: slice, length: int, num_cells: int) -> tuple[int, int]:
    """The pixels that some cells of a side touch: from, up to."""
    begin, end = part.start * length // num_cells, -(-part.stop * length // num_cells)
    return begin, max(begin + 1, end)
