"""What annotations draw on each image.

H, W height and width.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.annotations.areas import Area, Cover
from unpool.images.reading.opening import MAX_PIXELS, check_size

NUMBER_GROUND = 0  # what no area covers
NAMES_GROUND = frozenset({"background", "_background_", "__background__", "bg"})


@dataclass(frozen=True)
class Drawing:
    """The areas of one image.

    Args:
        names: What the file calls the image; the first that fits an image counts.
        areas: Numbers of classes and areas, in the order in which they are painted.
        size: Height and width as the file says them; None: as the image's.
        smallest_last: Paint large areas first, where the order means nothing.
    """

    names: tuple[str, ...]
    areas: tuple[tuple[int, Area], ...]
    size: tuple[int, int] | None = None
    smallest_last: bool = False

    def paint(self, height: int, width: int) -> tuple[np.ndarray, int]:
        """Paint the areas, later ones over earlier ones.

        Args:
            height, width: Of the image.

        Returns:
            The numbers of classes, (H, W) of whole numbers, and how many pixels lie in areas of two classes.

        Raises:
            UnreadableImageError: An area is damaged or does not fit.
        """
        if height < 1 or width < 1:
            raise UnreadableImageError("damaged", f"the annotations say that it has {width}×{height} pixels")
        check_size(width, height, MAX_PIXELS)
        highest = max((number for number, _ in self.areas), default=NUMBER_GROUND)
        number_HW = np.zeros((height, width), np.min_scalar_type(highest))
        num_twice = 0
        for number, area in self._ordered(height, width):
            window_HW, covered_HW = _clip(number_HW, area.cover(height, width))
            before = window_HW[covered_HW]
            num_twice += int(((before != NUMBER_GROUND) & (before != number)).sum())
            window_HW[covered_HW] = number
        return number_HW, num_twice

    def _ordered(self, height: int, width: int) -> list[tuple[int, Area]]:
        if not self.smallest_last or len({number for number, _ in self.areas}) < 2:
            return list(self.areas)
        return sorted(self.areas, key=lambda pair: -pair[1].measure(height, width))


def _clip(number_HW: np.ndarray, cover: Cover) -> tuple[np.ndarray, np.ndarray]:
    """The window of a map that an area covers, and the part of the area that lies in it."""
    high, wide = cover.is_covered_HW.shape
    bottom, right = min(cover.top + high, number_HW.shape[0]), min(cover.left + wide, number_HW.shape[1])
    top, left = max(cover.top, 0), max(cover.left, 0)
    if bottom <= top or right <= left:
        return number_HW[:0, :0], cover.is_covered_HW[:0, :0]
    inside = (slice(top - cover.top, bottom - cover.top), slice(left - cover.left, right - cover.left))
    return number_HW[top:bottom, left:right], cover.is_covered_HW[inside]


@dataclass(frozen=True)
class Annotations:
    """What a file or a folder draws.

    Args:
        path: The file or folder.
        title: The format, such as "COCO".
        names: The class of each number.
        drawings: One for each image.
        passed_over: What bounds no area, such as points and boxes, by kind.
        remarks: Sentences on what was assumed.
    """

    path: Path
    title: str
    names: dict[int, str]
    drawings: list[Drawing]
    passed_over: Counter[str] = field(default_factory=Counter)
    remarks: list[str] = field(default_factory=list)


class NumberedNames:
    """Numbers names of classes as they come, from 1.

    The ground has the number 0.

    Args:
        names: Known beforehand, in this order.
    """

    def __init__(self, names: list[str] | None = None) -> None:
        self.names: dict[int, str] = {}
        self._number_of: dict[str, int] = {}
        for name in names or []:
            self.number(name)

    def number(self, name: str) -> int:
        """Return the number of a name."""
        if name.lower() in NAMES_GROUND:
            return NUMBER_GROUND
        if name not in self._number_of:
            self._number_of[name] = len(self._number_of) + 1
            self.names[self._number_of[name]] = name
        return self._number_of[name]


@contextlib.contextmanager
def name_damage(where: str, title: str) -> Iterator[None]:
    """Raise `UnpoolError` where a value is none of a format's.

    Args:
        where: The file and place.
        title: The format.
    """
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise UnpoolError(f"{where}: not as {title} writes it ({error!r}); export it again") from None
