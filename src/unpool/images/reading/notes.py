"""What was assumed or left out when images were read.

A reader that guesses, drops or converts adds a `Note` to its picture; a scan that leaves files alone adds one to
`Scan.left_out`. They are counted in `report/reading.json`, in one line of the terminal and on the page. A new kind
is one entry of `NOTE_KINDS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from unpool.core.file_names import printable

NUM_NAMED = 3  # files named in a message


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
    """A file or folder that a scan left alone.

    Its path below the folder, and why.
    """

    path: str
    note: Note


def _kinds(*kinds: NoteKind) -> dict[str, NoteKind]:
    return {kind.name: kind for kind in kinds}


# By name, in the order in which people see them.
NOTE_KINDS: dict[str, NoteKind] = _kinds(
    NoteKind("frame", "shown by one frame", "The file holds several frames or pages; one of them was read."),
    NoteKind(
        "end-mark", "without the mark of their end", "The file ends early, but all of its pixels are there."
    ),
    NoteKind(
        "channels",
        "with channels that are not shown, or whose meaning was assumed",
        "Of the channels beyond colour and transparency, such as near infrared, nothing is seen. Where a file "
        "does not say what its channels are, the first three were taken for red, green and blue.",
    ),
    NoteKind(
        "assumed-colours",
        "without a statement of what the values mean",
        "A TIFF has to say whether 0 is black or white, or what its colours are; this one does not.",
    ),
    NoteKind(
        "oblong",
        "with oblong pixels, made square",
        "By its resolution tags the picture has pixels that are not square, as faxes have; it was stretched.",
    ),
    NoteKind(
        "no-data",
        "with values left out as no data",
        "The file says which values mean no data, or it holds one far from all others. They are black, and do not "
        "count for the range. --nodata names others.",
    ),
    NoteKind(
        "own-range",
        "scaled by their own values alone",
        "They have more than 8 bits, and the collection has no range for values of their kind. --range sets one.",
    ),
    NoteKind(
        "upper-bits",
        "of which only the upper 8 bits are read",
        "JPEG 2000 in colour of more than 8 bits, as earlier versions read it; --range auto reads it anew.",
    ),
    NoteKind(
        "clipped",
        "with values beyond the collection's range",
        "Such values are black or white. The range was found in the images that were there first; --range auto "
        "finds it anew in all, --range LOW,HIGH sets it.",
    ),
    NoteKind(
        "profile",
        "whose colour profile was passed over",
        "It is damaged or belongs to other pixels: the colours are read as sRGB.",
    ),
    NoteKind(
        "ground",
        "laid on black",
        "What is drawn on transparent ground is white, or nearly, and would not be seen on white.",
    ),
    NoteKind(
        "empty-alpha",
        "whose transparency was passed over",
        "It is full everywhere, so that nothing could be seen: the channel was never filled.",
    ),
    NoteKind(
        "strips",
        "longer than two to one, seen in strips",
        "The network takes a square. It gets strips from end to end, laid side by side, not the middle alone.",
    ),
    NoteKind(
        "middle",
        "of which less than half is seen",
        "The encoder's published preprocessing takes the middle alone, and its vectors were measured with that.",
    ),
    NoteKind(
        "reduced",
        "larger than a function is given, reduced",
        "Functions get whole pictures, with a longer side of at most 2048 pixels.",
    ),
    NoteKind(
        "system",
        "folders of the system left alone",
        "Thumbnails, deleted files and the like, which disks and systems keep beside photographs.",
        True,
    ),
    NoteKind("hidden", "hidden images left alone", "Their names begin with a dot.", True),
    NoteKind(
        "sidecar",
        "companions of other files left alone",
        "Overviews, thumbnails, backups and unfinished downloads: images by content, but not by name.",
        True,
    ),
    NoteKind("link", "links left alone", "They lead to what is in the collection under its own name.", True),
    NoteKind(
        "own",
        "outputs of unpool left alone",
        "To have one read, name its folder itself. Sorted copies are read once the folders .unpool-copies in them "
        "are deleted, label maps once predictions.jsonl is.",
        True,
    ),
    NoteKind(
        "archive",
        "archives left alone",
        "Zip, tar and Parquet files that lie among images or in another archive. To have one read, name it as FOLDER.",
        True,
    ),
    NoteKind(
        "column",
        "Parquet files with further columns of images left alone",
        "The first column of images is read. Write the other one into a file of its own to have it read.",
        True,
    ),
    NoteKind(
        "outside",
        "archives with names that lead out of them",
        "The images are read under their names without the roots, drives and dots that led out.",
        True,
    ),
    NoteKind("listed-twice", "lists that name files twice", "Each file counts once.", True),
)
LEFT_OUT_KINDS = frozenset(kind.name for kind in NOTE_KINDS.values() if kind.is_left_out)


def to_text(notes: Iterable[Note]) -> str | None:
    """Write notes as the table keeps them.

    A line each; None for none.

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


def describe_left_out(left_out: Sequence[LeftOut]) -> list[str]:
    """Say what a scan left alone.

    A line for each kind, with some names.

    >>> describe_left_out([LeftOut("@eaDir", Note("system", "thumbnails"))])
    ['left alone: 1 folders of the system (@eaDir: thumbnails)']
    """
    found: dict[str, list[LeftOut]] = {}
    for each in left_out:
        found.setdefault(each.note.kind, []).append(each)
    return [
        f"left alone: {len(some):,} {NOTE_KINDS[kind].title.removesuffix(' left alone')} "
        f"({', '.join(map(_describe, some[:NUM_NAMED]))}{' …' if len(some) > NUM_NAMED else ''})"
        for kind, some in found.items()
    ]


def _describe(each: LeftOut) -> str:
    return printable(each.path) + (f": {each.note.detail}" if each.note.detail else "")
