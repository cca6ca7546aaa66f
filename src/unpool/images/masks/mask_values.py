"""Count the values that the masks of a folder hold.

N masks.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from unpool.errors import UnreadableImageError
from unpool.images.masks.known_palettes import has_voc_colours
from unpool.images.masks.mask_file import Mask
from unpool.images.masks.orientation import Orientations, compare_orientation
from unpool.images.masks.pairs import Pair
from unpool.images.masks.pixel_classes import GREY, unique_values
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.scan import Problem

MAX_VALUES = 4096  # of one mask; whoever has more has no classes
FULL = frozenset({255, 65535})  # what programs write for "yes", by the bits of the file


@dataclass(frozen=True)
class MaskFacts:
    """What one mask holds.

    Args:
        path: The mask's key.
        counts: Pixels of each number, palette index or colour.
        is_coloured: Whether they are colours.
        in_colours: Whether the file has colours, be they all grey.
        palette: The colour of each index that occurs; None without a palette.
        is_lossy: Whether the format does not keep values exactly.
        num_clear: Transparent pixels, which are not counted.
        num_void: Pixels that are NaN, which are not counted.
        orientations: How image and mask are turned, where that differs.
        image: The image's key; several may share a mask, each turned its own way.
        num_twice: Pixels that areas of two classes cover.
    """

    path: str
    counts: dict[int, int]
    is_coloured: bool = False
    in_colours: bool = False
    palette: dict[int, int] | None = None
    is_lossy: bool = False
    num_clear: int = 0
    num_void: int = 0
    orientations: Orientations | None = None
    image: str = ""
    num_twice: int = 0

    def counts_as(self, by_colour: bool) -> dict[int, int]:
        """Count the pixels of each colour, or each number."""
        if by_colour:
            return self.colours
        return {} if self.is_coloured else self.counts

    @property
    def values(self) -> set[int]:
        """The numbers or colours, that of transparent pixels included."""
        return set(self.counts) | ({0} if self.num_clear else set())

    @property
    def colours(self) -> dict[int, int]:
        """Pixels of each colour; a number's is its grey."""
        if self.is_coloured:
            return self.counts
        if self.palette is None:
            return {value * GREY: count for value, count in self.counts.items() if 0 <= value <= 255}
        found: Counter[int] = Counter()
        for index, count in self.counts.items():
            found[self.palette[index]] += count
        return dict(found)


@dataclass
class Values:
    """What the masks of a folder hold."""

    masks: list[MaskFacts] = field(default_factory=list)

    def __add__(self, other: Values) -> Values:
        return Values([*self.masks, *other.masks])

    @property
    def num_masks(self) -> int:
        """Number of masks that could be read."""
        return len(self.masks)

    @cached_property
    def numbers(self) -> Counter[int]:
        """Pixels of each number and palette index."""
        return _sum((mask.counts for mask in self.masks if not mask.is_coloured), self.num_clear)

    @cached_property
    def colours(self) -> Counter[int]:
        """Pixels of each colour in masks of colours."""
        return _sum(mask.counts for mask in self.masks if mask.is_coloured)

    @cached_property
    def num_clear(self) -> int:
        """Transparent pixels of masks that hold numbers."""
        return sum(mask.num_clear for mask in self.masks if not mask.is_coloured)

    @property
    def num_voc_palettes(self) -> int:
        """Number of masks that are painted as Pascal VOC's."""
        return sum(
            has_voc_colours(mask.palette.keys(), mask.palette.values())
            for mask in self.masks
            if mask.palette is not None
        )

    @property
    def lossy(self) -> str | None:
        """A mask whose format changes values; None without one."""
        return next((mask.path for mask in self.masks if mask.is_lossy), None)

    @property
    def is_binary(self) -> bool:
        """Whether the masks hold 0 and 255 alone.

        Or each holds either 0 and 1, or 0 and 255.
        """
        found = set(self.numbers)
        full = found & FULL
        if self.colours or len(full) != 1 or 0 not in found or not found <= {0, 1} | full:
            return False
        return not any({1} | full <= mask.values for mask in self.masks)

    @property
    def is_mixed(self) -> bool:
        """Whether some binary masks hold 1, and others 255."""
        return self.is_binary and 1 in self.numbers

    @property
    def full(self) -> int:
        """What stands for "yes" beside 0.

        It is 255, or 65535 in files of 16 bits.
        """
        return next(iter(set(self.numbers) & FULL), 255)

    @cached_property
    def palette_conflict(self) -> str | None:
        """Two masks whose palettes differ; None where none do.

        They give one number two colours.
        """
        seen: dict[int, tuple[int, str]] = {}
        for mask in self.masks:
            for index, colour in (mask.palette or {}).items():
                other, path = seen.setdefault(index, (colour, mask.path))
                if other != colour:
                    return f"{path} paints {index} in #{other:06x}, {mask.path} in #{colour:06x}"
        return None

    def palette_colours(self) -> dict[int, int]:
        """The colour of each index, where all masks have palettes."""
        palettes = [mask.palette for mask in self.masks]
        if self.palette_conflict is not None or any(palette is None for palette in palettes):
            return {}
        return {index: colour for palette in palettes for index, colour in (palette or {}).items()}

    def holder(self, value: int, by_colour: bool = False) -> tuple[str, int]:
        """Return a mask that holds a value, and its pixels."""
        for mask in self.masks:
            counts = mask.counts_as(by_colour)
            if value in counts:
                return mask.path, counts[value]
        raise KeyError(value)


def _sum(counts: Iterable[dict[int, int]], num_clear: int = 0) -> Counter[int]:
    total: Counter[int] = Counter()
    for each in counts:
        total.update(each)
    if num_clear:
        total[0] += num_clear
    return total


def count_values(
    pairs: Sequence[Pair], workers: int, progress: Callable[[], None] | None = None
) -> tuple[Values, list[Problem]]:
    """Count the numbers and colours in masks.

    Args:
        pairs: Images with their masks.
        workers: Number of threads.
        progress: Called after each mask.

    Returns:
        The values, and the masks that cannot be read.
    """
    values, problems = Values(), []
    for found in map_ordered(_count_mask, pairs, workers):
        if progress is not None:
            progress()
        if isinstance(found, Problem):
            problems.append(found)
        else:
            values.masks.append(found)
    return values, problems


def _count_mask(pair: Pair) -> Problem | MaskFacts:
    try:
        mask = pair.read_mask()
    except UnreadableImageError as error:
        return Problem(pair.path, error.problem, f"its mask {pair.mask.path}: {error.detail}")
    height, width = mask.value_HW.shape
    counts = _count(mask)
    palette = None if mask.palette_P is None else {index: int(mask.palette_P[index]) for index in counts}
    return MaskFacts(
        pair.mask.path, counts, mask.is_coloured, mask.in_colours, palette, mask.is_lossy,
        0 if mask.clear_HW is None else int(mask.clear_HW.sum()),
        0 if mask.void_HW is None else int(mask.void_HW.sum()),
        compare_orientation(pair.image.file, (height, width), mask.orientation),
        pair.path, mask.num_twice,
    )  # fmt: skip


def _count(mask: Mask) -> dict[int, int]:
    empty_HW = mask.empty_HW
    found, _, counts = unique_values(mask.value_HW if empty_HW is None else mask.value_HW[~empty_HW])
    return dict(zip(found[:MAX_VALUES].tolist(), counts[:MAX_VALUES].tolist(), strict=True))
