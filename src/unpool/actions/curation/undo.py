"""What was edited by hand, kept in WORK/edits so that it can be taken back.

A change is written whole before the table is touched. After a kill in between, taking it back finds nothing to do:
a value is only restored where it still is what the edit made of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from unpool.core.atomic_files import write_text
from unpool.errors import UnpoolError
from unpool.store.csv_files import write_groups
from unpool.store.state import groups_stamp, read_state
from unpool.store.table import ImageTable

EDITS = "edits"
LONGEST = 10_000  # bytes of the line that says what an edit did
KEPT, KEPT_BYTES = 100, 200_000_000  # so many edits can be taken back, fewer where they are large
COMPACT_EVERY = 50  # versions of the table

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class Change:
    """Some columns of some images, before and after; `grouped` names the grouping where groups are changed."""

    told: str
    paths: list[str]
    before: Columns
    after: Columns
    grouped: str | None = None
    embedded_by: str | None = None  # whose suggestions there were


def apply(work: Path, table: ImageTable, change: Change) -> dict[str, Any]:
    """Remember a change, then make it; returns how many images it changed, and what happened in words."""
    if change.paths:
        _remember(work, replace(change, embedded_by=read_state(work).get("embedded_by")))
        _write(work, table, change.paths, change.after)
    return {"changed": len(change.paths), "told": change.told}


def last_edit(work: Path) -> str | None:
    """What `undo` would take back, in words; None where there is nothing. Only the head of its file is read."""
    files = _files(work)
    if not files:
        return None
    with files[-1].open("rb") as file:
        head = file.readline(LONGEST).decode("utf-8", "replace")
    try:
        return str(json.loads(head)["told"])
    except (ValueError, KeyError, TypeError):
        return "an edit whose record is damaged"


def undo(work: Path) -> dict[str, Any]:
    """Take the last edit back; images that have gone since, or were changed otherwise, stay as they are.

    Returns {"changed", "told"}. Raises `UnpoolError` where there is no edit, and where it moved images between
    groups that were made anew since; that edit is then forgotten, and the one before it is next.
    """
    table, files = ImageTable(work), _files(work)
    if not files:
        raise UnpoolError(f"no edit of {work} is left to undo; `unpool label` and the page make some")
    change = _read(files[-1])
    if change.grouped is not None and change.grouped != groups_stamp(work):
        files[-1].unlink(missing_ok=True)
        raise UnpoolError(
            f"“{change.told}” cannot be undone: the groups of {work} were made anew since; "
            "undo again for the edit before it"
        )
    paths, columns = _restored(table, _of_this_model(work, change))
    if paths:
        _write(work, table, paths, columns)
    files[-1].unlink(missing_ok=True)
    return {"changed": len(paths), "told": f"undone: {change.told}"}


def _of_this_model(work: Path, change: Change) -> Change:
    """The change without suggestions of a network that embeds these images no more."""
    if change.embedded_by == read_state(work).get("embedded_by"):
        return change
    after = {name: values for name, values in change.after.items() if not name.startswith("suggestion")}
    return replace(change, after=after)


def _restored(table: ImageTable, change: Change) -> tuple[list[str], Columns]:
    """The images of a change that are still as it left them, and their values before it."""
    rows = table.some(change.paths, list(change.after))
    row_of = {path: row for row, path in enumerate(change.paths)}
    order = [row_of[path] for path in rows["path"].to_pylist()]
    columns, touched = {}, [False] * len(order)
    for name, after in change.after.items():
        values = rows[name].to_pylist()
        for place, row in enumerate(order):
            if values[place] == after[row]:
                touched[place] |= change.before[name][row] != values[place]
                values[place] = change.before[name][row]
        columns[name] = values
    kept = [place for place, is_touched in enumerate(touched) if is_touched]
    return [change.paths[order[place]] for place in kept], {
        name: [values[place] for place in kept] for name, values in columns.items()
    }


def _write(work: Path, table: ImageTable, paths: Sequence[str], columns: Columns) -> None:
    table.update(paths, dict(columns))
    if "group" in columns:
        write_groups(work, table)
    if table.version % COMPACT_EVERY == 0:
        table.compact()


def _remember(work: Path, change: Change) -> None:
    files = _files(work)
    number = int(files[-1].stem) + 1 if files else 1
    file = work / EDITS / f"{number:06}.json"
    facts = asdict(change)
    head = {"told": facts.pop("told")}
    lines = [json.dumps(part, ensure_ascii=False, separators=(",", ":")) for part in (head, facts)]
    write_text(file, "\n".join(lines) + "\n")
    room = KEPT_BYTES - file.stat().st_size
    for place, old in enumerate(reversed(files), start=2):
        room -= old.stat().st_size
        if place > KEPT or room < 0:
            old.unlink(missing_ok=True)


def _files(work: Path) -> list[Path]:
    """The edits, oldest first."""
    found = [path for path in (work / EDITS).glob("*.json") if path.stem.isdecimal()]
    return sorted(found, key=lambda path: int(path.stem))


def _read(file: Path) -> Change:
    try:
        head, facts = file.read_text("utf-8").strip("\n").split("\n")
        return Change(**json.loads(head), **json.loads(facts))
    except (ValueError, TypeError) as error:
        raise UnpoolError(f"{file} is damaged; delete it to undo the edit before it") from error
