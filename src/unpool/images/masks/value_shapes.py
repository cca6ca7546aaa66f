"""Find numbers of objects, and shades along edges.

Both are no classes, though they can be read as such.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from unpool.errors import UnreadableImageError
from unpool.images.masks.mask_file import Mask
from unpool.images.masks.mask_values import FULL, MaskFacts, Values
from unpool.images.masks.pairs import Pair
from unpool.images.masks.pixel_classes import GREY, unpack
from unpool.images.reading.decode import read_picture

MAX_MASKS = 24  # looked at for their shapes
MAX_OBJECTS = 40  # of one mask, looked at
MIN_OBJECTS = 4  # in the fullest mask: two or three are classes as well
MIN_MASKS = 3
MIN_SHARE = 0.9  # of numbers that are one piece, or masks that are numbered without a gap
MAX_EXPLAINED = 0.2  # of a trait's variance by the value, beyond chance, where values mean nothing
MIN_COLOUR_SHARE = 0.5  # of the variance of colours: numbers of things that look unlike may be classes
MIN_FREE = 5  # pieces beyond the means of masks and values
AREA, NUM_SORTABLE, FILL = 0, 3, 3  # traits: size, topmost row and leftmost column, share of the box
MANY = 20  # so many classes that are each in one piece are objects
MIN_SHADES = 2
MIN_BLENDS = 8  # colours, where no two that they lie between are common
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

    Each is one connected piece then. It is certain where numbers go from 1 without a gap up to another maximum in each
    mask, or each number or colour stands in one mask alone, unless things of different numbers look unlike. It is a
    question where the same numbers or colours come in all masks, as classes do, but mean nothing: neither place nor
    size nor looks go with them.

    Args:
        pairs: The images with their masks.
        values: What the masks hold.

    Returns:
        What was seen; None where the values can be classes.
    """
    by_colour = bool(values.colours)
    objects = {mask.path: _objects(mask, by_colour) for mask in values.masks}
    objects = {path: found for path, found in objects.items() if found}
    if not objects:
        return None
    plain = None
    if max(map(len, objects.values())) >= MIN_OBJECTS:
        plain = _counted_up(objects, by_colour) or _each_in_one_mask(objects, by_colour)
    reason = plain or _one_after_the_other(objects, by_colour)
    if reason is None:
        return None
    pieces = list(_measure_pieces(pairs, objects, by_colour))
    if sum(piece.is_one for piece in pieces) < MIN_SHARE * max(1, len(pieces)):
        return None
    if plain is None and not are_exchangeable(pieces):
        return None
    colour_shares = [share for place, share in explain_traits(pieces).items() if place > FILL]
    is_certain = (
        plain is not None and len(objects) >= MIN_MASKS and max(colour_shares, default=0) < MIN_COLOUR_SHARE
    )
    return Numbering(f"{reason}, each in one piece", is_certain)


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


def _one_after_the_other(objects: dict[str, set[int]], by_colour: bool) -> str | None:
    """Where a mask with n objects has the first n values, whatever n is."""
    holders = Counter(value for found in objects.values() for value in found)
    order = [value for value, _ in sorted(holders.items(), key=lambda pair: (-pair[1], pair[0]))]
    if len(objects) < MIN_MASKS or len(order) < 2 or (not by_colour and order[0] != 1):
        return None
    in_order = sum(found == set(order[: len(found)]) for found in objects.values())
    if in_order < MIN_SHARE * len(objects):
        return None
    what = "colours" if by_colour else "numbers"
    return f"each mask takes the same {what} one after the other, and nothing in the images goes with them"


@dataclass(frozen=True)
class Piece:
    """What has one value in one mask.

    Args:
        mask: Its key.
        value: The number or colour.
        is_one: Whether it is connected.
        traits: Size, topmost row and leftmost column, by which pieces may be sorted; then the share of its box that it
            fills, and its mean colour in the image.
    """

    mask: str
    value: int
    is_one: bool
    traits: tuple[float, ...]


def _measure_pieces(pairs: Sequence[Pair], objects: dict[str, set[int]], by_colour: bool) -> Iterator[Piece]:
    """The pieces of some masks."""
    for pair, value_HW in _read_some(pairs, by_colour, objects.__contains__):
        path = pair.mask.path
        pixels_HW3 = _pixels_of(pair, value_HW.shape)
        for value in sorted(objects[path])[:MAX_OBJECTS]:
            is_there_HW = value_HW == value
            if is_there_HW.any():
                traits = _measure_traits(is_there_HW, pixels_HW3)
                yield Piece(path, value, _is_one_piece(is_there_HW), traits)


def _pixels_of(pair: Pair, shape: tuple[int, ...]) -> np.ndarray | None:
    try:
        pixels_HW3 = read_picture(pair.image.file).pixels
    except UnreadableImageError:
        return None
    return pixels_HW3 if pixels_HW3.shape[:2] == shape else None


