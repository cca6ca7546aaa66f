"""`report/reading.json`: what was assumed in reading images.

One place for all of it, as data: notes of images, files left alone, and what commands record of the collection.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from typing_extensions import TypedDict

from unpool.core.atomic_files import write_json
from unpool.images.reading.notes import NOTE_KINDS, LeftOut, NoteKind, from_text
from unpool.store.columns import OK
from unpool.store.state import REPORT
from unpool.store.table import ImageTable

FILE = "reading.json"
FORMAT = 1
NUM_EXAMPLES = 3  # that the page shows
MAX_LISTED = 1000  # of a kind, in the file


class Example(TypedDict):
    """A file that a note is about."""

    path: str
    detail: str


class NoteCount(TypedDict):
    """A kind of note, its number of files and examples."""

    kind: str
    title: str
    meaning: str
    count: int
    examples: list[Example]


class Reading(TypedDict):
    """What was assumed of a collection and of its files."""

    assumed: list[str]  # sentences about the whole collection
    notes: list[NoteCount]  # of images
    left_out: list[NoteCount]  # of files that were not taken for images of the collection


def read_reading(work: Path) -> dict[str, Any]:
    """Read reading.json; without one, no notes."""
    empty: dict[str, Any] = {"format": FORMAT, "notes": [], "left_out": [], "collection": {}}
    try:
        stored = json.loads((work / REPORT / FILE).read_text("utf-8"))
    except (OSError, ValueError):
        return empty
    is_known = isinstance(stored, dict) and stored.get("format") == FORMAT
    return empty | stored if is_known else empty


def write_reading(work: Path, table: ImageTable, left_out: Sequence[LeftOut]) -> list[NoteCount]:
    """Count the notes of the table and of a scan.

    What `record` has written stays.

    Args:
        work: The workspace.
        table: Its table.
        left_out: Files that the scan left alone.

    Returns:
        All counts, those of files left alone last.
    """
    rows = (
        table.arrow(["path", "notes"], where=f"status = '{OK}' AND notes IS NOT NULL")
        if _has_notes(table)
        else None
    )
    found = [] if rows is None else zip(rows["path"].to_pylist(), rows["notes"].to_pylist(), strict=True)
    notes = _count((path, note.kind, note.detail) for path, text in found for note in from_text(text))
    alone = _count((each.path, each.note.kind, each.note.detail) for each in left_out)
    write_json(work / REPORT / FILE, read_reading(work) | {"notes": notes, "left_out": alone})
    return [*notes, *alone]


def record(work: Path, section: str, sentence: str | None, **values: object) -> None:
    """Keep something that was assumed of the whole collection.

    Args:
        work: The workspace.
        section: Its key among `collection` in reading.json, such as `range` or `labels`.
        sentence: What was assumed, for people; None removes the section.
        values: The same as data, what JSON can hold.
    """
    stored = read_reading(work)
    sections = {name: value for name, value in stored["collection"].items() if name != section}
    if sentence is not None:
        sections[section] = {"sentence": sentence, **values}
    if sections != stored["collection"]:
        write_json(work / REPORT / FILE, stored | {"collection": sections})


def summarise_reading(work: Path) -> Reading:
    """Read what the page shows of reading.json."""
    stored = read_reading(work)
    sentences = [str(value.get("sentence", "")) for value in stored["collection"].values()]
    return Reading(
        assumed=sentences, notes=_shortened(stored["notes"]), left_out=_shortened(stored["left_out"])
    )


def _shortened(counts: list[NoteCount]) -> list[NoteCount]:
    return [NoteCount(**{**each, "examples": each["examples"][:NUM_EXAMPLES]}) for each in counts]


def count_reading(reading: Reading) -> int:
    """Count assumptions: sentences, and files that notes are about."""
    return len(reading["assumed"]) + sum(each["count"] for each in [*reading["notes"], *reading["left_out"]])


def describe_counts(counts: Sequence[NoteCount]) -> str:
    """Summarise counts in one line for the terminal.

    >>> describe_counts([{"kind": "frame", "title": "shown by one frame", "meaning": "", "count": 2, "examples": []}])
    '2 shown by one frame'
    """
    return ", ".join(f"{each['count']:,} {each['title']}" for each in counts)


def _has_notes(table: ImageTable) -> bool:
    return "notes" in table.stored_columns


def _count(found: Iterable[tuple[str, str, str]]) -> list[NoteCount]:
    counts: dict[str, NoteCount] = {}
    for path, name, detail in found:
        kind = NOTE_KINDS.get(name) or NoteKind(name, name, "")
        entry = counts.setdefault(
            name, NoteCount(kind=name, title=kind.title, meaning=kind.meaning, count=0, examples=[])
        )
        entry["count"] += 1
        if len(entry["examples"]) < MAX_LISTED:
            entry["examples"].append(Example(path=path, detail=detail))
    order = list(NOTE_KINDS)
    return sorted(
        counts.values(), key=lambda each: order.index(each["kind"]) if each["kind"] in order else len(order)
    )
