"""A class file: the name of each class, with its number or its colour, in whatever form people keep it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unpool.errors import UsageError
from unpool.images.classes_of_pixels import (
    IGNORE,
    VOID_NAMES,
    PixelClasses,
    classes_by_colour,
    classes_by_value,
)

OPTION = "--classes"
HEADINGS = {"name", "class", "label", "r", "g", "b", "red", "green", "blue", "index", "id", "value", "color"}
Entry = tuple[str, int | None, tuple[int, int, int] | None]  # name, number, colour


def read_classes(path: Path, ignore: int | None = IGNORE) -> PixelClasses:
    """The classes of a file, one a line: `name`, `name number`, `name r g b`, or with number and colour both.

    Fields are parted by commas, semicolons, tabs or spaces, in any order; a colour may be `#rrggbb`; lines of
    headings and after `#` are left out. YAML and JSON hold a list of names, or {name: number, colour or both}.
    Where all have numbers, masks hold those, and colours are what is painted; where they have colours alone,
    masks hold colours. Lines of one name are one class; classes named void, ignore, unlabelled or border, and the
    number `ignore`, are no class.

    Raises `UsageError` naming the file and line.
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
    return _made(path, entries, ignore)


def _made(path: Path, entries: list[Entry], ignore: int | None) -> PixelClasses:
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
    return _by_number(path, entries, ignore)


def _by_number(path: Path, entries: list[Entry], ignore: int | None) -> PixelClasses:
    names: list[str] = []
    values: dict[int, int] = {}
    colours: dict[int, tuple[int, int, int]] = {}
    for name, number, colour in entries:
        assert number is not None
        if number in values:
            raise UsageError(
                f"{OPTION} {path}: the number {number} stands for two classes; give each its own"
            )
        if name.lower() in VOID_NAMES or number == ignore:
            values[number] = IGNORE
            continue
        if name not in names:
            names.append(name)
        values[number] = names.index(name)
        if colour is not None:
            colours.setdefault(values[number], colour)
    first = {position: number for number, position in reversed(values.items())}
    made = classes_by_value(names, values=[first[position] for position in range(len(names))], ignore=ignore)
    painted = tuple(colours.get(position, made.colours[position]) for position in range(len(names)))
    keys = dict(made.keys) | values
    return PixelClasses(made.names, painted, tuple(sorted(keys.items())), written=made.written)


def _lines(path: Path, text: str) -> list[Entry]:
    entries: list[Entry] = []
    for number, line in enumerate(text.splitlines(), start=1):
        plain = re.sub(r"(^|\s)#(?![0-9a-fA-F]{6}\b).*", "", line).strip()
        if not plain:
            continue
        separator = next((mark for mark in ";," if mark in plain), None)
        fields = [field.strip().strip("\"'") for field in plain.split(separator)]
        fields = [field for field in fields if field]
        if entries or not all(field.lower() in HEADINGS for field in fields):
            entries.append(_entry(f"{path} line {number}", fields))
    return entries


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


def _fields(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        order = ("name", "class", "label", "index", "id", "value", "colour", "color", "rgb")
        return [field for key in order if key in value for field in _fields(value[key])]
    if isinstance(value, list | tuple):
        return [str(part) for part in value]
    return [] if value is None else [str(value)]