def _measure_traits(is_there_HW: np.ndarray, pixels_HW3: np.ndarray | None) -> tuple[float, ...]:
    rows, columns = np.flatnonzero(is_there_HW.any(axis=1)), np.flatnonzero(is_there_HW.any(axis=0))
    area = int(is_there_HW.sum())
    box = (rows[-1] - rows[0] + 1) * (columns[-1] - columns[0] + 1)
    colour = (0.0, 0.0, 0.0) if pixels_HW3 is None else pixels_HW3[is_there_HW].mean(axis=0).tolist()
    return (float(np.log(area)), float(rows[0]), float(columns[0]), area / float(box), *colour)


def are_exchangeable(pieces: Sequence[Piece]) -> bool:
    """Whether values say nothing about the pieces that have them.

    Within each mask, no trait goes with the value, but for one by which the pieces are sorted. Too few pieces show
    nothing.

    Args:
        pieces: Of several masks, with traits.
    """
    explained = explain_traits(pieces)
    return bool(explained) and max(explained.values()) <= MAX_EXPLAINED


def explain_traits(pieces: Sequence[Piece]) -> dict[int, float]:
    """Measure how far values explain the traits of pieces.

    Masks differ in scale and light, so pieces are compared within each.

    Args:
        pieces: Of several masks, with traits.

    Returns:
        By the place of the trait, the share of its variance between values, less what chance gives; for traits that
        vary, and by which pieces are not sorted. None for too few pieces.
    """
    of_mask: dict[str, list[Piece]] = {}
    for piece in pieces:
        of_mask.setdefault(piece.mask, []).append(piece)
    several = [sorted(found, key=lambda piece: piece.value) for found in of_mask.values() if len(found) > 1]
    value_N = np.array([piece.value for found in several for piece in found])
    num_free, num_values = len(value_N) - len(several), len(set(value_N.tolist()))
    if num_free - num_values < MIN_FREE:
        return {}
    traits_NT = np.concatenate([traits - traits.mean(axis=0) for traits in map(_traits, several)])
    sorted_by = {
        place for place in range(NUM_SORTABLE) if _is_sorted([_traits(found)[:, place] for found in several])
    }
    if AREA in sorted_by:
        sorted_by.add(FILL)  # coarse pixels fill small boxes less
    expected = 2 * (2 * (num_values - 1)) ** 0.5 / num_free
    degrees = num_free / (num_free - num_values + 1)
    return {
        place: 1 - (1 - _explained_share(trait_N, value_N)) * degrees - expected
        for place, trait_N in enumerate(traits_NT.T)
        if place not in sorted_by and trait_N.std() > 0
    }


def _traits(pieces: Sequence[Piece]) -> np.ndarray:
    return np.array([piece.traits for piece in pieces])


def _is_sorted(of_mask: Sequence[np.ndarray]) -> bool:
    """Whether pieces are numbered by a trait, as programs do that scan a mask."""
    steps = [np.diff(trait) for trait in of_mask]
    num_up, num_down = (sum(bool((sign * step >= 0).all()) for step in steps) for sign in (1, -1))
    return max(num_up, num_down) >= MIN_SHARE * len(steps)


def _explained_share(trait_N: np.ndarray, value_N: np.ndarray) -> float:
    """The share of a trait's variance that lies between values."""
    _, place_N, count_K = np.unique(value_N, return_inverse=True, return_counts=True)
    mean_K = np.bincount(place_N, trait_N) / count_K
    return float((mean_K[place_N] ** 2).sum() / (trait_N**2).sum())


def _read_some(
    pairs: Sequence[Pair], by_colour: bool, is_holder: Callable[[str], bool]
) -> Iterator[tuple[Pair, np.ndarray]]:
    """Painted values of some masks, spread over those that hold what is looked for."""
    chosen = [pair for pair in pairs if is_holder(pair.mask.path)]
    for pair in chosen[:: max(1, -(-len(chosen) // MAX_MASKS))]:
        try:
            yield pair, _painted(pair.read_mask(), by_colour)
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
    if by_colour and len(between) < MIN_SHADES and len(counts) >= MIN_BLENDS:
        found = _blends_of_solid(counts, _solid(pairs, by_colour, lambda path: True))
        between = found if len(found) >= MIN_BLENDS else between
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


def _blends_of_solid(counts: Counter[int], solid: set[int]) -> set[int]:
    """What lies between colours that fill areas, be these small, and fills none itself."""
    points = np.array([unpack(value) for value in sorted(solid)], np.float64).reshape(-1, 3)
    return {
        value
        for value in counts
        if value not in solid and _is_blend(np.array(unpack(value), np.float64), points)
    }


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
