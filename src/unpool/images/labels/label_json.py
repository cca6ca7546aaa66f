"""Rows of path and label from JSON and COCO.

Numbers stay the text that is written, so that 007 in quotes, 7 and 7.0 are three labels.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from unpool.errors import UnpoolError
from unpool.images.labels.headings import EXPECTED, Knows, find_layout
from unpool.images.labels.label_table import LabelRow, LabelTable

UNIT = "entry"
COCO_KEYS = frozenset({"images", "annotations", "categories"})
FORMS = 'a list of {"path": …, "label": …}, or {"a.jpg": "cat", …}'

Pairs = list[tuple[str, Any]]  # an object, in which a key may stand twice


class _Object(list[tuple[str, Any]]):
    """An object of the file as its pairs."""


def read_json(text: str, knows: Knows) -> LabelTable:
    """Read rows of path and label from JSON.

    Args:
        text: One value, or one object a line.
        knows: Whether a text names an image of the collection.

    Raises:
        ValueError: The text is no JSON.
        UnpoolError: It holds no paths and labels in a known form.
    """
    unit = UNIT
    try:
        held = _load(text)
    except ValueError:
        lines = [line for line in text.splitlines() if line.strip()]
        if len(lines) < 2:
            raise
        held, unit = [_load(line) for line in lines], "line"
    if isinstance(held, _Object):
        rows = _rows_of_object(held, knows)
        return rows if isinstance(rows, LabelTable) else LabelTable(_number(rows), unit=unit)
    if not isinstance(held, list):
        raise UnpoolError(f"it must hold {FORMS}")
    return _rows_of_list(held, knows, unit)


def read_columns(columns: dict[str, Sequence[object]], knows: Knows) -> LabelTable:
    """Read rows of path and label from named columns."""
    names = list(columns)
    texts = [[name, *map(_text, columns[name])] for name in names]
    return _rows_by_layout([list(row) for row in zip(*texts, strict=True)], knows, "row")


def _load(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_Object, parse_int=str, parse_float=str, parse_constant=str)


def _text(value: object) -> str:
    """A label or a path as text; empty for nothing."""
    if isinstance(value, list) and not isinstance(value, _Object) and len(value) == 1:
        return _text(value[0])
    if isinstance(value, list | dict):
        raise UnpoolError(f"an image has the value {str(value)[:60]}, but must have one label")
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _number(pairs: Sequence[tuple[str, str]]) -> list[LabelRow]:
    return [LabelRow(number, path, label) for number, (path, label) in enumerate(pairs, 1)]


def _rows_of_list(held: Sequence[object], knows: Knows, unit: str) -> LabelTable:
    objects = [each for each in held if isinstance(each, _Object)]
    if held and len(objects) == len(held):
        names = list(dict.fromkeys(name for each in objects for name, _ in each))
        rows = [dict(each) for each in objects]
        used = _columns_used(names, [[_shallow(row.get(name)) for name in names] for row in rows], knows)
        return _rows_by_layout(
            [used, *([_text(row.get(name)) for name in used] for row in rows)], knows, unit
        )
    pairs = [each for each in held if isinstance(each, list) and len(each) == 2]
    if held and len(pairs) == len(held):
        return _rows_by_layout([[_text(cell) for cell in pair] for pair in pairs], knows, unit)
    raise UnpoolError(f"it must hold {FORMS}")


def _columns_used(names: list[str], rows: list[list[str]], knows: Knows) -> list[str]:
    """Path and label alone: other values of an object may be lists, which are no label."""
    layout = find_layout([names, *rows], knows)
    if layout is None:
        raise UnpoolError(f"it must hold {FORMS}")
    return [names[layout.path], names[layout.label]]


def _shallow(value: object) -> str:
    return value if isinstance(value, str) else ""


def _rows_by_layout(rows: list[list[str]], knows: Knows, unit: str) -> LabelTable:
    layout = find_layout(rows, knows)
    if layout is None:
        raise UnpoolError(f"it has one column; {EXPECTED}")
    body = rows[1:] if layout.names else rows
    pairs = [(row[layout.path], row[layout.label]) for row in body]
    return LabelTable(_number(pairs), [remark for remark in [layout.describe()] if remark], unit)


def _rows_of_object(held: _Object, knows: Knows) -> LabelTable | list[tuple[str, str]]:
    """Rows of {path: label}, {label: [paths]}, columns by name, objects by path, or COCO."""
    names = [name for name, _ in held]
    values = [value for _, value in held]
    if set(names) >= COCO_KEYS:
        return _rows_of_coco(dict(held))
    if values and all(isinstance(value, _Object) for value in values):
        inner = {name for value in values for name, _ in value}
        if any(knows(name) for name in names):
            return _rows_of_list([_Object([("path", name), *value]) for name, value in held], knows, UNIT)
        if all(name.isdigit() for name in inner):  # columns with an index, as pandas writes them
            return read_columns({name: [cell for _, cell in value] for name, value in held}, knows)
    if values and all(isinstance(value, list) and not isinstance(value, _Object) for value in values):
        lengths = {len(value) for value in values}
        if len(names) >= 2 and len(lengths) == 1 and not any(map(knows, names)) and _are_headings(names):
            return read_columns(dict(held), knows)
        if not any(map(knows, names)):
            return [(_text(path), name) for name, paths in held for path in paths]
    if not any(map(knows, names)) and _are_headings(names):  # JSON lines of one line
        return _rows_of_list([held], knows, UNIT)
    return [(name, _text(value)) for name, value in held]


def _are_headings(names: list[str]) -> bool:
    try:
        layout = find_layout([names], lambda text: False)
    except UnpoolError:
        return False
    return layout is not None and layout.num_recognised == 2


def _rows_of_coco(held: dict[str, Any]) -> list[tuple[str, str]]:
    """The category of each image; images with several categories are in the rows several times."""
    try:
        name_of = {dict(each)["id"]: str(dict(each)["name"]) for each in held["categories"]}
        path_of = {dict(each)["id"]: str(dict(each)["file_name"]) for each in held["images"]}
        found = [dict(each) for each in held["annotations"]]
        pairs = dict.fromkeys((path_of[each["image_id"]], name_of[each["category_id"]]) for each in found)
    except (KeyError, TypeError, ValueError) as error:
        raise UnpoolError(f"it looks like COCO, but {error} is missing in it") from None
    return list(pairs)
