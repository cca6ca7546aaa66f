"""What a file says of images.

A row for each image, a column for each field.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from unpool.errors import UnpoolError

# As the file writes it: numbers and dates stay text; several choices are a list; None is no value.
Value = str | list[str] | None


_INDEX = re.compile(r"Unnamed: \d+|__index_level_\d+__")


class Real(str):
    """A number with a fraction, as the file writes it."""


@dataclass(frozen=True, slots=True)
class LabelRow:
    """One line of a label file.

    `label` is empty where the line has none.
    """

    line: int
    path: str
    label: str


@dataclass(frozen=True)
class LabelTable:
    """The rows of a label file, and what was assumed.

    `unit` is what `line` of a row counts.
    """

    rows: list[LabelRow]
    remarks: list[str] = field(default_factory=list)
    unit: str = "line"


@dataclass
class FieldTable:
    """The rows of a file, by column.

    Args:
        paths: The path of each row, as written.
        columns: The values of all other columns, each as long as `paths`.
        numbers: The number of each row, from 1: that of its line or entry.
        label: The column of labels; empty where none is known.
        no_label: Why no column is known to hold labels; completes "FILE cannot be used for labels: …".
        layout: Which columns were taken for paths and labels, where that is not plain.
        path_layout: The same of paths alone.
        remarks: What else was assumed, a sentence each.
        left_out: Columns whose values are no field of an image, such as vectors and boxes.
        unit: What `numbers` counts.
    """

    paths: list[str]
    columns: dict[str, list[Value]]
    numbers: list[int]
    label: str = ""
    no_label: str = ""
    layout: str = ""
    path_layout: str = ""
    remarks: list[str] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    unit: str = "line"


def read_label_rows(table: FieldTable) -> LabelTable:
    """Read rows of path and label; each image has one.

    Raises:
        UnpoolError: No column is known to hold labels, or a row has several.
    """
    if not table.label:
        raise UnpoolError(table.no_label)
    rows = [
        LabelRow(number, path, _read_single(value, path))
        for number, path, value in zip(table.numbers, table.paths, table.columns[table.label], strict=True)
    ]
    return LabelTable(rows, [*([table.layout] if table.layout else []), *table.remarks], table.unit)


def read_value(value: object) -> Value:
    """Read one value as text, or several texts.

    Raises:
        TypeError: It is nested, or a vector, and so no value of a field.

    >>> read_value(3), read_value(True), read_value(["a", 1]), read_value(None), read_value("")
    ('3', 'true', ['a', '1'], None, None)
    """
    if isinstance(value, dict):
        value = _open_object(value)
    if isinstance(value, list | tuple | set):
        if any(isinstance(each, float | Real) for each in value):
            raise TypeError("a vector")
        texts = [_read_text(each) for each in value]
        return [text for text in texts if text] or None
    return _read_text(value) or None


def read_cell(text: str) -> Value:
    """Read a cell of a table.

    Several choices stand in it as JSON.

    >>> read_cell("cat"), read_cell('["cat", "dog"]'), read_cell('{"choices": ["a", "b"]}'), read_cell("")
    ('cat', ['cat', 'dog'], ['a', 'b'], None)
    """
    if text[:1] in ("[", "{") and text[-1:] in ("]", "}"):
        try:
            held = json.loads(text)
            value = read_value(held)
        except (ValueError, TypeError, RecursionError):
            return text
        if isinstance(value, list) and '"' in text:
            return value
    return text or None


def drop_index(table: FieldTable) -> None:
    """Leave out the numbers of rows that pandas writes."""
    for name in [name for name in table.columns if _INDEX.fullmatch(name) and name != table.label]:
        del table.columns[name]
        table.left_out.append(name)


def unwrap(value: Value) -> Value:
    """Return the only text of a list, else the value.

    >>> unwrap(["a"]), unwrap(["a", "b"]), unwrap("a")
    ('a', ['a', 'b'], 'a')
    """
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def unite_names(names: Iterable[str]) -> list[str]:
    """Make names of columns different, by numbers.

    >>> unite_names(["a", "b", "a"])
    ['a', 'b', 'a (2)']
    """
    counts: dict[str, int] = {}
    found = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        found.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return found


def _open_object(value: dict[object, object]) -> object:
    """The choices of Label Studio, or the path of an image of `datasets`, that an object stands for."""
    if value.keys() == {"choices"}:
        return value["choices"]
    return value["path"] if value.keys() <= {"path", "bytes"} and "path" in value else value


def _read_text(value: object) -> str:
    if isinstance(value, list | dict | bytes):
        raise TypeError("a nested value")
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _read_single(value: Value, path: str) -> str:
    if not isinstance(value, list):
        return value or ""
    if len(value) > 1:
        raise UnpoolError(
            f"{path} has the {len(value)} labels {', '.join(map(repr, value))[:60]}, but must have one label; "
            "`unpool label --from FILE` keeps all of them, as a field of several choices"
        )
    return value[0]
