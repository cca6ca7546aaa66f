"""Read and write the values of fields.

What is written here is part of the step of the verb that calls it; `actions/fields/edit_fields.py` makes it a step of
its own, which can be undone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from unpool.errors import UnpoolError, UsageError, nearest_name
from unpool.store.columns import names_from
from unpool.store.fields.kinds import Kind, Value, format_value, read_values
from unpool.store.fields.names import LABEL, Field, check_field_name, field_of_column
from unpool.store.table import ImageTable

SUGGESTIONS = ("suggestion", "suggestion_confidence")  # which no image has beside a label
NUM_NAMED = 3

Values = Mapping[str, Value | None]  # path → value


class FieldCounts(TypedDict):
    """What became of the values of a field.

    Images that are in the table, paths that are not, and images whose value is another now.
    """

    matched: int
    extra: int
    changed: int


def fields_of(work: Path | ImageTable) -> list[Field]:
    """List the fields in which any image has a value.

    `label` comes first, and is there in any case.
    """
    table = work if isinstance(work, ImageTable) else ImageTable(work)
    counts = table.count_values([field.column for field in stored_fields(table)])
    found = [field for field in stored_fields(table) if counts[field.column]]
    return [Field(LABEL, "choice"), *sorted(found, key=lambda field: field.name.casefold())]


def stored_fields(table: ImageTable) -> list[Field]:
    """List the fields that have a column, without the label.

    Where the kind of a field was changed, or a field was undone, a column without values is left.
    """
    found = (field_of_column(name) for name in table.stored_columns if name != LABEL)
    return [field for field in found if field is not None]


def personal_columns(table: ImageTable) -> list[str]:
    """The columns that hold what people said of images."""
    return [*names_from("person"), *(field.column for field in stored_fields(table))]


def find_field(work: Path | ImageTable, name: str) -> Field | None:
    """Find a field by its name, whatever its capitals.

    None where no image has a value of it.
    """
    same = [field for field in fields_of(work) if field.name.casefold() == name.strip().casefold()]
    return max(same, key=lambda field: field.name == name, default=None)


def known_field(work: Path | ImageTable, name: str) -> Field:
    """Return a field by its name.

    Raises:
        UsageError: There is none; it names those there are.
    """
    table = work if isinstance(work, ImageTable) else ImageTable(work)
    field = find_field(table, name)
    if field is None:
        names = [each.name for each in fields_of(table)]
        near = nearest_name(name, names) or f"; it has {', '.join(names)}"
        raise UsageError(f"{table.work} has no field {name!r}{near}")
    return field


def read_field(work: Path | ImageTable, name: str) -> dict[str, Value]:
    """Read the values of a field.

    Args:
        work: The workspace, or its table.
        name: The field.

    Returns:
        Text, number, list of tags, or seconds since 1970 for a date, by path; images without a value are left out.

    Raises:
        UsageError: There is no such field.
    """
    table = work if isinstance(work, ImageTable) else ImageTable(work)
    column = known_field(table, name).column
    rows = table.arrow(["path", column])
    rows = rows.filter(rows[column].is_valid())
    return dict(zip(rows["path"].to_pylist(), rows[column].to_pylist(), strict=True))


def write_field(work: Path, name: str, values: Values, kind: Kind | None = None) -> FieldCounts:
    """Write values of a field.

    It is made where there is none.

    Args:
        work: The workspace.
        name: The field; `label` is the label.
        values: The value of each image by path, None removes one; other images keep theirs.
        kind: Of a new field; None guesses it from the values.

    Returns:
        How many paths are images, how many are none, and how many values are others now.

    Raises:
        UsageError: The name cannot be a field's.
        UnpoolError: A value is not of the kind of the field.
    """
    table = ImageTable(work)
    paths, columns = changes_of(table, prepare_values(table, name, values, kind))
    table.update(paths, columns)
    there = table.some(list(values), [])["path"].to_pylist()
    return {"matched": len(there), "extra": len(values) - len(there), "changed": len(paths)}


def prepare_values(
    table: ImageTable, name: str, values: Values, kind: Kind | None = None
) -> dict[Field, Values]:
    """Check values, and find the field that they go into.

    Args:
        table: The table.
        name: The field.
        values: The value of each image by path.
        kind: Of the field; None keeps it, or guesses that of a new one.

    Returns:
        The values as the field's column holds them; where its kind changes, those of the former column too.

    Raises:
        UsageError: The name cannot be a field's.
        UnpoolError: A value is not of the kind of the field.
    """
    checked = check_field_name(name)
    known = find_field(table, checked)
    if known is not None:
        checked, kind = known.name, kind or known.kind
    former: dict[str, Value] = {}
    if known is not None and kind != known.kind:
        if known.name == LABEL:
            raise UsageError(f"the label is a choice, and cannot be of the kind {kind}; name another field")
        former = read_field(table, checked)
        values = {path: format_value(value, known.kind) for path, value in former.items()} | dict(values)
    read = read_values(list(values.values()), kind)
    if read.invalid:
        shown = ", ".join(repr(text[:60]) for text in dict.fromkeys(read.invalid[:NUM_NAMED]))
        more = f" and {len(read.invalid) - NUM_NAMED} more" if len(read.invalid) > NUM_NAMED else ""
        raise UnpoolError(
            f"field {checked!r} is of the kind {read.kind}, and these are not: {shown}{more}; "
            "correct them, or give another --kind"
        )
    found: dict[Field, Values] = {Field(checked, read.kind): dict(zip(values, read.values, strict=True))}
    return found | ({known: dict.fromkeys(former)} if known is not None and former else {})


def changes_of(
    table: ImageTable, values_of: Mapping[Field, Values]
) -> tuple[list[str], dict[str, list[Any]]]:
    """Say what writing values changes in the table.

    Args:
        table: The table.
        values_of: The value of each image by path, of several fields; paths that are no images are left out.

    Returns:
        The images that change, and their new values by column.
    """
    columns = [field.column for field in values_of]
    extra = SUGGESTIONS if LABEL in columns else ()
    rows = table.some(
        list(dict.fromkeys(path for each in values_of.values() for path in each)), [*columns, *extra]
    )
    paths: list[str] = rows["path"].to_pylist()
    before = {name: rows[name].to_pylist() for name in (*columns, *extra)}
    after = {
        field.column: [each.get(path, old) for path, old in zip(paths, before[field.column], strict=True)]
        for field, each in values_of.items()
    }
    for name in extra:
        after[name] = [
            old if label is None else None for old, label in zip(before[name], after[LABEL], strict=True)
        ]
    changed = [
        row for row in range(len(paths)) if any(before[name][row] != after[name][row] for name in after)
    ]
    return [paths[row] for row in changed], {
        name: [column[row] for row in changed] for name, column in after.items()
    }
