"""Read the entries of lines: tables, CVAT's lines, names alone."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from pathlib import Path

from unpool.images.masks.class_entries.entry import (
    CHANNELS,
    COLOURS,
    NAMES,
    NUMBERS,
    Entry,
    entry_of,
    is_hex,
    is_number,
    plain_title,
    strip_quotes,
)

_CVAT = re.compile(
    r"(?P<name>[^:]+):(?P<colour>\d{1,3}\s*,\s*\d{1,3}\s*,\s*\d{1,3})?:(?P<parts>[^:]*):(?P<more>[^:]*)"
)
_BRACKETS = re.compile(r"[\[({]([\s\d.,-]+)[\])}]")


def read_lines(path: Path, text: str) -> list[Entry]:
    """Read the entries of a text, a line each.

    Args:
        path: The file, for messages.
        text: What it holds.

    Returns:
        The entries.

    Raises:
        UsageError: Naming the line that is no class.
    """
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
        heading = [plain_title(field) for field in rows.pop(0)[1]]
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
        return False, [strip_quotes(field) for field in _words(unbracketed)]
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
    return words if len(words) > 1 and all(map(is_number, words)) else [strip_quotes(part)]


def _is_heading(rows: Sequence[list[str]], has_separator: bool) -> bool:
    """Whether the first line is one: of words known as such, or the only one that has neither number nor colour."""
    first, *rest = rows
    words = {plain_title(field) for field in first}
    known = NAMES | NUMBERS | COLOURS | CHANNELS.keys()
    if words <= known and (len(first) > 1 or words <= NAMES):
        return True
    if has_separator and len(words & known) > 1 and words & NAMES and not _has_value(first):
        return True
    is_table = has_separator and bool(rest) and all(len(fields) == len(first) for fields in rest)
    return is_table and not _has_value(first) and all(_has_value(fields) for fields in rest)


def _has_value(fields: Sequence[str]) -> bool:
    return any(is_number(field) or is_hex(field) for field in fields)


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
