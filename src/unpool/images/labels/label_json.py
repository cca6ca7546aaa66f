"""The rows of JSON that scripts and tools write.

Numbers stay the text that is written, so that 007 in quotes, 7 and 7.0 are three labels.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from unpool.errors import UnpoolError
from unpool.images.labels.field_table import FieldTable, Real, Value, read_value, unite_names
from unpool.images.labels.headings import EXPECTED, Knows, describe_missing, find_layout
from unpool.images.labels.tools.dataset_json import read_coco, read_datumaro
from unpool.images.labels.tools.label_studio import is_label_studio, read_label_studio

UNIT = "entry"
FORMS = 'a list of {"path": …, "label": …}, or {"a.jpg": "cat", …}'
# Forms of annotation tools, by keys of the outermost object.
TOOLS: dict[frozenset[str], Callable[[dict[str, Any]], FieldTable]] = {
    frozenset({"images", "annotations", "categories"}): read_coco,
    frozenset({"items", "categories"}): read_datumaro,
}


class _Object(list[tuple[str, Any]]):
    """An object of the file as its pairs, in which a key may stand twice."""


def read_json(text: str, knows: Knows) -> FieldTable:
    """Read rows of paths and fields from JSON.

    Args:
        text: One value, or one object a line.
        knows: Whether a text names an image of the collection.

    Raises:
        ValueError: The text is no JSON.
        UnpoolError: It holds no paths in a known form.
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
        return _read_object(held, knows)
    if not isinstance(held, list):
        raise UnpoolError(f"it must hold {FORMS}")
    return _read_list(held, knows, unit)


def read_columns(columns: Mapping[str, Sequence[object]], knows: Knows, unit: str = "row") -> FieldTable:
    """Read rows of paths and fields from named columns.

    Args:
        columns: The values by the name of their column, all of one length.
        knows: Whether a text names an image of the collection.
        unit: What a row is called.

    Returns:
        The table; columns of nested values are left out.

    Raises:
        UnpoolError: No column is known to hold paths.
    """
    names = list(columns)
    texts = [[name, *map(_shallow, columns[name])] for name in names]
    layout = find_layout([list(row) for row in zip(*texts, strict=True)], knows) if names else None
    if layout is None:
        raise UnpoolError(f"it has one column; {EXPECTED}")
    unique = dict(zip(unite_names(names), columns.values(), strict=True))
    path = list(unique)[layout.path]
    label = "" if layout.label is None else list(unique)[layout.label]
    kept: dict[str, list[Value]] = {}
    left_out = []
    for name, values in unique.items():
        try:
            kept[name] = [read_value(value) for value in values]
        except TypeError:
            left_out.append(name)
    if path in left_out or label in left_out:
        raise UnpoolError(f"the values of {path if path in left_out else label!r} are nested; {EXPECTED}")
    paths = [_only_text(value) for value in kept.pop(path)]
    no_label = "" if label else describe_missing(names, "labels")
    numbers = list(range(1, len(paths) + 1))
    return FieldTable(
        paths, kept, numbers, label, no_label, layout.describe(), layout.describe_path(), [], left_out, unit
    )


def _load(text: str) -> Any:
    return json.loads(text, object_pairs_hook=_Object, parse_int=str, parse_float=Real, parse_constant=str)


def _plain(held: Any) -> Any:
    """The same value with objects as dictionaries; of two equal keys the last counts."""
    if isinstance(held, _Object):
        return {name: _plain(value) for name, value in held}
    return [_plain(value) for value in held] if isinstance(held, list) else held


def _shallow(value: object) -> str:
    """A value where columns are compared: lists and objects are nothing."""
    text = value[0] if isinstance(value, list) and len(value) == 1 else value
    if isinstance(value, dict) and value.keys() == {"path", "bytes"}:
        text = value["path"]
    return str(text) if isinstance(text, str | int) else ""


