"""The regions of a label map, with their outlines.

A region is the pixels of one class that are joined by their sides. Outlines follow the sides of pixels.

H, W height and width, R runs, E horizontal sides of regions, V vertices.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

# Pixels by which outlines lie inside their regions. Rasterisers disagree on the pixels that a side passes: those that
# count centres, and those that cut coordinates off and fill the border too, then find the same (decision 30).
INSET = 0.01


class Runs(NamedTuple):
    """Runs of equal values along the rows.

    They are ordered by row and column. `row_R`, `start_R` and `end_R` (exclusive) are pixels, `value_R` the class of
    each.
    """

    row_R: np.ndarray
    start_R: np.ndarray
    end_R: np.ndarray
    value_R: np.ndarray

    def select(self, chosen: np.ndarray) -> Runs:
        """Return some of the runs."""
        return Runs(*(each[chosen] for each in self))


@dataclass(frozen=True)
class Region:
    """Pixels of one class that are joined by their sides.

    Args:
        value: The class.
        runs: Its pixels.
        outline_V2: x and y of the vertices, clockwise as the image is seen.
        holes: The outlines of what is not part of it, counter-clockwise.
    """

    value: int
    runs: Runs
    outline_V2: np.ndarray
    holes: tuple[np.ndarray, ...] = ()

    @property
    def area(self) -> int:
        """Number of pixels."""
        return int((self.runs.end_R - self.runs.start_R).sum())

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, width and height."""
        left, top = int(self.runs.start_R.min()), int(self.runs.row_R[0])
        return left, top, int(self.runs.end_R.max()) - left, int(self.runs.row_R[-1]) + 1 - top

    def fill_box(self) -> np.ndarray:
        """Draw the region into its box.

        Returns:
            (height, width) uint8 of 0 and 1.
        """
        left, top, width, height = self.box
        change_HW = np.zeros((height, width + 1), np.int8)
        row_R = self.runs.row_R - top
        change_HW[row_R, self.runs.start_R - left] += 1
        change_HW[row_R, self.runs.end_R - left] -= 1
        return np.cumsum(change_HW[:, :-1], axis=1, dtype=np.int8).view(np.uint8)


