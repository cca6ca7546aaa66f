"""Read class files: names of classes with numbers or colours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from unpool.core.text.encodings import decode_text
from unpool.errors import UsageError
from unpool.images.masks.class_entries.entry import OPTION, Colour, Entry
from unpool.images.masks.class_entries.reading import read_entries
from unpool.images.masks.known_palettes import (
    CAMVID_VOID,
    camvid_by_value,
    cityscapes_train_ids,
    voc_by_value,
)
from unpool.images.masks.pixel_classes import (
    IGNORE,
    VOID_NAMES,
    PixelClasses,
    classes_by_colour,
    classes_by_value,
    pack,
)

LABELME_VOID = "__ignore__"  # the first line of its labels.txt, numbered -1
PUBLISHED: Mapping[str, Callable[[], PixelClasses]] = {
    "voc": voc_by_value,
    "camvid": lambda: camvid_by_value(CAMVID_VOID),
    "cityscapes": cityscapes_train_ids,
}


def read_classes(path: Path, ignore: int | None = None) -> PixelClasses:
    """Read the classes of a file.

    A line is `name`, `name number`, `name r g b`, or has number and colour both. Fields are separated by commas,
    semicolons, tabs or spaces, in any order, but that of four numbers the last three are the colour, unless a line
    of headings says otherwise; a colour may be `#rrggbb`; what stands after `#` is left out. YAML and JSON hold a
    list of names, or {name: number, colour or both}, or what COCO, Supervisely, CVAT and others write. Where all have
    numbers, masks hold those, or the colours, which are painted too; where they have colours alone, masks hold
    colours. Lines of one name are one class; classes named void, ignore, unlabelled or border, and the number
    `ignore`, are no class. Without `ignore`, 255 is no class, unless the file names it.

    Args:
        path: The file, or the name of a published set: voc, camvid or cityscapes.
        ignore: The number that is no class.

    Returns:
        The classes.

    Raises:
        UsageError: Naming the file and line.
    """
    if str(path).lower() in PUBLISHED and not path.exists():
        published = PUBLISHED[str(path).lower()]()
        return published if ignore is None else published.ignoring(ignore)
    entries = read_entries(path)
    if not entries:
        raise UsageError(f"{OPTION} {path} names no class; write one a line: name, name number or name r g b")
    return _build_classes(path, entries, ignore)


def describe_encoding(path: Path) -> list[str]:
    """Say where the encoding of a class file was guessed."""
    try:
        is_guessed = decode_text(path.read_bytes()).is_guessed
    except (OSError, UnicodeDecodeError):  # a published set
        return []
    remark = (
        f"{OPTION} {path} is no UTF-8 and was read as Windows-1252; save it as UTF-8 where names look wrong"
    )
    return [remark] if is_guessed else []


def _build_classes(path: Path, entries: list[Entry], ignore: int | None) -> PixelClasses:
    names = {entry.name for entry in entries if entry.name.lower() not in VOID_NAMES}
    if len(names) < 2:
        raise UsageError(
            f"{OPTION} {path} names {', '.join(names) or 'nothing'} alone, but there must be two classes at least; "
            "the ground is one, too"
        )
    numbered = [entry for entry in entries if entry.number is not None]
    coloured = [entry for entry in entries if entry.colour is not None]
    if len(coloured) == len(entries) and not numbered:
        if ignore is not None:
            raise UsageError(
                f"--ignore {ignore} is a number, but {OPTION} {path} gives colours; name the class of the colour that "
                "is to be ignored void there, and leave --ignore out"
            )
        return _by_colour(coloured)
    if coloured and len(coloured) < len(entries):
        plain = next(entry for entry in entries if entry.colour is None)
        if len(numbered) < len(entries):
            raise UsageError(f"{OPTION} {plain.where}: {plain.name!r} has no colour, but others have")
    if not numbered:
        first = -1 if entries[0].name == LABELME_VOID else 0
        entries = [replace(entry, number=number) for number, entry in enumerate(entries, start=first)]
    elif len(numbered) < len(entries):
        bare = next(entry for entry in entries if entry.number is None)
        raise UsageError(
            f"{OPTION} {bare.where}: {bare.name!r} has no number, but others have; give all one or none"
        )
    is_255_known = ignore is not None or any(entry.number == IGNORE for entry in entries)
    classes = _by_number(path, entries, ignore if is_255_known else IGNORE)
    return replace(classes, is_void_typed=True) if is_255_known else classes


def _by_colour(entries: list[Entry]) -> PixelClasses:
    first: dict[int, Entry] = {}
    for entry in entries:
        assert entry.colour is not None
        packed = pack(entry.colour)
        other = first.setdefault(packed, entry)
        if other.name != entry.name:
            raise UsageError(
                f"{OPTION} {entry.where}: the colour #{packed:06x} of {entry.name!r} is that of {other.name!r} too "
                f"({other.where}); give each its own"
            )
    return classes_by_colour([(entry.name, entry.colour) for entry in first.values() if entry.colour])


def _by_number(path: Path, entries: list[Entry], void: int | None) -> PixelClasses:
    names: list[str] = []
    values: dict[int, int] = {}
    colours: dict[int, Colour] = {}
    positions_of_colour: dict[int, set[int]] = {}
    for entry in entries:
        name, number, colour = entry.name, entry.number, entry.colour
        assert number is not None
        if number in values:
            raise UsageError(
                f"{OPTION} {entry.where}: the number {number} stands for two classes; give each its own"
            )
        if name.lower() in VOID_NAMES or number == void:
            values[number] = IGNORE
        else:
            if name not in names:
                names.append(name)
            values[number] = names.index(name)
        if colour is not None:
            colours.setdefault(values[number], colour)
            positions_of_colour.setdefault(pack(colour), set()).add(values[number])
    first = {position: number for number, position in reversed(values.items())}
    classes = classes_by_value(names, values=[first[position] for position in range(len(names))], ignore=void)
    painted = tuple(colours.get(position, classes.colours[position]) for position in range(len(names)))
    positions = tuple(sorted((dict(classes.value_to_class) | values).items()))
    return replace(
        classes,
        colours=painted,
        value_to_class=positions,
        colour_to_class=_unambiguous_colours(positions_of_colour),
    )


def _unambiguous_colours(positions_of_colour: Mapping[int, set[int]]) -> tuple[tuple[int, int], ...]:
    """What a colour stands for: a class rather than void, and nothing where several classes share it."""
    found = []
    for colour, positions in sorted(positions_of_colour.items()):
        classes = positions - {IGNORE} or {IGNORE}
        if len(classes) == 1:
            found.append((colour, classes.pop()))
    return tuple(found)
