"""Which images are pictures where there is room for few.

The typical ones come first, evenly over the map.

Shapes: N images; 2 is x and y.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

NUM_LEVELS = 66
COARSEST = 0.5  # the separation at level 0, as a share of the map's longer side
STEPS_PER_HALVING = 6


def separation(level: float) -> float:
    """The smallest distance of images up to this level.

    The longer of dx and dy, as a share of the map's longer side.

    >>> separation(0), separation(6)
    (0.5, 0.25)
    """
    return float(COARSEST * 2 ** (-level / STEPS_PER_HALVING))


def level_for(size: float) -> int:
    """The finest level at which pictures do not overlap.

    `size` is a share of the map's longer side; a level below 0 shows none.

    >>> level_for(0.25)
    6
    """
    return int(np.floor(STEPS_PER_HALVING * np.log2(COARSEST / size) + 1e-9))


def assign_levels(
    place_N2: NDArray[np.float64],
    priority_N: NDArray[np.int64],
    *,
    finest: int = NUM_LEVELS - 1,
    enough: int = 20_000,
) -> NDArray[np.int64]:
    """Find the level at which each image first shows.

    Images of a level and of all before it keep the level's distance (`separation`).

    Args:
        place_N2: x and y of each image, in shares of the map; NaN where it is not on the map.
        priority_N: lower goes first, and room is held free for those below 0.
        finest: the last level that matters; images of finer ones get NUM_LEVELS.
        enough: once so many images have their level, the others get NUM_LEVELS.

    Returns:
        (N,) levels; NUM_LEVELS also for images on top of others or not on the map.
    """
    level_N = np.full(len(place_N2), NUM_LEVELS, dtype=np.int64)
    order = np.argsort(priority_N, kind="stable")
    order = order[np.isfinite(place_N2[order, 0])]
    privileged = priority_N[order] < 0
    _descend(place_N2, order[privileged], [], level_N, finest, enough)
    _descend(place_N2, order[~privileged], order[privileged].tolist(), level_N, finest, enough)
    return level_N


def _descend(
    place_N2: NDArray[np.float64],
    waiting: NDArray[np.int64],
    chosen: list[int],
    level_N: NDArray[np.int64],
    finest: int,
    enough: int,
) -> None:
    """Level by level, lets in those of `waiting` that keep their distance to `chosen` and to each other."""
    for level in range(finest + 1):
        if not len(waiting) or len(chosen) >= enough:
            break
        new = _keep_apart(place_N2, waiting, chosen, separation(level))
        level_N[new] = level
        chosen += new
        waiting = waiting[level_N[waiting] == NUM_LEVELS]


def _keep_apart(
    place_N2: NDArray[np.float64], waiting: NDArray[np.int64], chosen: list[int], distance: float
) -> list[int]:
    """Those of `waiting` that can join `chosen`, first come first served, none nearer than `distance`."""
    cell_N2 = np.floor(place_N2[waiting] / distance).astype(np.int64)
    # Only one image fits into a cell, so the first of each is tried and the rest wait for a finer level.
    first = np.sort(np.unique(cell_N2[:, 0] * (1 << 32) + cell_N2[:, 1], return_index=True)[1])
    taken: dict[tuple[int, int], list[tuple[float, float]]] = {}
    for x, y in place_N2[chosen].tolist():
        taken.setdefault((int(x // distance), int(y // distance)), []).append((x, y))
    new: list[int] = []
    for index, (x, y) in zip(waiting[first].tolist(), place_N2[waiting[first]].tolist(), strict=True):
        column, row = int(x // distance), int(y // distance)
        if not _is_too_near(taken, column, row, x, y, distance):
            taken.setdefault((column, row), []).append((x, y))
            new.append(index)
    return new


def _is_too_near(
    taken: dict[tuple[int, int], list[tuple[float, float]]],
    column: int,
    row: int,
    x: float,
    y: float,
    distance: float,
) -> bool:
    return any(
        max(abs(x - other_x), abs(y - other_y)) < distance
        for near_column in (column - 1, column, column + 1)
        for near_row in (row - 1, row, row + 1)
        for other_x, other_y in taken.get((near_column, near_row), ())
    )
