"""Bursts: photographs of one moment, one right after another.

Shapes: N images, C neighbours of each, E pairs.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

MAX_GAP = 2.0  # seconds between two photographs of a burst; EXIF counts whole ones


def find_bursts(
    time_N: npt.ArrayLike,
    place_N: npt.ArrayLike,
    near_NC: npt.NDArray[np.integer],
    sharpness_N: npt.ArrayLike,
) -> list[list[int]]:
    """Find bursts, the sharpest photograph of each first.

    Two photographs belong together that one camera took within `MAX_GAP`, and one of which is among the nearest
    neighbours of the other: what looks like it, by the measure of this collection. So do those that are linked by
    others.

    Args:
        time_N: When each was taken, in seconds; NaN where that is not known, or it is no candidate.
        place_N: A number for each camera and folder.
        near_NC: The rows nearest to each, -1 for none.
        sharpness_N: How sharp each is; NaN where that is not known.

    Returns:
        Rows of two or more, in the order of their first rows.

    >>> near = np.array([[1], [0], [0]])
    >>> find_bursts([0.0, 1.0, 60.0], [0, 0, 0], near, [0.1, 0.3, 0.2])
    [[1, 0]]
    """
    time_N, place_N = np.asarray(time_N, np.float64), np.asarray(place_N)
    count = len(time_N)
    one_E, other_E = np.repeat(np.arange(count), near_NC.shape[1]), near_NC.ravel()
    one_E, other_E = one_E[other_E >= 0], other_E[other_E >= 0]
    gap_E = np.abs(time_N[one_E] - time_N[other_E])
    linked_E = (gap_E <= MAX_GAP) & (place_N[one_E] == place_N[other_E]) & (one_E != other_E)
    pairs = (np.ones(int(linked_E.sum()), np.int8), (one_E[linked_E], other_E[linked_E]))
    _, part_N = connected_components(coo_array(pairs, shape=(count, count)), directed=False)
    members: dict[int, list[int]] = {}
    for row in sorted({*one_E[linked_E].tolist(), *other_E[linked_E].tolist()}):
        members.setdefault(int(part_N[row]), []).append(row)
    return [_sharpest_first(rows, np.asarray(sharpness_N, np.float64)) for rows in members.values()]


def _sharpest_first(rows: Sequence[int], sharpness_N: npt.NDArray[np.float64]) -> list[int]:
    return sorted(rows, key=lambda row: (-np.nan_to_num(sharpness_N[row], nan=-1.0), row))
