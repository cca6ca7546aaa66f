"""Read class files: names of classes with numbers or colours."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from unpool.errors import UsageError
from unpool.images.masks.pixel_classes import (
    IGNORE,
    VOID_NAMES,
    PixelClasses,
    classes_by_colour,
    classes_by_value,
    pack,
)

OPTION = "--classes"
NAME_HEADINGS = {"name", "class", "label", "classname", "labelname", "names", "classes", "labels", "category"}
CHANNEL_ORDER = {"r": 1, "red": 1, "g": 2, "green": 2, "b": 3, "blue": 3}  # and their order
HEADINGS = NAME_HEADINGS | CHANNEL_ORDER.keys() | {
    "index", "id", "value", "number", "classid", "classindex", "labelid", "pixelvalue",
    "color", "colour", "rgb", "hex",
}  # fmt: skip
Colour = tuple[int, int, int]
Entry = tuple[str, int | None, Colour | None]  # name, number, colour


def _never() -> bool:
    return False


def read_classes(
    path: Path, ignore: int | None = None, is_binary: Callable[[], bool] = _never
) -> PixelClasses:
    """Read the classes of a file.

    A line is `name`, `name number`, `name r g b`, or has number and colour both. Fields are separated by commas,
    semicolons, tabs or spaces, in any order, but that of four numbers the last three are the colour, unless a line
    of headings says otherwise; a colour may be `#rrggbb`; what stands after `#` is left out. YAML and JSON hold a
    list of names, or {name: number, colour or both}. Where all have numbers, masks hold those, or the colours,
    which are painted too; where they have colours alone, masks hold colours. Lines of one name are one class;
    classes named void, ignore, unlabelled or border, and the number `ignore`, are no class.

    Without `ignore`, 255 is no class, unless the file names it, or has two classes, 0 and 1, and the masks hold 0
    and 255 alone: then 255 is what 1 is.

    Args:
        path: The file.
        ignore: The number that is no class.
        is_binary: Says whether the masks hold 0 and 255 alone; called only where that matters.

    Returns:
        The classes.

    Raises:
        UsageError: Naming the file and line.
    """
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(f"{OPTION} {path}: there is no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{OPTION} {path} cannot be read: {error}") from None
    structured = path.suffix.lower() in (".yaml", ".yml", ".json")
    entries = _structured(path, text) if structured else _lines(path, text)
    if not entries:
        raise UsageError(f"{OPTION} {path} names no class; write one a line: name, name number or name r g b")
    return _build_classes(path, entries, ignore, is_binary)


def _build_classes(
    path: Path, entries: list[Entry], ignore: int | None, is_binary: Callable[[], bool]
) -> PixelClasses:
    numbered = [entry for entry in entries if entry[1] is not None]
    coloured = [entry for entry in entries if entry[2] is not None]
    if len(coloured) == len(entries) and not numbered:
        return classes_by_colour([(name, colour) for name, _, colour in entries if colour])
    if not numbered:
        entries = [(name, position, colour) for position, (name, _, colour) in enumerate(entries)]
    elif len(numbered) < len(entries):
        nameless = next(name for name, number, _ in entries if number is None)
        raise UsageError(
            f"{OPTION} {path}: {nameless!r} has no number, but others have; give all one or none"
        )
    is_255_known = ignore is not None or any(number == IGNORE for _, number, _ in entries)
    void = ignore if is_255_known else IGNORE
    classes = _by_number(path, entries, void)
    numbers = [number for number, position in classes.value_to_class if position != IGNORE]
    if is_255_known or numbers != [0, 1] or len(classes) != 2 or not is_binary():
        return classes
    positions = dict(classes.value_to_class)
    return replace(classes, value_to_class=tuple(sorted((positions | {IGNORE: positions[1]}).items())))


def _by_number(path: Path, entries: list[Entry], void: int | None) -> PixelClasses:
    names: list[str] = []
    values: dict[int, int] = {}
    colours: dict[int, Colour] = {}
    positions_of_colour: dict[int, set[int]] = {}
    for name, number, colour in entries:
        assert number is not None
        if number in values:
            raise UsageError(
                f"{OPTION} {path}: the number {number} stands for two classes; give each its own"
            )
        if name.lower() in VOID_NAMES or number == void:
            values[number] = IGNORE
        else:
            if name not in names:
                names.append(name)
            values[number] = names.index(name)
        if colour is not None:
            colours.setdefault(values[number], colour)
            positions_of_colour.setdefault(pack(colour), set()).add(values[number])
    first = {position: number for number, position in reversed(values.items())}
    classes = classes_by_value(names, values=[first[position] for position in range(len(names))], ignore=void)
    painted = tuple(colours.get(position, classes.colours[position]) for position in range(len(names)))
    positions = tuple(sorted((dict(classes.value_to_class) | values).items()))
    return replace(
        classes,
        colours=painted,
        value_to_class=positions,
        colour_to_class=_unambiguous_colours(positions_of_colour),
    )


def _unambiguous_colours(positions_of_colour: Mapping[int, set[int]]) -> tuple[tuple[int, int], ...]:
    """What a colour stands for: a class rather than void, and nothing where several classes share it."""
    found = []
    for colour, positions in sorted(positions_of_colour.items()):
        classes = positions - {IGNORE} or {IGNORE}
        if len(classes) == 1:
            found.append((colour, classes.pop()))
    return tuple(found)


def _lines(path: Path, text: str) -> list[Entry]:
    lines = []
    for number, line in enumerate(text.splitlines(), start=1):
        plain = re.sub(r"(^|\s)#(?![0-9a-fA-F]{6}\b).*", "", line).strip()
        separator = next((mark for mark in ";," if mark in plain), None)
        fields = [field.strip().strip("\"'") for field in plain.split(separator)]
        fields = [field for field in fields if field]
        if fields:
            lines.append((f"{path} line {number}", fields, separator is not None or "\t" in plain))
    heading: list[str] = []
    if lines and _is_heading([fields for _, fields, _ in lines], has_separator=lines[0][2]):
        heading = [_plain(field) for field in lines.pop(0)[1]]
    return [_entry(where, _ordered(fields, heading)) for where, fields, _ in lines]


def _is_heading(lines: Sequence[list[str]], *, has_separator: bool) -> bool:
    """Whether the first line is one: of words known as such, or the only one that has neither number nor colour."""
    first, *rest = lines
    words = {_plain(field) for field in first}
    if words <= HEADINGS and (len(first) > 1 or words <= NAME_HEADINGS):
        return True
    is_table = has_separator and bool(rest) and all(len(fields) == len(first) for fields in rest)
    return is_table and not _has_value(first) and all(_has_value(fields) for fields in rest)


def _has_value(fields: Sequence[str]) -> bool:
    return any(_is_number(field) or field.startswith("#") for field in fields)


def _plain(heading: str) -> str:
    return re.sub(r"[\s_-]", "", heading.lower())


def _ordered(fields: list[str], heading: Sequence[str]) -> list[str]:
    """Red, green and blue behind all others and in this order, where headings name them."""
    if len(heading) != len(fields) or not {CHANNEL_ORDER.get(word) for word in heading} >= {1, 2, 3}:
        return fields
    order = sorted(range(len(fields)), key=lambda place: CHANNEL_ORDER.get(heading[place], 0))
    return [fields[place] for place in order]


def _entry(where: str, fields: list[str]) -> Entry:
    words = [field for field in fields if not _is_number(field) and not field.startswith("#")]
    hexes = [field for field in fields if field.startswith("#")]
    numbers = [int(field) for field in fields if _is_number(field)]
    name = " ".join(words)
    colour = tuple(int(hexes[0][at : at + 2], 16) for at in (1, 3, 5)) if hexes else None
    if colour is None and len(numbers) >= 3:
        colour, numbers = tuple(numbers[-3:]), numbers[:-3]
    if not name or len(numbers) > 1:
        raise UsageError(
            f"{OPTION} {where}: {' '.join(fields)!r} is no `name`, `name number` or `name r g b`"
        )
    if colour is not None and not all(0 <= part <= 255 for part in colour):
        raise UsageError(f"{OPTION} {where}: the colour {colour} must be of numbers from 0 to 255")
    return name, numbers[0] if numbers else None, colour  # type: ignore[return-value]


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit()


def _structured(path: Path, text: str) -> list[Entry]:
    import yaml

    try:
        held = json.loads(text) if path.suffix.lower() == ".json" else yaml.safe_load(text)
    except (ValueError, yaml.YAMLError) as error:
        raise UsageError(f"{OPTION} {path} cannot be read: {' '.join(str(error).split())}") from None
    if isinstance(held, Mapping):
        return [_entry(str(path), [str(name), *_fields(value)]) for name, value in held.items()]
    if isinstance(held, list) and all(isinstance(each, Mapping | str) for each in held):
        return [_entry(str(path), [each] if isinstance(each, str) else _fields(each)) for each in held]
    raise UsageError(f"{OPTION} {path} must hold a list of names, or names with numbers or colours")


def _fields(value: object) -> list[str]:
    if isinstance(value, Mapping):
        order = ("name", "class", "label", "index", "id", "value", "colour", "color", "rgb")
        return [field for key in order if key in value for field in _fields(value[key])]
    if isinstance(value, list | tuple):
        return [str(part) for part in value]
    return [] if value is None else [str(value)]
