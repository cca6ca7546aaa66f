"""Bring back what was before a step, or after it."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from unpool.actions.grouping.group_files import rewrite_group_files
from unpool.errors import UnpoolError
from unpool.store.csv_files import write_groups, write_problems
from unpool.store.journal import Change, Columns, Entry, Step, bring_back
from unpool.store.state import read_state
from unpool.store.table import ImageTable

COMPACT_EVERY = 50  # versions of the table


def restore(work: Path, entry: Entry, *, undo: bool, refresh: bool = True) -> int:
    """Bring back what was before an entry, or after it.

    Args:
        work: the workspace.
        entry: what was done.
        undo: whether to what it was before it, else after it.
        refresh: rewrite the files of the groups and the report, where groups change.

    Returns:
        The number of images that changed.
    """
    if isinstance(entry, Step):
        return _restore_step(work, entry, undo=undo, refresh=refresh)
    table = ImageTable(work)
    change = entry if undo else replace(entry, before=entry.after, after=entry.before)
    paths, columns = values_to_restore(table, _of_this_model(work, change))
    if paths:
        write_values(work, table, paths, columns, refresh)
    return len(paths)


def _restore_step(work: Path, step: Step, *, undo: bool, refresh: bool) -> int:
    changed = bring_back(work, step, undo=undo)
    if step.columns is None:
        write_problems(work, ImageTable(work))
    if step.columns is None or "group" in step.columns:
        write_groups(work, ImageTable(work))
    if refresh:
        _rewrite_group_files(work)
    return changed


def _of_this_model(work: Path, change: Change) -> Change:
    """The change without suggestions of a former model."""
    if change.embedded_by == read_state(work).get("embedded_by"):
        return change
    after = {name: values for name, values in change.after.items() if not name.startswith("suggestion")}
    return replace(change, after=after)


def values_to_restore(table: ImageTable, change: Change) -> tuple[list[str], Columns]:
    """Find the images that are as a change left them.

    Returns:
        Their paths, and their values before it.
    """
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


def write_values(
    work: Path, table: ImageTable, paths: Sequence[str], columns: Columns, refresh: bool
) -> None:
    """Write values of images, and the files that show them.

    Args:
        work: the workspace.
        table: its table.
        paths: the images.
        columns: the values of each, by column.
        refresh: rewrite the files of the groups and the report, where groups change.
    """
    table.update(paths, dict(columns))
    if table.version % COMPACT_EVERY == 0:
        table.compact()
    if "group" in columns:
        write_group_files(work, table, refresh)


def write_group_files(work: Path, table: ImageTable, refresh: bool) -> None:
    """Write groups.csv.

    Args:
        work: the workspace.
        table: its table.
        refresh: write the other files of the groups and the report too.
    """
    write_groups(work, table)
    if refresh:
        _rewrite_group_files(work)


def _rewrite_group_files(work: Path) -> None:
    """Nothing embedded, or no model, hinders the report alone: what was done to the table is done."""
    with contextlib.suppress(UnpoolError):
        rewrite_group_files(work)
