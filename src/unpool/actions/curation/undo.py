"""The history of edits by hand, kept in WORK/edits.

A change is written whole before the table is touched. After a kill in between, undoing it finds nothing to do:
a value is only restored where it still is what the edit made of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, TypedDict

from unpool.actions.grouping.group import rewrite_group_files
from unpool.core.atomic_files import write_text
from unpool.errors import UnpoolError
from unpool.store.csv_files import write_groups
from unpool.store.lock import PATIENCE, exclusive
from unpool.store.state import groups_stamp, read_state
from unpool.store.table import ImageTable

EDITS = "edits"
MAX_HEAD_BYTES = 10_000  # of the line that says what an edit did
MAX_EDITS, MAX_EDIT_BYTES = 100, 200_000_000  # that can be undone; fewer edits where they are large
COMPACT_EVERY = 50  # versions of the table
OLD_MESSAGE = "told"  # what version 0.1.0 called `message`

Columns = dict[str, list[Any]]


class EditResult(TypedDict):
    """Number of changed images, and a line of text."""

    changed: int
    message: str


@dataclass(frozen=True)
class Change:
    """Some columns of some images, before and after an edit.

    Attributes:
        message: what the edit did, in one line.
        paths: the images it changed.
        before: their values of each column before it.
        after: their values of each column after it.
        grouped: which grouping the numbers belong to, where groups are changed.
        embedded_by: the model whose suggestions there were.
    """

    message: str
    paths: list[str]
    before: Columns
    after: Columns
    grouped: str | None = None
    embedded_by: str | None = None


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
        _record(work, replace(change, embedded_by=read_state(work).get("embedded_by")))
        _write(work, table, change.paths, change.after, refresh)
    return {"changed": len(change.paths), "message": change.message}


def last_edit(work: Path) -> str | None:
    """Say what `undo` would undo; None where there is nothing."""
    files = _files(work)
    if not files:
        return None
    with files[-1].open("rb") as file:  # the head alone: the rest can be large
        head = file.readline(MAX_HEAD_BYTES).decode("utf-8", "replace")
    try:
        return str(_head(head)["message"])
    except (ValueError, KeyError, TypeError):
        return "an edit whose record is damaged"


@exclusive("undo", patience=PATIENCE)
def undo(work: Path, *, refresh: bool = True) -> EditResult:
    """Undo the last edit.

    Images that have gone since, or were changed otherwise, stay as they are.

    Args:
        work: the workspace.
        refresh: rewrite the files of the groups and the report, where groups change.

    Raises:
        UnpoolError: there is no edit, or it changed groups that were computed again since; that edit is then
            forgotten, and the one before it is next.
    """
    table, files = ImageTable(work), _files(work)
    if not files:
        raise UnpoolError(f"no edit of {work} is left to undo; `unpool label` and the page make some")
    change = _read(files[-1])
    if change.grouped is not None and change.grouped != groups_stamp(work):
        files[-1].unlink(missing_ok=True)
        raise UnpoolError(
            f"“{change.message}” cannot be undone: the groups of {work} were computed again since; "
            "undo again for the edit before it"
        )
    paths, columns = _values_to_restore(table, _of_this_model(work, change))
    if paths:
        _write(work, table, paths, columns, refresh)
    files[-1].unlink(missing_ok=True)
    return {"changed": len(paths), "message": f"undone: {change.message}"}


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


def _record(work: Path, change: Change) -> None:
    files = _files(work)
    number = int(files[-1].stem) + 1 if files else 1
    file = work / EDITS / f"{number:06}.json"
    values = asdict(change)
    head = {"message": values.pop("message")}
    lines = [json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in (head, values)]
    write_text(file, "\n".join(lines) + "\n")
    room = MAX_EDIT_BYTES - file.stat().st_size
    for count, old in enumerate(reversed(files), start=2):
        room -= old.stat().st_size
        if count > MAX_EDITS or room < 0:
            old.unlink(missing_ok=True)


def _files(work: Path) -> list[Path]:
    """The records of edits, oldest first."""
    found = [path for path in (work / EDITS).glob("*.json") if path.stem.isdecimal()]
    return sorted(found, key=lambda path: int(path.stem))


def _read(file: Path) -> Change:
    try:
        head, values = file.read_text("utf-8").strip("\n").split("\n")
        return Change(**_head(head), **json.loads(values))
    except (ValueError, TypeError) as error:
        raise UnpoolError(f"{file} is damaged; delete it to undo the edit before it") from error


def _head(line: str) -> dict[str, Any]:
    """The first line of a record, as this version or an older one wrote it."""
    head: dict[str, Any] = json.loads(line)
    if OLD_MESSAGE in head:
        head = {"message": head[OLD_MESSAGE]}
    return head
