"""One polygon for a region with holes.

Each hole is joined to what lies left of it by a cut of no width.

V vertices.
"""

from __future__ import annotations

import numpy as np

from unpool.images.annotations.regions import Region

CUT = 0.25  # pixels below the upper side of a row: away from the centres of pixels, which rasterisers count


def bridge_holes(region: Region) -> np.ndarray:
    """Join a region's holes to its outline.

    Args:
        region: With or without holes.

    Returns:
        (V, 2), x and y of the vertices of one polygon.
    """
    if not region.holes:
        return region.outline_V2
    loops = [region.outline_V2, *region.holes]
    first_L = np.cumsum([0, *map(len, loops)])
    vertices: list[tuple[float, float]] = [tuple(vertex) for vertex in np.concatenate(loops).tolist()]
    following = np.arange(1, len(vertices) + 1)
    following[first_L[1:] - 1] = first_L[:-1]
    links: list[int] = following.tolist()
    left_sides = _index_left_sides(vertices, links)
    cuts: dict[int, list[tuple[float, int]]] = {}
    for number in range(1, len(loops)):
        side = _find_leftmost_side(vertices, links, range(int(first_L[number]), int(first_L[number + 1])))
        row, column = round(min(vertices[side][1], vertices[links[side]][1])), round(vertices[side][0])
        run = int(np.flatnonzero((region.runs.row_R == row) & (region.runs.end_R == column))[0])
        facing = next(
            place for top, bottom, place in left_sides[int(region.runs.start_R[run])] if top <= row < bottom
        )
        cuts.setdefault(facing, []).append((row + CUT, side))
    for facing, holes in cuts.items():
        _splice(vertices, links, facing, holes)
    order = [0]
    while links[order[-1]] != 0:
        order.append(links[order[-1]])
    return np.array([vertices[place] for place in order])


def _index_left_sides(
    vertices: list[tuple[float, float]], links: list[int]
) -> dict[int, list[tuple[int, int, int]]]:
    """Where a region lies right of a side: by column the first and last row, and the first vertex.

    Outlines run upwards there.
    """
    index: dict[int, list[tuple[int, int, int]]] = {}
    for place, (x, y) in enumerate(vertices):
        next_x, next_y = vertices[links[place]]
        if x == next_x and next_y < y:
            index.setdefault(round(x), []).append((round(next_y), round(y), place))
    return index


def _find_leftmost_side(vertices: list[tuple[float, float]], links: list[int], loop: range) -> int:
    """The first vertex of the leftmost vertical side of a loop."""
    vertical = (place for place in loop if vertices[place][0] == vertices[links[place]][0])
    return min(vertical, key=lambda place: vertices[place][0])


def _splice(
    vertices: list[tuple[float, float]], links: list[int], facing: int, holes: list[tuple[float, int]]
) -> None:
    """Lead an outline from one of its sides to holes and back."""
    x, last = vertices[facing][0], links[facing]
    here = facing
    for line, side in sorted(holes, reverse=True):  # upwards, as the outline runs
        begin, hole_x = len(vertices), vertices[side][0]
        vertices += [(x, line), (hole_x, line), (hole_x, line), (x, line)]
        links += [begin + 1, links[side], begin + 3, last]
        links[here], links[side] = begin, begin + 2
        here = begin + 3
    links[here] = last
