"""Choices that people made in Label Studio.

They stand in the tasks of its JSON export. Its short form, JSON_MIN, and its CSV are read as tables.

Source: https://labelstud.io/guide/export and https://labelstud.io/guide/task_format
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from unpool.errors import UnpoolError
from unpool.images.labels.field_table import FieldTable, Value, read_value, unwrap
from unpool.images.labels.headings import LABEL_NAMES, PATH_NAMES, Knows, normalise_name

UNIT = "task"
# Where each kind of result that is about a whole image keeps its value.
VALUE_KEYS = {
    "choices": "choices",
    "taxonomy": "taxonomy",
    "rating": "rating",
    "number": "number",
    "datetime": "datetime",
    "textarea": "text",
}
# What it adds to the rows of its short form and its CSV, known by two of them.
BOOKKEEPING = frozenset({"id", "annotator", "annotation_id", "created_at", "updated_at", "lead_time"})
MARKS = frozenset({"annotation_id", "lead_time"})
CHOICES = frozenset({"choices", "taxonomy"})
LEVELS = "/"  # between the levels of a taxonomy
NUM_NAMED = 3

_Fields = dict[str, Value]


def is_label_studio(held: Sequence[dict[str, Any]]) -> bool:
    """Whether objects are tasks of Label Studio.

    Some may not be annotated yet.
    """
    keys = ("annotations", "completions", "predictions")
    has_results = any(isinstance(each.get(key), list) for each in held for key in keys)
    return has_results and all(isinstance(each.get("data"), dict) for each in held)


def read_label_studio(tasks: Sequence[dict[str, Any]], knows: Knows) -> FieldTable:
    """Read what annotations say of whole images.

    Annotations that were cancelled do not count. Where one is the ground truth it counts alone. Where people disagree
    an image has no value, which is reported. Regions are for `unpool segment`.

    Args:
        tasks: The export.
        knows: Whether a text names an image of the collection.

    Raises:
        UnpoolError: No task names an image, or a task is not as Label Studio writes it.
    """
    key = _find_path_key(tasks, knows)
    kinds: dict[str, str] = {}
    counts: Counter[str] = Counter()
    disagreed: Counter[str] = Counter()
    rows: list[_Fields] = []
    for number, task in enumerate(tasks, 1):
        try:
            annotations = [_read_results(each, kinds, counts) for each in _count_annotations(task, counts)]
        except (KeyError, TypeError, AttributeError) as error:
            raise UnpoolError(f"{UNIT} {number} is not as Label Studio writes it: {error}") from None
        rows.append(_unite(annotations, disagreed))
    names = [*kinds, *(name for name in _data_names(tasks, key) if name not in kinds)]
    columns: dict[str, list[Value]] = {
        name: [row.get(name, _data_value(task, name)) for row, task in zip(rows, tasks, strict=True)]
        for name in names
    }
    label = _find_label(kinds)
    no_label = (
        "" if label else "no annotation of its tasks has choices; label the images, then export them again"
    )
    paths = [str(task["data"].get(key) or "") for task in tasks]
    table = FieldTable(paths, columns, list(range(1, len(paths) + 1)), label, no_label, unit=UNIT)
    table.remarks = _describe(kinds, label, counts, disagreed)
    return table


def drop_bookkeeping(table: FieldTable) -> None:
    """Drop what Label Studio adds to the rows of tables."""
    if table.columns.keys() >= MARKS:
        for name in BOOKKEEPING & table.columns.keys():
            del table.columns[name]


def _find_path_key(tasks: Sequence[dict[str, Any]], knows: Knows) -> str:
    """The key of `data` under which most tasks name an image of the collection."""
    known: Counter[str] = Counter()
    for task in tasks:
        known.update({name: knows(value) for name, value in task["data"].items() if isinstance(value, str)})
    if not known:
        raise UnpoolError("none of its tasks has data that names an image")
    ranked = {name: place for place, name in enumerate(reversed(PATH_NAMES))}
    return max(known, key=lambda name: (known[name], ranked.get(normalise_name(name), -1)))


def _count_annotations(task: dict[str, Any], counts: Counter[str]) -> list[dict[str, Any]]:
    """The annotations of a task that count; the ground truth alone where there is one."""
    every = task.get("annotations") or task.get("completions") or []
    valid = [each for each in every if each.get("was_cancelled") is not True]
    counts["cancelled"] += len(every) - len(valid)
    return [each for each in valid if each.get("ground_truth") is True] or valid


def _read_results(annotation: dict[str, Any], kinds: dict[str, str], counts: Counter[str]) -> _Fields:
    """The values of one annotation, by the name of the control."""
    found: _Fields = {}
    for result in annotation.get("result") or []:
        kind, value = result.get("type"), result.get("value") or {}
        if kind not in VALUE_KEYS or "x" in value or "points" in value or "rle" in value:
            counts["regions"] += "type" in result
            continue
        name = str(result["from_name"])
        kinds[name] = kind
        held = value[VALUE_KEYS[kind]]
        if kind == "taxonomy":
            held = [LEVELS.join(map(str, levels)) for levels in held]
        found[name] = _join(found.get(name), unwrap(read_value(held)))
    return found


def _join(first: Value, second: Value) -> Value:
    """Values of one control that was used twice."""
    if first is None or second is None:
        return second if first is None else first
    texts = [
        *(first if isinstance(first, list) else [first]),
        *(second if isinstance(second, list) else [second]),
    ]
    return unwrap(list(dict.fromkeys(texts)))


def _unite(annotations: Sequence[_Fields], disagreed: Counter[str]) -> _Fields:
    """The values on which all annotations of a task agree."""
    found: _Fields = {}
    for name in dict.fromkeys(name for each in annotations for name in each):
        values = [each[name] for each in annotations if name in each]
        if all(_order(value) == _order(values[0]) for value in values):
            found[name] = values[0]
        else:
            disagreed[name] += 1
            found[name] = None
    return found


def _order(value: Value) -> Value:
    return sorted(value) if isinstance(value, list) else value


def _data_names(tasks: Sequence[dict[str, Any]], key: str) -> list[str]:
    """Other data of the tasks, such as a title, where it is text or numbers."""
    names = dict.fromkeys(name for task in tasks for name in task["data"])
    nested = {
        name for task in tasks for name, value in task["data"].items() if isinstance(value, list | dict)
    }
    return [name for name in names if name != key and name not in nested]


def _data_value(task: dict[str, Any], name: str) -> Value:
    value = task["data"].get(name)
    return None if isinstance(value, list | dict) else read_value(value)


def _find_label(kinds: dict[str, str]) -> str:
    """The control whose choices are taken for labels: the one that is named so, else the first."""
    choices = [name for name, kind in kinds.items() if kind in CHOICES]
    ranked = {name: place for place, name in enumerate(LABEL_NAMES)}
    return min(choices, key=lambda name: ranked.get(normalise_name(name), len(ranked)), default="")


def _describe(kinds: dict[str, str], label: str, counts: Counter[str], disagreed: Counter[str]) -> list[str]:
    lines = []
    choices = [name for name, kind in kinds.items() if kind in CHOICES]
    if len(choices) > 1:
        lines.append(f"{label!r} was taken for the labels, of the choices {', '.join(map(repr, choices))}")
    if counts["cancelled"]:
        lines.append(f"annotations that were cancelled and do not count: {counts['cancelled']}")
    if counts["regions"]:
        lines.append(
            f"regions, which are no value of a whole image and were passed over: {counts['regions']}"
        )
    lines += [
        f"images without {name!r}, since their annotators disagree: {count}"
        for name, count in disagreed.items()
    ]
    return lines
