"""`unpool label --from FILE`: labels and fields from a file.

All that a file brings is one step, which can be undone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from typing_extensions import TypedDict

from unpool.actions.curation.row_changes import count_images
from unpool.actions.fields.edit_fields import apply_values
from unpool.actions.fields.settings import ImportSettings
from unpool.actions.grouping.labels import places_of
from unpool.actions.history.recording import edits
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UsageError, nearest_name
from unpool.images.labels.headings import LABEL_NAMES, normalise_name
from unpool.images.labels.image_fields import FieldValue, ImageFields, read_image_fields
from unpool.images.labels.true_labels import MAX_LISTED
from unpool.store.columns import OK
from unpool.store.fields.kinds import Kind, ReadValues, Value, read_values
from unpool.store.fields.names import LABEL, Field, check_field_name, is_own_column
from unpool.store.fields.values import find_field, prepare_values
from unpool.store.table import ImageTable

# Headings of a column of labels among others; `species` or `type` beside it is a field of its own.
LABEL_HEADINGS = frozenset(LABEL_NAMES[: LABEL_NAMES.index("species")])
SEVERAL_LABELS = "labels"  # the field of what is headed `label` and has several for an image
NUM_NAMED, MAX_FIELDS_NAMED = 3, 8
Columns = dict[str, dict[str, FieldValue]]  # field → image → value, as the file writes it


class ImportedField(TypedDict):
    """A field that a file brought.

    `column` is its heading in the file, `images` how many have a value there, `invalid` how many values do not fit.
    """

    name: str
    kind: Kind
    column: str
    images: int
    invalid: int


class Imported(TypedDict):
    """What a file brought.

    Images with a row and without, rows without an image, and images whose values are others now.
    """

    matched: int
    unmatched: int
    unmatched_images: list[str]  # the first thousand
    extra: int
    extra_rows: list[str]  # likewise, by path and line
    changed: int
    fields: list[ImportedField]
    message: str


@dataclass
class _Plan:
    """What is to be written, and what people should know of it."""

    values_of: dict[Field, Mapping[str, Value | None]] = field(default_factory=dict)
    fields: list[ImportedField] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)


@edits("unpool label")
def import_fields(work: Path, settings: ImportSettings, *, progress: Progress | None = None) -> Imported:
    """Read labels and fields from a file.

    Images that the file does not name, and empty cells, change nothing.

    Args:
        work: the workspace.
        settings: the file, and which of its columns.
        progress: where it is said what was matched and assumed.

    Returns:
        The JSON object of `unpool label --from`.

    Raises:
        UsageError: the file has no column of that name, or the field cannot have it.
        UnpoolError: the file names no image, or cannot be read.
    """
    check_settings(settings)
    progress, table = progress or Progress(), ImageTable(work)
    paths: list[str] = table.arrow(["path"], where=f"status = '{OK}'")["path"].to_pylist()
    found = read_image_fields(paths, settings.from_, places_of(work))
    kind = cast("Kind | None", settings.kind)
    if kind is not None and settings.field is None:
        raise UsageError("--kind says what one field is; give --field NAME too")
    columns, lines = _choose_columns(found, settings.field, settings.from_)
    plan = _plan(table, found, columns, kind)
    for line in [*found.lines, *lines, *plan.lines]:
        progress.message(line)
    names, source = _name_fields(plan), settings.from_.name
    changed = apply_values(
        work, plan.values_of, lambda count: f"{names} of {count_images(count)} from {source}"
    )
    return {
        "matched": len(found.matched),
        "unmatched": len(found.unmatched), "unmatched_images": found.unmatched[:MAX_LISTED],
        "extra": len(found.extra), "extra_rows": found.extra[:MAX_LISTED],
        "changed": changed, "fields": plan.fields,
        "message": f"{names}: {count_images(changed)} changed; images with a row: {len(found.matched)} of "
        f"{len(paths)}; rows without an image: {len(found.extra)}",
    }  # fmt: skip


def _choose_columns(found: ImageFields, name: str | None, file: Path) -> tuple[dict[str, str], list[str]]:
    """Which column of the file goes into which field, and what is said of the others."""
    label = found.label if _is_single(found) else ""
    if name is not None:
        return {_column_of(found, name, file): name}, []
    others = [column for column in found.values if column != label]
    if label and normalise_name(label) not in (LABEL_HEADINGS if others else LABEL_NAMES):
        others, label = list(found.values), ""
    own = [column for column in others if is_own_column(column.strip())]
    columns = ({label: LABEL} if label else {}) | {column: column for column in others if column not in own}
    lines = []
    if not label and (several := next((each for each in own if each.strip().lower() == LABEL), "")):
        own.remove(several)
        columns[several] = SEVERAL_LABELS
        lines.append(
            f"images have several labels, which a label cannot hold: they are the field {SEVERAL_LABELS!r}"
        )
    if label and label != LABEL:
        lines.append(f"{label!r} was taken for the label; give --field NAME to keep it as a field")
    if own:
        lines.append(
            f"left out, being columns of the table itself: {_name_some(own)}; rename what is meant as a field"
        )
    lines += _drop_twins(columns)
    if not columns:
        raise UnpoolError(f"{file} has no column for a field; columns of the table itself are left out")
    return columns, lines


def _drop_twins(columns: dict[str, str]) -> list[str]:
    """Leave out columns whose fields would differ from others in capitals alone."""
    first: dict[str, str] = {}
    lines = []
    for column, name in list(columns.items()):
        other = first.setdefault(name.strip().casefold(), column)
        if other != column:
            del columns[column]
            lines.append(
                f"{column!r} was left out, for its name differs from {other!r} in capitals alone; rename one"
            )
    return lines


def _is_single(found: ImageFields) -> bool:
    """Whether each image has one label at most."""
    return not any(
        isinstance(value, list) and len(value) > 1 for value in found.values.get(found.label, {}).values()
    )


def _column_of(found: ImageFields, name: str, file: Path) -> str:
    """The column of this name; else the only one, or for the label that of labels."""
    same = [column for column in found.values if column.strip().casefold() == name.strip().casefold()]
    if same:
        return same[0]
    if name == LABEL and found.label:
        return found.label
    if len(found.values) == 1:
        return next(iter(found.values))
    raise UsageError(
        f"{file} has no column {name!r}; it has {', '.join(found.values)}{nearest_name(name, list(found.values))}"
    )


def _plan(table: ImageTable, found: ImageFields, columns: Mapping[str, str], kind: Kind | None) -> _Plan:
    plan = _Plan()
    for column, name in columns.items():
        values, checked = found.values[column], check_field_name(name)
        if not values:
            plan.lines.append(f"{column!r} has no value for any image")
            continue
        known = find_field(table, checked)
        target = kind or (known.kind if known is not None else None)
        read = read_values([_flatten(value) for value in values.values()], target)
        if known is not None and kind is None and len(read.invalid) == len(values):
            raise UnpoolError(
                f"field {known.name!r} is of the kind {known.kind}, and no value of {column!r} is, such as "
                f"{read.invalid[0][:60]!r}; give another --kind, or another --field"
            )
        fitting = {path: value for path, value in zip(values, read.values, strict=True) if value is not None}
        if known is not None and known.kind != read.kind:
            plan.values_of |= prepare_values(table, checked, fitting, read.kind)
        else:
            plan.values_of[Field(checked if known is None else known.name, read.kind)] = fitting
        plan.fields.append(_describe_field(checked, column, read, len(fitting)))
        plan.lines += _describe_reading(checked, read, is_new=known is None)
    return plan


def _name_fields(plan: _Plan) -> str:
    names = [each["name"] for each in plan.fields]
    return _name_some(names) + (" fields" if len(names) > MAX_FIELDS_NAMED else "")


def _name_some(names: Sequence[str]) -> str:
    more = f" and {len(names) - MAX_FIELDS_NAMED} more" if len(names) > MAX_FIELDS_NAMED else ""
    return ", ".join(names[:MAX_FIELDS_NAMED]) + more


def _flatten(value: FieldValue) -> object:
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _describe_field(name: str, column: str, read: ReadValues, num_values: int) -> ImportedField:
    return {
        "name": name, "kind": read.kind, "column": column, "images": num_values, "invalid": len(read.invalid),
    }  # fmt: skip


def _describe_reading(name: str, read: ReadValues, *, is_new: bool) -> list[str]:
    lines = [f"{name}: {remark}" for remark in read.remarks]
    if is_new:
        lines.append(f"{name} is a new field, of the kind {read.kind}; --kind sets another")
    if read.invalid:
        shown = ", ".join(repr(text[:60]) for text in dict.fromkeys(read.invalid[:NUM_NAMED]))
        lines.append(
            f"{name}: values that are no {read.kind} were left out: {len(read.invalid)}, such as {shown}"
        )
    return lines
