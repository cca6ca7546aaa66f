"""What was assumed or left out when images were read.

A reader that guesses, drops or converts adds a `Note` to its picture; a scan that leaves files alone adds one to
`Scan.left_out`. They are counted in `report/reading.json`, in one line of the terminal and on the page. A new kind
is one entry of `NOTE_KINDS`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class NoteKind:
    """One kind of assumption.

    Args:
        name: Its key in the table and in reading.json.
        title: What happened, in a few words that follow a number: "images shown by one frame".
        meaning: A sentence that says what was done and what to do where it is wrong.
        is_left_out: Whether it names files that were not taken for images of the collection.
    """

    name: str
    title: str
    meaning: str
    is_left_out: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """An assumption about one file.

    `kind` is a name of `NOTE_KINDS`, `detail` what it was for this file, without line breaks.
    """

    kind: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A file or folder that a scan left alone: its path below the folder, and why."""

    path: str
    note: Note


def _kinds(*kinds: NoteKind) -> dict[str, NoteKind]:
    return {kind.name: kind for kind in kinds}


# By name, in the order in which people see them.
NOTE_KINDS: dict[str, NoteKind] = _kinds(
    NoteKind("frame", "shown by one frame", "The file holds several frames or pages; one of them was read."),
)


def to_text(notes: Iterable[Note]) -> str | None:
    """Write notes as the table keeps them, a line each; None for none.

    >>> to_text([Note("frame", "1 of 8")])
    'frame: 1 of 8'
    """
    return "\n".join(f"{note.kind}: {' '.join(note.detail.split())}" for note in notes) or None


def from_text(text: str | None) -> list[Note]:
    """Read notes as the table keeps them.

    >>> from_text("frame: 1 of 8")
    [Note(kind='frame', detail='1 of 8')]
    """
    lines = (text or "").splitlines()
    return [Note(kind, detail) for kind, _, detail in (line.partition(": ") for line in lines)]
