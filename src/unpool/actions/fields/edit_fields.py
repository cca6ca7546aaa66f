"""Values of fields, given by hand.

Each edit can be undone.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from unpool.actions.curation.edit import label
from unpool.actions.curation.row_changes import Paths, count_images, set_values
from unpool.actions.curation.stale_suggestions import forget_stale
from unpool.actions.curation.undo import EditResult
from unpool.actions.history.recording import edits, recording
from unpool.errors import UnpoolError, UsageError, nearest_name
from unpool.store.fields.kinds import Kind, Value, format_value
from unpool.store.fields.names import LABEL, Field
from unpool.store.fields.selections import SELECTIONS, read_selections, values_with
from unpool.store.fields.values import (
    SUGGESTIONS,
    FieldCounts,
    Values,
    changes_of,
    known_field,
    prepare_values,
    read_field,
)
from unpool.store.journal import Change
from unpool.store.table import ImageTable


@edits("unpool label")
def set_field(
    work: Path, paths: Paths, name: str, value: Value | None, kind: Kind | None = None
) -> EditResult:
    """Give images a value of a field; None removes theirs.

    Args:
        work: the workspace.
        paths: the images, relative to their folder.
        name: the field; it is made where there is none.
        value: text, a number, a date as text, or a list of texts.
        kind: of a new field; None guesses it from the value.

    Returns:
        How many images were changed, and a message.

    Raises:
        UsageError: the name cannot be a field's, or the field is of another kind.
        UnpoolError: the value is not of the field's kind, or a path is not in the workspace.
    """
    if name == LABEL:
        return label(work, paths, None if value is None else str(value))
    table = ImageTable(work)
    if value is None:
        field = known_field(table, name)
        return set_values(
            work, paths, {field.column: None}, lambda count: f"removed the {field.name} of {count}"
        )
    prepared = prepare_values(table, name, {"": value}, kind)
    field = next(iter(prepared))
    if len(prepared) > 1:
        raise UsageError(
            f"the values of {field.name!r} are of another kind than {kind}; change all of them first"
        )
    held = prepared[field][""]
    if held is None:
        raise UsageError(f"the value of {field.name!r} is empty; None removes one")
    shown = format_value(held, field.kind)
    return set_values(
        work, paths, {field.column: held}, lambda count: f"gave {count} the {field.name} ‘{shown}’"
    )


@edits("unpool label")
def fill_field(work: Path, name: str, values: Values, kind: Kind | None = None) -> FieldCounts:
    """Write values of a field as one step.

    Args:
        work: the workspace.
        name: the field; it is made where there is none.
        values: the value of each image by path, None removes one; other images keep theirs.
        kind: of a new field, or another one for all values; None keeps or guesses it.

    Returns:
        How many paths are images, how many are none, and how many values are others now.

    Raises:
        UsageError: the name cannot be a field's.
        UnpoolError: a value is not of the field's kind.
    """
    table = ImageTable(work)
    num_matched = table.some(list(values), []).num_rows
    prepared = prepare_values(table, name, values, kind)
    field = next(iter(prepared))
    changed = apply_values(work, prepared, lambda count: f"{field.name} of {count_images(count)}")
    return {"matched": num_matched, "extra": len(values) - num_matched, "changed": changed}


def set_kind(work: Path, name: str, kind: Kind) -> int:
    """Change what the values of a field are.

    Args:
        work: the workspace.
        name: the field.
        kind: what its values are from now on.

    Returns:
        The number of images that have a value.

    Raises:
        UsageError: there is no such field.
        UnpoolError: a value is not of this kind.
    """
    fill_field(work, known_field(work, name).name, {}, kind)
    return len(read_field(work, name))


def remove_field(work: Path, name: str) -> int:
    """Remove all values of a field. Returns how many there were.

    Raises:
        UsageError: there is no such field.
    """
    return fill_field(work, known_field(work, name).name, dict.fromkeys(read_field(work, name)))["changed"]


@edits("unpool label")
def save_selection(work: Path, name: str, paths: Sequence[str]) -> EditResult:
    """Save some images under a name.

    A selection of this name is replaced.

    Args:
        work: the workspace.
        name: of the selection.
        paths: the images, as in the table.

    Returns:
        How many images were changed, and a message.

    Raises:
        UsageError: the name is empty, too long or more than a line, or there is no image.
        UnpoolError: a path is not in the workspace.
    """
    if not len(paths):
        raise UsageError(f"selection {name!r} has no image; select one at least")
    chosen = list(dict.fromkeys(paths))
    known = set(ImageTable(work).some(chosen, [])["path"].to_pylist())
    if unknown := [path for path in chosen if path not in known]:
        raise UnpoolError(
            f"{unknown[0]!r} is no image of {work}; paths are relative to its folder, as in groups.csv"
        )
    return _write_selection(
        work, values_with(work, name, chosen), f"saved {count_images(len(chosen))} as ‘{name}’"
    )


@edits("unpool label")
def forget_selection(work: Path, name: str) -> EditResult:
    """Forget a saved selection.

    Args:
        work: the workspace.
        name: of the selection.

    Returns:
        How many images were in it, and a message.

    Raises:
        UsageError: there is none of this name.
    """
    known = read_selections(work)
    if name not in known:
        raise UsageError(f"{work} has no selection {name!r}{nearest_name(name, list(known))}")
    return _write_selection(work, values_with(work, name, []), f"forgot the selection ‘{name}’")


def _write_selection(work: Path, values: Values, message: str) -> EditResult:
    prepared = prepare_values(ImageTable(work), SELECTIONS, values, "tags")
    changed = apply_values(work, prepared, lambda count: message)
    return {"changed": changed, "message": message if changed else "nothing to change"}


def apply_values(work: Path, values_of: Mapping[Field, Values], message: Callable[[int], str]) -> int:
    """Write values of several fields as one step.

    The workspace is held by the caller.

    Args:
        work: the workspace.
        values_of: the values of each image by path, of several fields.
        message: from the number of images that change what is done, in one line.

    Returns:
        The number of images that changed.
    """
    table = ImageTable(work)
    paths, columns = changes_of(table, values_of)
    with recording(work, list(columns)) as note:
        if LABEL in columns:
            _forget_stale_suggestions(table, paths, columns[LABEL])
        table.update(paths, columns)
        note(message(len(paths)) if paths else None)
    return len(paths)


def _forget_stale_suggestions(table: ImageTable, paths: Sequence[str], labels: Sequence[str | None]) -> None:
    """Remove suggestions of other images that came from labels which are replaced."""
    before = table.some(paths, [LABEL])[LABEL].to_pylist()
    change = Change("", list(paths), {LABEL: before}, {LABEL: list(labels)})
    others = forget_stale(table.work, change).paths[len(paths) :]
    table.update(others, {name: [None] * len(others) for name in SUGGESTIONS})
