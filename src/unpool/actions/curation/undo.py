"""Undo and redo the last thing done to a workspace.

A change is written whole before the table is touched. After a kill in between, undoing it finds nothing to do:
a value is only restored where it still is what the edit made of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypedDict

from unpool.actions.grouping.group import rewrite_group_files
from unpool.errors import UnpoolError
from unpool.store.csv_files import write_groups, write_problems
from unpool.store.journal import (
    Change,
    Columns,
    Entry,
    Step,
    add,
    bring_back,
    done_steps,
    move_to_done,
    move_to_undone,
    read_entry,
    read_message,
    undone_steps,
)
from unpool.store.lock import PATIENCE, exclusive
from unpool.store.state import groups_stamp, read_state, write_state
from unpool.store.table import ImageTable

COMPACT_EVERY = 50  # versions of the table


class EditResult(TypedDict):
    """Number of changed images, and a line of text."""

    changed: int
    message: str


def apply(work: Path, table: ImageTable, change: Change, *, refresh: bool = True) -> EditResult:
    """Record a change, then make it.

    Args:
        work: the workspace.
        table: its table.
        change: what to do; nothing where it changes no image.
        refresh: rewrite the files of the groups and the report, where groups change.

    Returns:
        How many images were changed, and a message.
    """
    if change.paths:
        state = read_state(work)
        add(work, replace(change, embedded_by=state.get("embedded_by")))
        if "group" in change.after:
            write_state(work, group=state.get("group", {}) | {"source": "hand"})
        _write(work, table, change.paths, change.after, refresh)
    return {"changed": len(change.paths), "message": change.message}


def last_edit(work: Path) -> str | None:
    """Say what `undo` would undo; None where there is nothing."""
    files = done_steps(work)
    return read_message(files[-1]) if files else None


def last_undone(work: Path) -> str | None:
    """Say what `redo` would redo; None where there is nothing."""
    files = undone_steps(work)
    return read_message(files[0]) if files else None


@exclusive("unpool undo", patience=PATIENCE)
def undo(work: Path, *, refresh: bool = True) -> EditResult:
    """Undo the last thing that was done.

    Images that have gone since, or were changed otherwise, stay as they are.

    Args:
        work: the workspace.
        refresh: rewrite the files of the groups and the report, where groups change.

    Raises:
        UnpoolError: nothing is left to undo, or an edit changed groups that were computed again since; that edit is
            then forgotten, and the one before it is next.
    """
    ImageTable(work)
    files = done_steps(work)
    if not files:
        raise UnpoolError(f"nothing of {work} is left to undo; `unpool label` and others can be undone")
    entry = read_entry(files[-1])
    if isinstance(entry, Change) and entry.grouped is not None and entry.grouped != groups_stamp(work):
        files[-1].unlink(missing_ok=True)
        raise UnpoolError(
            f"“{entry.message}” cannot be undone: the groups of {work} were computed again since; "
            "undo again for the edit before it"
        )
    changed = _move(work, entry, undo=True, refresh=refresh)
    move_to_undone(work, files[-1])
    return {"changed": changed, "message": f"undone: {entry.message}"}


@exclusive("unpool redo", patience=PATIENCE)
def redo(work: Path, *, refresh: bool = True) -> EditResult:
    """Do again what was undone last.

    Args:
        work: the workspace.
        refresh: rewrite the files of the groups and the report, where groups change.

    Raises:
        UnpoolError: nothing was undone, or something else was done since.
    """
    ImageTable(work)
    files = undone_steps(work)
    if not files:
        raise UnpoolError(f"nothing of {work} was undone, or something else was done since")
    entry = read_entry(files[0])
    changed = _move(work, entry, undo=False, refresh=refresh)
    move_to_done(work, files[0])
    return {"changed": changed, "message": f"redone: {entry.message}"}


def _move(work: Path, entry: Entry, *, undo: bool, refresh: bool) -> int:
    """Make the workspace what it was before an entry, or after it; the number of images that changed."""
    if isinstance(entry, Step):
        return _move_step(work, entry, undo=undo, refresh=refresh)
    table = ImageTable(work)
    change = entry if undo else replace(entry, before=entry.after, after=entry.before)
    paths, columns = _values_to_restore(table, _of_this_model(work, change))
    if paths:
        _write(work, table, paths, columns, refresh)
    return len(paths)


def _move_step(work: Path, step: Step, *, undo: bool, refresh: bool) -> int:
    changed = bring_back(work, step, undo=undo)
    if step.columns is None:
        write_problems(work, ImageTable(work))
    if step.columns is None or "group" in step.columns:
        write_groups(work, ImageTable(work))
    if refresh:
        rewrite_group_files(work)
    return changed


def _of_this_model(work: Path, change: Change) -> Change:
    """The change without suggestions of a former model."""
    if change.embedded_by == read_state(work).get("embedded_by"):
        return change
    after = {name: values for name, values in change.after.items() if not name.startswith("suggestion")}
    return replace(change, after=after)


def _values_to_restore(table: ImageTable, change: Change) -> tuple[list[str], Columns]:
    """The images of a change that are still as it left them, and their values before it."""
    rows = table.some(change.paths, list(change.after))
    row_of = {path: row for row, path in enumerate(change.paths)}
    order = [row_of[path] for path in rows["path"].to_pylist()]
    columns, is_touched = {}, [False] * len(order)
    for name, after in change.after.items():
        values = rows[name].to_pylist()
        for position, row in enumerate(order):
            if values[position] == after[row]:
                is_touched[position] |= change.before[name][row] != values[position]
                values[position] = change.before[name][row]
        columns[name] = values
    kept = [position for position, touched in enumerate(is_touched) if touched]
    return [change.paths[order[position]] for position in kept], {
        name: [values[position] for position in kept] for name, values in columns.items()
    }


def _write(work: Path, table: ImageTable, paths: Sequence[str], columns: Columns, refresh: bool) -> None:
    table.update(paths, dict(columns))
    if table.version % COMPACT_EVERY == 0:
        table.compact()
    if "group" in columns:
        write_groups(work, table)
        if refresh:
            rewrite_group_files(work)
