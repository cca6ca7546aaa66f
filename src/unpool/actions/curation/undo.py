"""Undo and redo the last thing done to a workspace.

A change is written whole before the table is touched. After a kill in between, the next command drops it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TypedDict

from unpool.actions.history.recording import edits, make_change, take_step
from unpool.errors import UnpoolError
from unpool.store.journal import (
    Change,
    done_steps,
    next_record,
    place_of,
    read_entry,
    read_message,
    undone_steps,
)
from unpool.store.state import groups_stamp, read_state
from unpool.store.table import ImageTable


class EditResult(TypedDict):
    """Number of changed images, and a line of text."""

    changed: int
    message: str


def apply(work: Path, change: Change, *, refresh: bool = True) -> EditResult:
    """Record a change, then make it.

    Args:
        work: the workspace.
        change: what to do; nothing where it changes no image.
        refresh: rewrite the files of the groups and the report, where groups change.

    Returns:
        How many images were changed, and a message.
    """
    if change.paths:
        change = replace(change, embedded_by=read_state(work).get("embedded_by"))
        make_change(work, next_record(work), change, refresh=refresh)
    return {"changed": len(change.paths), "message": change.message}


def last_edit(work: Path) -> str | None:
    """Say what `undo` would undo; None where there is nothing."""
    files = done_steps(work)
    return read_message(files[-1]) if files else None


def last_undone(work: Path) -> str | None:
    """Say what `redo` would redo; None where there is nothing."""
    files = undone_steps(work)
    return read_message(files[0]) if files else None


@edits("unpool undo")
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
    if (
        isinstance(entry, Change)
        and entry.grouped is not None
        and entry.grouped != groups_stamp(place_of(work, entry))
    ):
        files[-1].unlink(missing_ok=True)
        raise UnpoolError(
            f"“{entry.message}” cannot be undone: the groups of {work} were computed again since; "
            "undo again for the edit before it"
        )
    changed = take_step(work, files[-1], entry, undo=True, refresh=refresh)
    return {"changed": changed, "message": f"undone: {entry.message}"}


@edits("unpool redo")
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
    changed = take_step(work, files[0], entry, undo=False, refresh=refresh)
    return {"changed": changed, "message": f"redone: {entry.message}"}
