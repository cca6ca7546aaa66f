"""The classes of a segmentation, and how masks encode them.

K classes. Inside unpool a label map holds positions 0 to K − 1 and IGNORE.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from unpool.errors import UnpoolError, UsageError

IGNORE = 255
MAX_CLASSES = 254
GREY = 0x010101  # times a value: the grey of it as a colour
VOID_NAMES = frozenset(
    {"void", "ignore", "ignored", "__ignore__", "_ignore_", "unlabelled", "unlabeled", "border"}
)
NEAREST = "nearest"  # what becomes of values that are no class: the nearest class


@dataclass(frozen=True)
class PixelClasses:
    """Names, mask values and colours of the classes.

    `value_to_class` maps each value (or colour, as 0xRRGGBB, where `by_colour`) to the position of its class, or
    to IGNORE. `output_values` are the values of predicted masks, those of the training masks where these have
    values of their own that 8 bits can hold. `colour_to_class` does for masks of colours what `value_to_class` does
    for numbers, where that is known. `others_to_class` is the class of every number that `value_to_class` lacks,
    where numbers count objects; `is_void_typed` says that somebody said which number is no class.
    """

    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]
    value_to_class: tuple[tuple[int, int], ...]
    by_colour: bool = False
    output_values: tuple[int, ...] = ()
    colour_to_class: tuple[tuple[int, int], ...] = ()
    others_to_class: int | None = None
    is_void_typed: bool = False

    def __post_init__(self) -> None:
        if len(self.names) < 2:
            names = ", ".join(self.names) or "none"
            raise UnpoolError(f"there must be two classes at least, but there is {names}; check the masks")
        if len(self.names) > MAX_CLASSES:
            raise UnpoolError(
                f"{len(self.names)} classes are more than the {MAX_CLASSES} that a mask can hold"
            )
        if not self.output_values:
            object.__setattr__(self, "output_values", tuple(range(len(self.names))))

    def __len__(self) -> int:
        return len(self.names)

    def read(self, value_HW: np.ndarray, unknown: str = "refuse") -> tuple[np.ndarray, dict[int, int]]:
        """Map mask values to positions of classes.

        Values that are no class are counted.

        Args:
            value_HW: Values, or packed colours.
            unknown: With "nearest" values that are no class become the nearest class, else IGNORE.

        Returns:
            Positions of the shape of `value_HW`, uint8, and the pixels of each value that is no class.

        >>> classes_by_value(["sky", "road"]).read(np.array([[0, 1, 255, 7, 7]]))
        (array([[  0,   1, 255, 255, 255]], dtype=uint8), {7: 2})
        """
        found, inverse, counts = unique_values(value_HW)
        known = dict(self.value_to_class)
        if self.others_to_class is not None:
            others = self.others_to_class
            known = {int(value): others for value in found if int(value) > 0} | known
        strange = {
            int(value): int(count)
            for value, count in zip(found, counts, strict=True)
            if int(value) not in known
        }
        places = _nearest(strange, known, self.by_colour) if unknown == NEAREST else {}
        table = np.array([known.get(int(value), places.get(int(value), IGNORE)) for value in found], np.uint8)
        return table[inverse].reshape(value_HW.shape), strange

    def ignoring(self, number: int) -> PixelClasses:
        """Return the same classes, but for one number.

        It is no class, nor are the colours of the class that it stood for.
        """
        position = dict(self.value_to_class).get(number, IGNORE)
        colours = ((colour, IGNORE if place == position else place) for colour, place in self.colour_to_class)
        keys = dict(self.value_to_class) | {number: IGNORE}
        return replace(
            self,
            value_to_class=tuple(sorted(keys.items())),
            colour_to_class=tuple(colours),
            is_void_typed=True,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain data for model.json, which `from_dict` reads."""
        seldom = {"others": self.others_to_class, "void_typed": self.is_void_typed}
        return {stored: getattr(self, name) for name, stored in _STORED_NAMES.items()} | {
            stored: value for stored, value in seldom.items() if value not in (None, False)
        }

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> PixelClasses:
        """Read classes that `to_dict` wrote.

        Raises:
            UnpoolError: Where they are damaged.
        """
        try:
            return cls(
                tuple(map(str, stored["names"])),
                tuple((int(r), int(g), int(b)) for r, g, b in stored["colours"]),
                _int_pairs(stored["keys"]),
                bool(stored["by_colour"]),
                _writable(tuple(map(int, stored["written"]))),  # versions before kept negative numbers
                _int_pairs(stored.get("colour_keys", ())),  # absent in old models, as what follows
                None if stored.get("others") is None else int(stored["others"]),
                bool(stored.get("void_typed", False)),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise UnpoolError(f"the model's classes are damaged ({error}); train the model again") from error


# The names in model.json, which stay as they are so that models of all versions can be read.
_STORED_NAMES = {
    "names": "names",
    "colours": "colours",
    "value_to_class": "keys",
    "by_colour": "by_colour",
    "output_values": "written",
    "colour_to_class": "colour_keys",
}


class UnknownValueError(UnpoolError):
    """A mask holds a value that is no class."""

    def __init__(self, unknown_values: Sequence[tuple[int, int]], by_colour: bool) -> None:
        value, count = max(unknown_values, key=lambda pair: pair[1])
        what = f"the colour #{value:06x}" if by_colour else f"the value {value}"
        others = f" and {len(unknown_values) - 1} others" if len(unknown_values) > 1 else ""
        super().__init__(f"{what} ({count:,} pixel{'s' if count != 1 else ''}){others}, which is no class")


def unique_values(value_HW: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the values of a mask.

    Returns:
        The values, the place of each pixel's among them (flat), and the pixels of each.

    >>> [each.tolist() for each in unique_values(np.array([[5, 5, 9]], np.uint8))]
    [[5, 9], [0, 0, 1], [2, 1]]
    """
    flat = value_HW.reshape(-1)
    if flat.dtype != np.uint8:
        found, inverse, counts = np.unique(flat, return_inverse=True, return_counts=True)
        return found, inverse.reshape(-1), counts
    counts = np.bincount(flat, minlength=256)
    found = np.flatnonzero(counts)
    places = np.zeros(256, np.intp)
    places[found] = np.arange(len(found))
    return found, places[flat], counts[found]


def _nearest(strange: Mapping[int, int], known: Mapping[int, int], by_colour: bool) -> dict[int, int]:
    """The position of the nearest known value of each value."""
    if not known:
        return {}
    values = sorted(known)
    points = np.array([unpack(value) if by_colour else (value,) for value in values], np.float64)
    places = {}
    for value in strange:
        point = np.array(unpack(value) if by_colour else (value,), np.float64)
        places[value] = known[values[int(((points - point) ** 2).sum(axis=1).argmin())]]
    return places


def _writable(numbers: tuple[int, ...]) -> tuple[int, ...]:
    """The numbers where masks of 8 bits can hold all of them; else none."""
    return numbers if all(0 <= number <= MAX_CLASSES for number in numbers) else ()


def _int_pairs(stored: Sequence[Sequence[Any]]) -> tuple[tuple[int, int], ...]:
    return tuple((int(key), int(position)) for key, position in stored)


def classes_by_value(
    names: Sequence[str],
    *,
    values: Sequence[int] | None = None,
    ignore: int | None = IGNORE,
    colours: Sequence[tuple[int, int, int]] | None = None,
    colour_to_class: Sequence[tuple[int, int]] = (),
) -> PixelClasses:
    """Build classes that masks encode as whole numbers.

    Args:
        names: The classes.
        values: Their numbers in masks, by default 0, 1, 2 ….
        ignore: The number that is no class.
        colours: (r, g, b) of each, by default those of Pascal VOC.
        colour_to_class: Packed colours and positions of classes, for masks of colours.

    Returns:
        The classes.

    >>> classes_by_value(["a", "b"], ignore=11).value_to_class
    ((0, 0), (1, 1), (11, 255))
    """
    numbers = list(range(len(names))) if values is None else list(values)
    keys = {value: position for position, value in enumerate(numbers) if value != ignore}
    if ignore is not None:
        keys[ignore] = IGNORE
    painted = tuple(colours or default_colours(len(names)))
    sorted_keys = tuple(sorted(keys.items()))
    return PixelClasses(
        tuple(names),
        painted,
        sorted_keys,
        output_values=_writable(tuple(numbers)),
        colour_to_class=tuple(colour_to_class),
    )


def classes_by_colour(entries: Sequence[tuple[str, tuple[int, int, int]]]) -> PixelClasses:
    """Build classes that masks encode as colours.

    Entries (name, (r, g, b)) of one name are one class; those named void are no class.

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
    """Pack (r, g, b) as 0xRRGGBB.

    >>> pack((1, 2, 3)) == 0x010203
    True
    """
    red, green, blue = (int(part) for part in colour)
    return red << 16 | green << 8 | blue


def unpack(packed: int) -> tuple[int, int, int]:
    """Unpack 0xRRGGBB to (r, g, b)."""
    return packed >> 16 & 255, packed >> 8 & 255, packed & 255


def default_colours(count: int) -> tuple[tuple[int, int, int], ...]:
    """Return the first colours of Pascal VOC's colour map.

    The bits of the index are spread over the channels. Source: Everingham et al. 2010, the development kit.

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
