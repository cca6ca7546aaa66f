"""Find numbers of objects, and shades along edges.

Both are no classes, though they can be read as such.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from unpool.errors import UnreadableImageError
from unpool.images.masks.mask_file import Mask, read_mask
from unpool.images.masks.mask_values import FULL, MaskFacts, Values
from unpool.images.masks.pairs import Pair
from unpool.images.masks.pixel_classes import GREY, unpack

MAX_MASKS = 24  # looked at for their shapes
MAX_OBJECTS = 40  # of one mask, looked at
MIN_OBJECTS = 4  # in the fullest mask: two or three are classes as well
MIN_MASKS = 3
MIN_SHARE = 0.9  # of numbers that are one piece, or masks that are numbered without a gap
MANY = 20  # so many classes that are each in one piece are objects
MIN_SHADES = 2
MAX_RARE_SHARE = 0.05  # of all pixels: a shade has fewer
TOLERANCE = 3  # levels that a shade may be off the line between two colours


@dataclass(frozen=True)
class Numbering:
    """Numbers or colours that count objects.

    Args:
        text: What was seen, a sentence without a full stop.
        is_certain: Whether to ask, rather than to remark.
    """

    text: str
    is_certain: bool


def find_objects(pairs: Sequence[Pair], values: Values) -> Numbering | None:
    """Find out whether values count the objects of each mask.

    Numbers then go from 1 without a gap up to another maximum in each mask, or each number or colour stands in one
    mask alone; and each is one connected piece.

    Args:
        pairs: The images with their masks.
        values: What the masks hold.

    Returns:
        What was seen; None where the values can be classes.
    """
    by_colour = bool(values.colours)
    objects = {mask.path: _objects(mask, by_colour) for mask in values.masks}
    objects = {path: found for path, found in objects.items() if found}
    if not objects or max(map(len, objects.values())) < MIN_OBJECTS:
        return None
    reason = _counted_up(objects, by_colour) or _each_in_one_mask(objects, by_colour)
    if reason is None or _share_in_one_piece(pairs, objects, by_colour) < MIN_SHARE:
        return None
    return Numbering(f"{reason}, each in one piece", len(objects) >= MIN_MASKS)


def _objects(mask: MaskFacts, by_colour: bool) -> set[int]:
    return {value for value in mask.counts_as(by_colour) if value > 0} - ({255 * GREY} if by_colour else FULL)


def _counted_up(objects: dict[str, set[int]], by_colour: bool) -> str | None:
    if by_colour:
        return None
    gapless = [path for path, found in objects.items() if max(found) == len(found)]
    maxima = {max(found) for found in objects.values()}
    is_counting = len(gapless) >= MIN_SHARE * len(objects) and len(maxima) > min(2, len(objects) - 1)
    mean = sum(map(len, objects.values())) / len(objects)
    if not is_counting and not (max(maxima) >= MANY and mean >= MIN_OBJECTS and len(maxima) > 1):
        return None
    first = next(iter(objects))
    return (
        f"the numbers go up to another maximum in each mask, from {min(maxima)} to {max(maxima)} "
        f"({first} holds {len(objects[first])} of them)"
    )


def _each_in_one_mask(objects: dict[str, set[int]], by_colour: bool) -> str | None:
    holders = Counter(value for found in objects.values() for value in found)
    ground = (
        {value for value, count in holders.items() if count > max(1, len(objects) / 2)}
        if by_colour
        else set()
    )
    counts = [count for value, count in holders.items() if value not in ground]
    if len(objects) < MIN_MASKS or len(counts) < 2 * MIN_OBJECTS:
        return None
    if sum(count == 1 for count in counts) < MIN_SHARE * len(counts):
        return None
    what = "colours" if by_colour else "numbers"
    return f"nearly all of {len(counts)} {what} stand in one mask alone"


def _share_in_one_piece(pairs: Sequence[Pair], objects: dict[str, set[int]], by_colour: bool) -> float:
    """The share of numbers that are one connected piece, in some of the masks."""
    single, total = 0, 0
    for path, value_HW in _read_some(pairs, by_colour, objects.__contains__):
        for value in sorted(objects[path])[:MAX_OBJECTS]:
            total += 1
            single += _is_one_piece(value_HW == value)
    return single / total if total else 0.0


def _read_some(
    pairs: Sequence[Pair], by_colour: bool, is_holder: Callable[[str], bool]
) -> Iterator[tuple[str, np.ndarray]]:
    """Path and painted values of some masks, spread over those that hold what is looked for."""
    chosen = [pair for pair in pairs if is_holder(pair.mask.path)]
    for pair in chosen[:: max(1, -(-len(chosen) // MAX_MASKS))]:
        try:
            yield pair.mask.path, _painted(read_mask(pair.mask.file), by_colour)
        except UnreadableImageError:
            continue


def _is_one_piece(is_there_HW: np.ndarray) -> bool:
    from scipy import ndimage

    rows, columns = np.flatnonzero(is_there_HW.any(axis=1)), np.flatnonzero(is_there_HW.any(axis=0))
    if not rows.size:
        return False
    part = is_there_HW[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    _, count = ndimage.label(part, structure=np.ones((3, 3)))
    return bool(count == 1)


def _painted(mask: Mask, by_colour: bool) -> np.ndarray:
    if not by_colour or mask.is_coloured:
        return mask.value_HW
    return mask.palette_HW if mask.palette_HW is not None else mask.value_HW.astype(np.int64) * GREY


@dataclass(frozen=True)
class Shades:
    """Values along soft edges, and what was seen.

    `text` is a sentence without a full stop.
    """

    values: frozenset[int]
    text: str


def find_shades(pairs: Sequence[Pair], values: Values) -> Shades | None:
    """Find out whether values are shades along soft edges.

    They are rare, lie between two common ones, and never fill a square of 3 × 3 pixels.

    Args:
        pairs: The images with their masks.
        values: What the masks hold.

    Returns:
        The shades; None where the values can be classes.
    """
    by_colour = bool(values.colours)
    counts: Counter[int] = Counter()
    for mask in values.masks:
        counts.update(mask.counts_as(by_colour))
    between = _between(counts, by_colour)
    if len(between) < MIN_SHADES if by_colour else not between:
        return None
    shades = between - _solid(pairs, by_colour, _holders(values, between, by_colour))
    if len(shades) < (MIN_SHADES if by_colour else 1) or 2 * len(shades) < len(between):
        return None
    shade = max(sorted(shades), key=counts.__getitem__)
    path, count = values.holder(shade, by_colour)
    name = f"the colour #{shade:06x}" if by_colour else f"the value {shade}"
    text = (
        f"{len(shades)} values of the masks stand along edges alone, between others, such as {name} ({count:,} pixels "
        f"in {path})"
    )
    return Shades(frozenset(shades), text)


def _between(counts: Counter[int], by_colour: bool) -> set[int]:
    """Rare values on the line between two common ones; of numbers, between 0 and 255 where those are common."""
    total = sum(counts.values())
    common = [value for value, count in counts.items() if count > MAX_RARE_SHARE * total]
    rare = [value for value in counts if value not in common]
    if not by_colour:
        ends = FULL & set(common)
        if 0 not in common or not ends or len(common) > 2:
            return set()
        full = max(ends)
        found = {value for value in rare if 0 < value < full}
        return found if any(full // 4 <= value <= 3 * full // 4 for value in found) else set()
    points = np.array([unpack(value) for value in common], np.float64).reshape(-1, 3)
    return {value for value in rare if _is_blend(np.array(unpack(value), np.float64), points)}


def _is_blend(colour: np.ndarray, points: np.ndarray) -> bool:
    for place, start in enumerate(points):
        for end in points[place + 1 :]:
            along = end - start
            share = float((colour - start) @ along / max(float(along @ along), 1e-9))
            if 0 < share < 1 and np.abs(start + share * along - colour).max() <= TOLERANCE:
                return True
    return False


def _holders(values: Values, searched: set[int], by_colour: bool) -> Callable[[str], bool]:
    paths = {mask.path for mask in values.masks if searched & mask.counts_as(by_colour).keys()}
    return paths.__contains__


def _solid(pairs: Sequence[Pair], by_colour: bool, is_holder: Callable[[str], bool]) -> set[int]:
    """The values that fill a square of 3 × 3 pixels somewhere."""
    found: set[int] = set()
    for _, value_HW in _read_some(pairs, by_colour, is_holder):
        height, width = value_HW.shape
        if height < 3 or width < 3:
            continue
        centre = value_HW[1:-1, 1:-1]
        is_solid = np.ones(centre.shape, bool)
        for down in range(3):
            for right in range(3):
                is_solid &= value_HW[down : height - 2 + down, right : width - 2 + right] == centre
        found.update(np.unique(centre[is_solid]).tolist())
    return found