def find_runs(strips: Iterable[np.ndarray], skip: Sequence[int] = ()) -> Runs:
    """Find the runs of equal values in a label map.

    Args:
        strips: Its rows from the top, some at a time, (H, W) uint8 each.
        skip: Values whose runs are left out.

    Returns:
        The runs.

    >>> [each.tolist() for each in find_runs([np.array([[5, 5, 7]], np.uint8)])]
    [[0, 0], [0, 2], [2, 3], [5, 7]]
    """
    parts, top = [], 0
    for label_HW in strips:
        height, width = label_HW.shape
        is_first_HW = np.ones((height, width), bool)
        np.not_equal(label_HW[:, 1:], label_HW[:, :-1], out=is_first_HW[:, 1:])
        start_R = np.flatnonzero(is_first_HW)
        end_R = np.append(start_R[1:], label_HW.size)
        value_R = label_HW.reshape(-1)[start_R]
        kept = ~np.isin(value_R, list(skip))
        start_R, end_R = start_R[kept], end_R[kept]
        row_R = start_R // width
        parts.append(Runs(row_R + top, start_R - row_R * width, end_R - row_R * width, value_R[kept]))
        top += height
    return Runs(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def find_regions(runs: Runs) -> Iterator[Region]:
    """Find the regions of a label map with their outlines.

    What is kept grows with the length of the outlines, not with the number of pixels.

    Args:
        runs: Of the classes whose regions are wanted.

    Yields:
        The regions, one at least for each class.

    >>> [region.outline_V2.round().tolist() for region in find_regions(find_runs([np.ones((1, 2), np.uint8)]))]
    [[[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]]]
    """
    for value in np.unique(runs.value_R).tolist():
        yield from _find_regions_of(runs.select(runs.value_R == value), value)


def _find_regions_of(runs: Runs, value: int) -> Iterator[Region]:
    """The regions of one class."""
    region_R = _join_runs(runs)
    sides = _find_sides(runs, region_R)
    order_E, first_C = _follow_sides(sides)
    sides = sides.select(order_E)
    outlines = _place_vertices(sides, first_C)
    length_E = (sides.right_E - sides.left_E) * np.where(sides.is_top_E, -sides.line_E, sides.line_E)
    is_outer_C = np.add.reduceat(length_E, first_C) > 0
    holes: dict[int, list[np.ndarray]] = {}
    outers: dict[int, np.ndarray] = {}
    for region, is_outer, outline_V2 in zip(
        sides.region_E[first_C].tolist(), is_outer_C.tolist(), outlines, strict=True
    ):
        if is_outer:
            outers[region] = outline_V2
        else:
            holes.setdefault(region, []).append(outline_V2)
    order_R = np.argsort(region_R, kind="stable")
    bounds = np.searchsorted(region_R[order_R], np.arange(int(region_R.max()) + 2))
    for region in range(len(bounds) - 1):
        own = runs.select(order_R[bounds[region] : bounds[region + 1]])
        yield Region(value, own, outers[region], tuple(holes.get(region, ())))


def _join_runs(runs: Runs) -> np.ndarray:
    """The region of each run of one class: runs that touch in neighbouring rows belong together."""
    row_R, start_R, end_R = (each.astype(np.int64) for each in runs[:3])
    stride = int(end_R.max()) + 1
    below_R = (row_R + 1) * stride
    first_R = np.searchsorted(row_R * stride + end_R, below_R + start_R, side="right")
    last_R = np.searchsorted(row_R * stride + start_R, below_R + end_R, side="left")
    num_R = np.maximum(last_R - first_R, 0)
    upper = np.repeat(np.arange(len(row_R)), num_R)
    lower = np.arange(len(upper)) - np.repeat(np.cumsum(num_R) - num_R - first_R, num_R)
    pairs = (np.ones(len(upper), np.int8), (upper, lower))
    _, region_R = connected_components(coo_matrix(pairs, shape=(len(row_R),) * 2), directed=False)
    return np.asarray(region_R, np.int64)


class _Sides(NamedTuple):
    """Horizontal sides of regions: on which line, from where to where, and whether the region lies below."""

    region_E: np.ndarray
    line_E: np.ndarray
    left_E: np.ndarray
    right_E: np.ndarray
    is_top_E: np.ndarray

    def select(self, chosen: np.ndarray) -> _Sides:
        return _Sides(*(each[chosen] for each in self))


def _find_sides(runs: Runs, region_R: np.ndarray) -> _Sides:
    """Where a region lies on one side of a line between two rows and not on the other."""
    line = np.concatenate([runs.row_R + 1, runs.row_R + 1, runs.row_R, runs.row_R])
    place = np.concatenate([runs.start_R, runs.end_R, runs.start_R, runs.end_R])
    region = np.tile(region_R, 4)
    ones, none = np.ones(len(region_R), np.int8), np.zeros(len(region_R), np.int8)
    above = np.concatenate([ones, -ones, none, none])  # a run above the line begins or ends
    below = np.concatenate([none, none, ones, -ones])
    order = np.lexsort((place, line, region))
    region, line, place = region[order], line[order], place[order]
    is_above, is_below = (np.cumsum(each[order], dtype=np.int8) for each in (above, below))
    ends = np.append((np.diff(place) != 0) | (np.diff(line) != 0) | (np.diff(region) != 0), True)
    last = np.flatnonzero(ends)  # of what happens at one place
    sided = np.flatnonzero(is_above[last] != is_below[last])
    here, there = last[sided], last[sided + 1]
    return _Sides(region[here], line[here], place[here], place[there], is_below[here] == 1)


def _follow_sides(sides: _Sides) -> tuple[np.ndarray, np.ndarray]:
    """The sides in the order of outlines, and the first of each outline.

    Every vertex has one horizontal and one vertical side. On a column the vertices of a region are joined two by two,
    from the top. Where two pixels of a region meet at a corner, the lower side of the upper one is joined upwards.
    """
    num_sides = len(sides.line_E)
    region_V, line_V = np.repeat(sides.region_E, 2), np.repeat(sides.line_E, 2)
    place_V = np.stack([sides.left_E, sides.right_E], axis=1).reshape(-1)
    order_V = np.lexsort((np.repeat(sides.is_top_E, 2), line_V, place_V, region_V))
    partner_V = np.empty(2 * num_sides, np.int64)
    partner_V[order_V[0::2]], partner_V[order_V[1::2]] = order_V[1::2], order_V[0::2]
    end_E = 2 * np.arange(num_sides) + sides.is_top_E  # top sides run to the right, the others to the left
    following = (partner_V[end_E] // 2).tolist()
    order: list[int] = []
    firsts: list[int] = []
    is_done = bytearray(num_sides)
    for side in range(num_sides):
        if is_done[side]:
            continue
        firsts.append(len(order))
        while not is_done[side]:
            is_done[side] = 1
            order.append(side)
            side = following[side]
    return np.array(order, np.int64), np.array(firsts, np.int64)


def _place_vertices(sides: _Sides, first_C: np.ndarray) -> list[np.ndarray]:
    """The vertices of each outline, (V, 2) each, a little inside the region."""
    last_C = np.append(first_C[1:], len(sides.line_E)) - 1
    next_E = np.arange(1, len(sides.line_E) + 1)
    next_E[last_C] = first_C
    goes_down_E = sides.line_E[next_E] > sides.line_E  # with the region on its left
    end_E = np.where(sides.is_top_E, sides.right_E, sides.left_E) + np.where(goes_down_E, -INSET, INSET)
    line_E = sides.line_E + np.where(sides.is_top_E, INSET, -INSET)
    start_E = np.empty_like(end_E)
    start_E[next_E] = end_E
    vertex_E22 = np.stack([np.stack([start_E, line_E], axis=1), np.stack([end_E, line_E], axis=1)], axis=1)
    return np.split(vertex_E22.round(2).reshape(-1, 2), 2 * first_C[1:])