def _only_text(value: Value) -> str:
    return (value[0] if len(value) == 1 else "") if isinstance(value, list) else value or ""


def _read_list(held: Sequence[object], knows: Knows, unit: str) -> FieldTable:
    objects = [_plain(each) for each in held if isinstance(each, _Object)]
    if held and len(objects) == len(held):
        if is_label_studio(objects):
            return read_label_studio(objects, knows)
        names = list(dict.fromkeys(name for each in objects for name in each))
        if len(names) < 2:
            raise UnpoolError(f"it must hold {FORMS}")
        return read_columns({name: [each.get(name) for each in objects] for name in names}, knows, unit)
    pairs = [_plain(each) for each in held if isinstance(each, list) and len(each) == 2]
    if held and len(pairs) == len(held):
        return _read_pairs(pairs, knows, unit)
    raise UnpoolError(f"it must hold {FORMS}")


def _read_pairs(pairs: Sequence[Sequence[object]], knows: Knows, unit: str) -> FieldTable:
    layout = find_layout([[_shallow(cell) for cell in pair] for pair in pairs], knows)
    if layout is None or layout.label is None:
        raise UnpoolError(f"it must hold {FORMS}")
    first, path, label = (1 if layout.names else 0), layout.path, layout.label
    table = _to_rows([(_shallow(pair[path]), pair[label]) for pair in pairs[first:]], unit)
    table.layout, table.path_layout = layout.describe(), layout.describe_path()
    return table


def _to_rows(pairs: Sequence[tuple[str, object]], unit: str = UNIT) -> FieldTable:
    """A table of paths and labels alone."""
    try:
        labels = [read_value(_plain(value)) for _, value in pairs]
    except TypeError:
        raise UnpoolError(f"it must hold {FORMS}") from None
    numbers = list(range(1, len(pairs) + 1))
    return FieldTable([path for path, _ in pairs], {"label": labels}, numbers, "label", unit=unit)


def _read_object(held: _Object, knows: Knows) -> FieldTable:
    """Rows of {path: label}, {label: [paths]}, columns by name, objects by path, or a tool."""
    names = [name for name, _ in held]
    values = [value for _, value in held]
    for keys, read in TOOLS.items():
        if set(names) >= keys:
            return read(_plain(held))
    if is_label_studio([_plain(held)]):  # JSON lines of one line
        return _read_list([held], knows, UNIT)
    if values and all(isinstance(value, _Object) for value in values):
        inner = {name for value in values for name, _ in value}
        if any(knows(name) for name in names):
            return _read_list([_Object([("path", name), *value]) for name, value in held], knows, UNIT)
        if all(name.isdigit() for name in inner):  # columns with an index, as pandas writes them
            return read_columns({name: [cell for _, cell in value] for name, value in held}, knows)
    if values and all(isinstance(value, list) and not isinstance(value, _Object) for value in values):
        lengths = {len(value) for value in values}
        if len(names) >= 2 and len(lengths) == 1 and not any(map(knows, names)) and _are_headings(names):
            return read_columns(dict(held), knows)
        if not any(map(knows, names)):
            return _to_rows([(_shallow(path), name) for name, paths in held for path in paths])
    if not any(map(knows, names)) and _are_headings(names):  # JSON lines of one line
        return _read_list([held], knows, UNIT)
    lists = [value for value in values if value and _are_objects(value)]
    if len(lists) == 1 and not any(map(knows, names)):  # rows beside facts about the set
        return _read_list(lists[0], knows, UNIT)
    return _to_rows(list(held))


def _are_objects(value: object) -> bool:
    if not isinstance(value, list) or isinstance(value, _Object):
        return False
    return all(isinstance(each, _Object) for each in value)


def _are_headings(names: list[str]) -> bool:
    try:
        layout = find_layout([names], lambda text: False)
    except UnpoolError:
        return False
    return layout is not None and layout.num_recognised == 2
