"""All fields that a file has of a collection's images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from unpool.errors import UnpoolError
from unpool.images.labels.class_folders import is_folders
from unpool.images.labels.field_table import FieldTable, LabelRow, Value
from unpool.images.labels.label_file import read_field_file
from unpool.images.labels.path_matching import PathMatcher, describe_bases
from unpool.images.labels.true_labels import (
    NUM_EXAMPLES,
    clean_label,
    count_rows,
    describe_no_match,
    describe_rules,
    name_row,
    read_true_labels,
)

LABEL = "label"
FieldValue = str | list[str]


@dataclass(frozen=True)
class ImageFields:
    """The values of each field, and how rows matched.

    Args:
        values: Image → value, by the name of the field; text, as the file writes it, or several texts.
        label: The field that labels are read from; empty where none is known.
        matched: The images that have a row.
        unmatched: The images that have none.
        extra: The rows that have no image, by path and number.
        lines: What people should know of it, a sentence each.
    """

    values: dict[str, dict[str, FieldValue]]
    label: str
    matched: list[str]
    unmatched: list[str]
    extra: list[str]
    lines: list[str]


def read_image_fields(paths: Sequence[str], file: Path, places: Sequence[str] = ()) -> ImageFields:
    """Read the fields of images from a file.

    Args:
        paths: The images, relative to their folder.
        file: What `read_field_file` reads; or `folders`, `folders:LEVEL`, whose names are the labels.
        places: Where the images' folder is, in every way it is known.

    Returns:
        The values, with what matched and what did not.

    Raises:
        UnpoolError: The file names no image, or cannot be read.
    """
    if is_folders(str(file)) and not file.exists():
        return _read_folders(paths, str(file))
    matcher = PathMatcher(paths, places, describe_bases(file))
    table = read_field_file(file, matcher.knows)
    matches = matcher.match([path for path in table.paths if path.strip()])
    rows = [LabelRow(number, path, "") for number, path in zip(table.numbers, table.paths, strict=True)]
    if not matches.image_of:
        raise UnpoolError(describe_no_match(file, rows, table.unit, paths, places))
    several: Counter[str] = Counter()
    values = {
        name: _collect(table.paths, column, matches.image_of, name, several)
        for name, column in table.columns.items()
    }
    claimed = set(matches.image_of.values())
    extra_rows = [row for row in rows if row.path not in matches.image_of]
    matched = [path for path in paths if path in claimed]
    rules = Counter(matches.rule_of[path] for path in table.paths if path in matches.rule_of)
    lines = [
        f"{_describe_matches(len(matched), len(paths))}{describe_rules(rules)}",
        *_describe_extra(extra_rows, table.unit, matcher),
        *_describe_columns(table, several),
    ]
    return ImageFields(
        values,
        table.label,
        matched,
        [path for path in paths if path not in claimed],
        [name_row(row, table.unit) for row in extra_rows],
        [f"{file.name}: {line}" for line in lines],
    )


def _read_folders(paths: Sequence[str], labels: str) -> ImageFields:
    """The names of folders as labels; images that lie in no class folder have none."""
    found = read_true_labels(paths, labels)
    values: dict[str, FieldValue] = {
        path: clean_label(name)
        for path, name in zip(paths, found.classes, strict=True)
        if name is not None and clean_label(name)
    }
    unmatched = [path for path in paths if path not in values]
    lines = [line.replace("--labels", "--from") for line in found.lines]
    return ImageFields({LABEL: values}, LABEL, list(values), unmatched, [], lines)


def _collect(
    paths: Sequence[str],
    column: Sequence[Value],
    image_of: Mapping[str, str],
    name: str,
    several: Counter[str],
) -> dict[str, FieldValue]:
    """The value of each image; different ones of several rows are several choices, which are counted."""
    found: dict[str, FieldValue] = {}
    for path, value in zip(paths, column, strict=True):
        cleaned = _clean(value)
        if not cleaned or (image := image_of.get(path)) is None:
            continue
        if image not in found:
            found[image] = cleaned
        elif found[image] != cleaned:
            several[name] += not isinstance(found[image], list)
            found[image] = list(dict.fromkeys([*_to_list(found[image]), *_to_list(cleaned)]))
    return found


def _clean(value: Value) -> FieldValue:
    if isinstance(value, list):
        return list(dict.fromkeys(text for each in value if (text := clean_label(each))))
    return clean_label(value or "")


def _to_list(value: FieldValue) -> list[str]:
    return value if isinstance(value, list) else [value]


def _describe_matches(num_matched: int, num_images: int) -> str:
    if num_matched == num_images:
        return f"all {num_images} images have a row"
    return f"{num_matched} of {num_images} images have a row, {num_images - num_matched} have none"


def _describe_extra(rows: Sequence[LabelRow], unit: str, matcher: PathMatcher) -> list[str]:
    if not rows:
        return []
    named = [name_row(row, unit, matcher.count_names(row.path)) for row in rows[:NUM_EXAMPLES]]
    more = ", …" if len(rows) > NUM_EXAMPLES else ""
    return [f"{count_rows(len(rows), unit)} matched no image: {', '.join(named)}{more}"]


def _describe_columns(table: FieldTable, several: Counter[str]) -> list[str]:
    lines = [*([table.path_layout] if table.path_layout else []), *table.remarks]
    lines += [
        f"{name} has different values in several rows of {count} images, which were kept as several choices"
        for name, count in several.items()
    ]
    if table.left_out:
        lines.append(f"left out, being no value of an image: {', '.join(table.left_out)}")
    return lines
