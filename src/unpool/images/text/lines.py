"""Found pieces of text in the order of reading."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

SAME_LINE = 0.5  # of the height of a piece: how far the centres of two on a line may be apart


class Found(NamedTuple):
    """A piece of text and where it is, in pixels."""

    text: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def middle(self) -> float:
        """Halfway between top and bottom."""
        return (self.top + self.bottom) / 2


def join_lines(found: Iterable[Found]) -> str:
    """Join pieces of text.

    Each line of the picture gives a line.

    >>> join_lines([Found("Parking", 90, 11, 160, 31), Found("No", 50, 10, 80, 30), Found("Exit", 9, 50, 40, 70)])
    'No Parking\\nExit'
    """
    lines: list[list[Found]] = []
    for piece in sorted(found, key=lambda each: each.middle):
        if lines and _is_beside(lines[-1], piece):
            lines[-1].append(piece)
        else:
            lines.append([piece])
    return "\n".join(
        " ".join(each.text for each in sorted(line, key=lambda each: each.left)) for line in lines
    )


def _is_beside(line: Sequence[Found], piece: Found) -> bool:
    heights = [each.bottom - each.top for each in (*line, piece)]
    return piece.middle - line[0].middle <= SAME_LINE * min(heights)
