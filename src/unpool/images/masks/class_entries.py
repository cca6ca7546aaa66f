"""Read the entries of class files.

They are names with numbers or colours.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from unpool.core.text.encodings import decode_text
from unpool.core.text.json_files import load_json
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
_CVAT = re.compile(
    r"(?P<name>[^:]+):(?P<colour>\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3})?:(?P<parts>[^:]*):(?P<more>[^:]*)"
)
_BRACKETS = re.compile(r"[\[({]([\s\d.,-]+)[\])}]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")
_ITEM = re.compile(r"item\s*\{([^{}]*)\}")


@dataclass(frozen=True)
class Entry:
    """A class as a file gives it.

    `where` is the file and line.
    """

    name: str
    number: int | None
    colour: Colour | None
    where: str


def read_entries(path: Path) -> list[Entry]:
    """Read the entries of a class file.

    Raises:
        UsageError: Naming the file, and the line where there are lines.
    """
    text = _read_text(path)
    start = text.lstrip()[:1]
    if start == "<":
        raise UsageError(
            f"{OPTION} {path} line 1: {text.split()[0]!r} begins XML or HTML; write one class a line"
        )
    if _ITEM.search(text):
        return [
            _entry_of_item(f"{path}, item {place}", item) for place, item in enumerate(_ITEM.findall(text), 1)
        ]
    suffix = path.suffix.lower()
    if (
        suffix in (".json", ".yaml", ".yml")
        or start == "{"
        or (start == "[" and suffix != ".csv" and _is_json(text))
    ):
        return _structured(path, text, is_json=suffix not in (".yaml", ".yml"))
    return _lines(path, text)


def _read_text(path: Path) -> str:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise UsageError(
            f"{OPTION} {path}: there is no such file, nor a published set of that name (voc, camvid, cityscapes)"
        ) from None
    except OSError as error:
        raise UsageError(f"{OPTION} {path} cannot be read: {error}") from None
    try:
        text = decode_text(content).text
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        raise UsageError(
            f"{OPTION} {path} line {line}: byte {content[error.start]:#04x} is no text; save the file as UTF-8"
        ) from None
    if strange := _CONTROL.search(text):
        line = text[: strange.start()].count("\n") + 1
        raise UsageError(f"{OPTION} {path} line {line}: {strange[0]!r} is no text; is this a class file?")
    return text


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


# Lines.


def _lines(path: Path, text: str) -> list[Entry]:
    rows: list[tuple[str, list[str], bool]] = []
    heading: list[str] | None = None
    named: dict[str, str] = {}
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), start=1):
        where = f"{path} line {number}"
        if line.lstrip().startswith("#") and not re.match(r"\s*#[0-9a-fA-F]{6}\b", line):
            continue  # a comment; CVAT's heading is one
        plain = re.sub(r"\s#(?![0-9a-fA-F]{6}\b).*", "", line).strip()
        if not plain:
            continue
        if cvat := _CVAT.fullmatch(plain):
            colour = filter(None, re.split(r"\s*,\s*", cvat["colour"] or ""))
            rows.append((where, [cvat["name"], *colour], True))
            named[where] = cvat["name"]
            continue
        separator, fields = _split(plain)
        if any(fields):
            rows.append((where, fields, separator))
    if rows and _is_heading([[field for field in fields if field] for _, fields, _ in rows], rows[0][2]):
        heading = [_plain(field) for field in rows.pop(0)[1]]
    return [
        entry_of(where, fields, name=named[where])
        if where in named
        else _entry_of_row(where, fields, heading)
        for where, fields, _ in rows
    ]


def _split(plain: str) -> tuple[bool, list[str]]:
    """The fields of a line, and whether a separator stands between them."""
    plain = re.sub(r"^-\s+", "", plain)  # an item of a list
    plain = re.sub(r"\brgba?\s*(?=\()", "", plain)
    unbracketed = _BRACKETS.sub(lambda found: f" {found[1].replace(',', ' ')} ", plain)
    mark = next((each for each in ";\t|," if each in unbracketed), None)
    # `0: name`, `name: 0`, `name = 1, 2, 3`: a colon or a sign of equality beside a number separates too.
    joined = re.compile(r"^\s*(0[xX][0-9a-fA-F]{1,4}|-?\d+)\s*[:=]\s*|\s*[:=]\s*(?=-?\d|#|$)")
    if mark is None and joined.search(unbracketed):
        name_and_rest = [part for part in joined.split(unbracketed) if part]
        return True, [field for part in name_and_rest for field in _values_of(part)]
    if mark is None:
        return False, [_bare(field) for field in _words(unbracketed)]
    pieces = next(csv.reader([unbracketed], delimiter=mark, skipinitialspace=True))
    fields = []
    for piece in pieces:
        parts = [part for part in joined.split(piece) if part] if joined.search(piece) else [piece]
        fields += [field for part in parts for field in _values_of(part)]
    return True, fields


def _words(text: str) -> list[str]:
    """The words of a line without separators; what stands in quotes is one."""
    return [match[0] for match in re.finditer(r"\"[^\"]*\"|'[^']*'(?=\s|$)|\S+", text)]


def _values_of(part: str) -> list[str]:
    """The numbers of a part that holds several, otherwise the part."""
    words = part.replace(",", " ").split()
    return words if len(words) > 1 and all(map(_is_number, words)) else [_bare(part)]


def _bare(field: str) -> str:
    return field.strip().strip("\"'").strip()


def _is_heading(rows: Sequence[list[str]], has_separator: bool) -> bool:
    """Whether the first line is one: of words known as such, or the only one that has neither number nor colour."""
    first, *rest = rows
    words = {_plain(field) for field in first}
    known = NAMES | NUMBERS | COLOURS | CHANNELS.keys()
    if words <= known and (len(first) > 1 or words <= NAMES):
        return True
    if has_separator and len(words & known) > 1 and words & NAMES and not _has_value(first):
        return True
    is_table = has_separator and bool(rest) and all(len(fields) == len(first) for fields in rest)
    return is_table and not _has_value(first) and all(_has_value(fields) for fields in rest)


def _has_value(fields: Sequence[str]) -> bool:
    return any(_is_number(field) or _is_hex(field) for field in fields)


def _plain(heading: str) -> str:
    return re.sub(r"[\W_]", "", heading.lower())


def _entry_of_row(where: str, fields: list[str], heading: list[str] | None) -> Entry:
    if heading is None or len(heading) != len(fields) or not set(heading) & NAMES:
        return entry_of(where, _ordered([field for field in fields if field], heading or []))
    found: dict[str, str] = {}
    channels: dict[int, str] = {}
    for title, field in zip(heading, fields, strict=True):
        if title in CHANNELS:
            channels[CHANNELS[title]] = field
        for kind, titles in (("name", NAMES), ("number", NUMBERS), ("colour", COLOURS)):
            if title in titles:
                found.setdefault(kind, field)
    parts = [found["name"], found.get("number", ""), *re.split(r"[\s,]+", found.get("colour", ""))]
    parts += [channels[place] for place in sorted(channels)] if len(channels) == 3 else []
    if len([part for part in parts if part]) == 1 and len(heading) > 1 and not NUMBERS & set(heading):
        return entry_of(where, [field for field in fields if field])  # headings of one's own beside a name
    return entry_of(where, [part for part in parts if part], name=found["name"])


def _ordered(fields: list[str], heading: Sequence[str]) -> list[str]:
    """Red, green and blue behind all others and in this order, where headings name them."""
    if len(heading) != len(fields) or not {CHANNELS.get(word) for word in heading} >= {0, 1, 2}:
        return fields
    order = sorted(range(len(fields)), key=lambda place: CHANNELS.get(heading[place], -1))
    return [fields[place] for place in order]


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
    hexes = [field for field in rest if _is_hex(field)]
    numbers = [int(field, 16 if "x" in field.lower() else 10) for field in rest if _is_number(field)]
    words = [field for field in rest if not _is_number(field) and not _is_hex(field)]
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


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[-+]?([0-9]{1,10}|0[xX][0-9a-fA-F]{1,4})", text) is not None


def _is_hex(text: str) -> bool:
    return re.fullmatch(r"(#|0[xX])([0-9a-fA-F]{6}|[0-9a-fA-F]{8})|#[0-9a-fA-F]{3}", text) is not None


def _from_hex(text: str) -> Colour:
    digits = text.lower().removeprefix("#").removeprefix("0x")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    return int(digits[0:2], 16), int(digits[2:4], 16), int(digits[4:6], 16)


# JSON, YAML and the like.


def _structured(path: Path, text: str, *, is_json: bool) -> list[Entry]:
    import yaml

    from unpool.core.text.yaml_files import describe_error, load_yaml_texts

    try:
        held = load_json(text) if is_json else load_yaml_texts(text)
    except (ValueError, yaml.YAMLError) as error:
        raise UsageError(f"{OPTION} {path} cannot be read: {describe_error(error)}") from None
    if isinstance(held, Mapping):
        return _of_mapping(str(path), held)
    if isinstance(held, list) and all(
        isinstance(each, Mapping) or (isinstance(each, str) and (is_json or not _is_number(each)))
        for each in held
    ):
        return _of_list(str(path), held)
    raise UsageError(f"{OPTION} {path} must hold a list of names, or names with numbers or colours")


def _of_mapping(where: str, held: Mapping[object, object]) -> list[Entry]:
    keys = {str(key).lower(): key for key in held}
    if "shapes" in keys and "imagepath" in keys:
        raise UsageError(
            f"{OPTION} {where} is labelme's file of one image; give its labels.txt or class_names.txt"
        )
    if "categories" in keys:  # COCO; 0 is what no object covers
        entries = _of_list(where, held[keys["categories"]])
        has_ground = any(entry.number in (0, None) for entry in entries)
        return entries if has_ground else [Entry("background", 0, (0, 0, 0), where), *entries]
    for key in ("id2label", "names", "classes", "labels", "label_map", "labelmap"):
        if key in keys and isinstance(value := held[keys[key]], list | Mapping):
            return _with_palette(where, value, held.get(keys.get("palette", "palette")))
    return _of_names(where, held)


def _with_palette(where: str, value: object, palette: object) -> list[Entry]:
    if isinstance(value, Mapping):
        return _of_names(where, value)
    entries = _of_list(where, value)
    if not isinstance(palette, list) or len(palette) != len(entries):
        is_supervisely = (
            isinstance(value, list)
            and bool(value)
            and all(isinstance(each, Mapping) and "title" in each for each in value)
        )
        has_black = any(entry.colour == (0, 0, 0) for entry in entries)
        ground = [Entry("background", None, (0, 0, 0), where)] if is_supervisely and not has_black else []
        return [*ground, *entries]
    return [
        entry_of(where, [entry.name, *_fields(colour)], name=entry.name)
        for entry, colour in zip(entries, palette, strict=True)
    ]


def _of_names(where: str, held: Mapping[object, object]) -> list[Entry]:
    """{name: number, colour or both}, or {number: name}."""
    if (
        held
        and all(_is_number(str(key)) for key in held)
        and all(isinstance(each, str) for each in held.values())
    ):
        return [entry_of(where, [str(name), str(key)], name=str(name)) for key, name in held.items()]
    return [entry_of(f"{where}, {name}", [str(name), *_fields(value)]) for name, value in held.items()]


def _of_list(where: str, held: object) -> list[Entry]:
    if not isinstance(held, list):
        raise UsageError(f"{OPTION} {where} must hold a list of classes, but there is {str(held)[:60]!r}")
    entries = []
    for place, each in enumerate(held, start=1):
        here = f"{where}, class {place}"
        if isinstance(each, Mapping):
            entries.append(_of_class(here, each))
        else:
            fields = [str(each)] if not isinstance(each, list) else _fields(each)
            entries.append(entry_of(here, fields, name=fields[0] if len(fields) == 1 else None))
    return entries


def _of_class(where: str, held: Mapping[object, object]) -> Entry:
    by_title = {_plain(str(key)): value for key, value in held.items()}
    name = next((str(by_title[key]) for key in _in_order(NAMES) if key in by_title), None)
    if name is None:
        return entry_of(where, [field for value in held.values() for field in _fields(value)])
    is_database = "title" in by_title  # Supervisely's numbers are those of its database
    number = (
        None if is_database else next((by_title[key] for key in _in_order(NUMBERS) if key in by_title), None)
    )
    colour = next((by_title[key] for key in _in_order(COLOURS) if key in by_title), None)
    if colour is None and {"r", "g", "b"} <= by_title.keys():
        colour = [by_title[channel] for channel in "rgb"]
    return entry_of(where, [name, *_fields(number), *_colour_fields(colour)], name=name)


def _in_order(titles: set[str]) -> list[str]:
    first = ("name", "class", "label", "index", "id", "value", "colour", "color", "rgb")
    return [*(title for title in first if title in titles), *sorted(titles - set(first))]


def _colour_fields(value: object) -> list[str]:
    fields = _fields(value)
    if len(fields) == 1 and not _is_hex(fields[0]):
        fields = re.findall(r"\d+", fields[0])
    return fields[:3]  # what follows is opacity


def _fields(value: object) -> list[str]:
    if isinstance(value, Mapping):
        order = [
            *_in_order(NAMES),
            *_in_order(NUMBERS),
            *_in_order(COLOURS),
            *("r", "red", "g", "green", "b", "blue"),
        ]
        by_title = {_plain(str(key)): each for key, each in value.items()}
        return [field for key in dict.fromkeys(order) if key in by_title for field in _fields(by_title[key])]
    if isinstance(value, list | tuple):
        return [str(part) for part in value]
    return [] if value is None else [str(value)]


def _entry_of_item(where: str, text: str) -> Entry:
    """An item of a label map in TensorFlow's text form."""
    found = dict(re.findall(r"(\w+)\s*:\s*(\"[^\"]*\"|'[^']*'|\S+)", text))
    name = _bare(found.get("display_name") or found.get("name") or "")
    return entry_of(where, [name, found.get("id", "")] if found.get("id") else [name], name=name)
