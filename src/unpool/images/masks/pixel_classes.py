"""What the values or colours in masks mean: the classes of a segmentation.

K classes. Inside unpool a label map holds positions 0 to K − 1 and IGNORE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from unpool.errors import UnpoolError, UsageError

IGNORE = 255
MOST_CLASSES = 254
GREY = 0x010101  # times a value: the grey of it as a colour
VOID_NAMES = frozenset({"void", "ignore", "unlabelled", "unlabeled", "border"})


@dataclass(frozen=True)
class PixelClasses:
    """The classes of masks: their names, how they are written in masks, and how they are painted.

    `keys` tell for each value (or colour, as 0xRRGGBB, where `by_colour`) the position of its class, or IGNORE.
    `written` are the values of predicted masks, those of the masks learnt from where they have values of their own.
    `colour_keys` are what classes by number are in masks of colours, where that is known.
    """

    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]
    keys: tuple[tuple[int, int], ...]
    by_colour: bool = False
    written: tuple[int, ...] = ()
    colour_keys: tuple[tuple[int, int], ...] = ()

    def __post_init__(self) -> None:
        if len(self.names) < 2:
            told = ", ".join(self.names) or "none"
            raise UnpoolError(
                f"there must be two classes at least to tell apart, but there is {told}; check the masks"
            )
        if len(self.names) > MOST_CLASSES:
            raise UnpoolError(
                f"{len(self.names)} classes are more than the {MOST_CLASSES} that a mask can hold"
            )
        if not self.written:
            object.__setattr__(self, "written", tuple(range(len(self.names))))

    def __len__(self) -> int:
        return len(self.names)

    def label_map(self, value_HW: np.ndarray, unknown: int | None = None) -> np.ndarray:
        """Values or packed colours (H, W) → positions (H, W) uint8; what no key names becomes `unknown`.

        Raises `UnknownValueError` where something is unknown and no `unknown` is given.

        >>> classes = classes_by_value(["sky", "road"], ignore=255)
        >>> classes.label_map(np.array([[0, 1, 255]]))
        array([[  0,   1, 255]], dtype=uint8)
        >>> classes.label_map(np.array([[0, 7, 7]]))
        Traceback (most recent call last):
        unpool.images.masks.pixel_classes.UnknownValueError: the value 7 (2 pixels), which is no class
        """
        known = dict(self.keys)
        found, inverse, counts = np.unique(value_HW, return_inverse=True, return_counts=True)
        strange = [
            (int(value), int(count))
            for value, count in zip(found, counts, strict=True)
            if int(value) not in known
        ]
        if strange and unknown is None:
            raise UnknownValueError(strange, self.by_colour)
        table = np.array(
            [known.get(int(value), unknown if unknown is not None else IGNORE) for value in found], np.uint8
        )
        return table[inverse].reshape(value_HW.shape)

    def kept(self) -> dict[str, Any]:
        """Plain data for model.json; `read_kept` makes the classes again."""
        return asdict(self)


class UnknownValueError(UnpoolError):
    """A mask holds something that no class stands for."""

    def __init__(self, strange: Sequence[tuple[int, int]], by_colour: bool) -> None:
        value, count = max(strange, key=lambda pair: pair[1])
        what = f"the colour #{value:06x}" if by_colour else f"the value {value}"
        others = f" and {len(strange) - 1} others" if len(strange) > 1 else ""
        super().__init__(f"{what} ({count:,} pixel{'s' if count != 1 else ''}){others}, which is no class")


def read_kept(kept: Mapping[str, Any]) -> PixelClasses:
    """Classes as `kept` wrote them, now or before there were `colour_keys`; UnpoolError where they are damaged."""
    try:
        return PixelClasses(
            tuple(map(str, kept["names"])),
            tuple((int(r), int(g), int(b)) for r, g, b in kept["colours"]),
            _pairs(kept["keys"]),
            bool(kept["by_colour"]),
            tuple(map(int, kept["written"])),
            _pairs(kept.get("colour_keys", ())),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UnpoolError(f"the model's classes are damaged ({error}); train the model again") from error


def _pairs(kept: Sequence[Sequence[Any]]) -> tuple[tuple[int, int], ...]:
    return tuple((int(key), int(position)) for key, position in kept)


def classes_by_value(
    names: Sequence[str],
    *,
    values: Sequence[int] | None = None,
    ignore: int | None = IGNORE,
    colours: Sequence[tuple[int, int, int]] | None = None,
    colour_keys: Sequence[tuple[int, int]] = (),
) -> PixelClasses:
    """Classes written as whole numbers, by default 0, 1, 2 …; the value `ignore` is no class.

    >>> classes_by_value(["a", "b"], ignore=11).keys
    ((0, 0), (1, 1), (11, 255))
    """
    numbers = list(range(len(names))) if values is None else list(values)
    keys = {value: position for position, value in enumerate(numbers) if value != ignore}
    if ignore is not None:
        keys[ignore] = IGNORE
    written = tuple(numbers) if max(numbers, default=0) <= MOST_CLASSES else ()
    painted = tuple(colours or default_colours(len(names)))
    sorted_keys = tuple(sorted(keys.items()))
    return PixelClasses(tuple(names), painted, sorted_keys, written=written, colour_keys=tuple(colour_keys))


def classes_by_colour(entries: Sequence[tuple[str, tuple[int, int, int]]]) -> PixelClasses:
    """Classes written in colours; entries of one name are one class, those named void are no class.

    >>> classes_by_colour([("a", (0, 0, 0)), ("b", (255, 0, 0)), ("Void", (1, 1, 1))]).names
    ('a', 'b')
    """
    names: list[str] = []
    colours: list[tuple[int, int, int]] = []
    keys: dict[int, int] = {}
    for name, colour in entries:
        packed = pack(colour)
        if packed in keys:
            raise UsageError(f"--classes: the colour #{packed:06x} stands for two classes; give each its own")
        if name.lower() in VOID_NAMES:
            keys[packed] = IGNORE
            continue
        if name not in names:
            names.append(name)
            colours.append(colour)
        keys[packed] = names.index(name)
    return PixelClasses(tuple(names), tuple(colours), tuple(sorted(keys.items())), by_colour=True)


def pack(colour: Sequence[int]) -> int:
    """(r, g, b) as 0xRRGGBB.

    >>> pack((1, 2, 3)) == 0x010203
    True
    """
    red, green, blue = (int(part) for part in colour)
    return red << 16 | green << 8 | blue


def unpack(packed: int) -> tuple[int, int, int]:
    """0xRRGGBB as (r, g, b)."""
    return packed >> 16 & 255, packed >> 8 & 255, packed & 255


def default_colours(count: int) -> tuple[tuple[int, int, int], ...]:
    """The colour map of Pascal VOC (Everingham et al. 2010, its development kit): bits of the index, spread.

    >>> default_colours(3)
    ((0, 0, 0), (128, 0, 0), (0, 128, 0))
    """
    return tuple(_voc_colour(index) for index in range(count))


def _voc_colour(index: int) -> tuple[int, int, int]:
    parts = [0, 0, 0]
    for shift in range(7, -1, -1):
        for channel in range(3):
            parts[channel] |= (index >> channel & 1) << shift
        index >>= 3
    return parts[0], parts[1], parts[2]
