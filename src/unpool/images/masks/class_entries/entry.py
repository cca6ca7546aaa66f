"""A class: a name with a number or a colour."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from unpool.errors import UsageError

OPTION = "--classes"
Colour = tuple[int, int, int]
NAMES = {
    "name", "class", "label", "classname", "labelname", "names", "classes", "labels", "category", "title",
    "categoryname", "displayname",
}  # fmt: skip
NUMBERS = {
    "index", "id", "value", "number", "classid", "classindex", "labelid", "pixelvalue", "idx", "code", "categoryid",
    "pixel",
}  # fmt: skip
COLOURS = {"color", "colour", "rgb", "hex", "colorrgb", "colourrgb", "rgbcolor"}
CHANNELS = {"r": 0, "red": 0, "g": 1, "green": 1, "b": 2, "blue": 2}


@dataclass(frozen=True)
class Entry:
    """A class as a file gives it.

    `where` is the file and line.
    """

    name: str
    number: int | None
    colour: Colour | None
    where: str


def entry_of(where: str, fields: Sequence[str], name: str | None = None) -> Entry:
    """Build an entry of its fields.

    Args:
        where: The file and line.
        fields: A name with a number, a colour or both, in any order but that of four numbers the last three are the
            colour.
        name: The name, where it is known which field it is.

    Returns:
        The entry.

    Raises:
        UsageError: Where the fields are no class.
    """
    rest = list(fields)
    if name:
        rest.remove(name)
    hexes = [field for field in rest if is_hex(field)]
    numbers = [int(field, 16 if "x" in field.lower() else 10) for field in rest if is_number(field)]
    words = [field for field in rest if not is_number(field) and not is_hex(field)]
    title = name if name is not None else " ".join(words)
    colour = _from_hex(hexes[0]) if hexes else None
    if colour is None and len(numbers) >= 3:
        colour, numbers = (numbers[-3], numbers[-2], numbers[-1]), numbers[:-3]
    is_strange = name is not None and bool(words)
    has_fraction = any(re.fullmatch(r"-?\d*\.\d+", word) for word in words)
    if not title or len(numbers) > 1 or is_strange or has_fraction:
        raise UsageError(
            f"{OPTION} {where}: {' '.join(fields)!r} is no `name`, `name number` or `name r g b`"
        )
    if colour is not None and not all(0 <= part <= 255 for part in colour):
        raise UsageError(f"{OPTION} {where}: the colour {colour} must be of numbers from 0 to 255")
    return Entry(title, numbers[0] if numbers else None, colour, where)


def is_number(text: str) -> bool:
    """Check whether a field is a whole or hexadecimal number."""
    return re.fullmatch(r"[-+]?([0-9]{1,10}|0[xX][0-9a-fA-F]{1,4})", text) is not None


def is_hex(text: str) -> bool:
    """Check whether a field is a colour such as #ff8800."""
    return re.fullmatch(r"(#|0[xX])([0-9a-fA-F]{6}|[0-9a-fA-F]{8})|#[0-9a-fA-F]{3}", text) is not None


def _from_hex(text: str) -> Colour:
    digits = text.lower().removeprefix("#").removeprefix("0x")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


def plain_title(heading: str) -> str:
    """Return a heading in small letters without other signs."""
    return re.sub(r"[\W_]", "", heading.lower())


def strip_quotes(field: str) -> str:
    """Strip spaces and quotes."""
    return field.strip().strip("\"'").strip()
