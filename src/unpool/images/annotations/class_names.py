"""Match the classes of annotations with those of a model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from unpool.errors import UnpoolError, UsageError
from unpool.images.annotations.drawings import NAMES_GROUND, NUMBER_GROUND, Annotations
from unpool.images.masks.class_file import read_classes
from unpool.images.masks.folder_reading import FolderReading, plan_reading
from unpool.images.masks.mask_values import Values
from unpool.images.masks.pairs import Pairs
from unpool.images.masks.pixel_classes import IGNORE, VOID_NAMES, PixelClasses, classes_by_value

NUM_NAMED = 5  # classes that a sentence names


def learn_names(
    folders: Sequence[tuple[Annotations, Values]], ignore: int | None
) -> tuple[PixelClasses, str]:
    """Take the classes of a training from annotations.

    What no area covers is the class background, where there is any.

    Args:
        folders: Annotations with the values of their masks.
        ignore: 0 where what no area covers is no class.

    Returns:
        The classes, and a sentence on how they were understood.

    Raises:
        UsageError: For another number to be ignored.
    """
    if ignore not in (None, NUMBER_GROUND):
        raise UsageError(
            f"--ignore {ignore} is a number in masks, but {folders[0][0].path} names its classes; call the class void "
            "there, or give --ignore 0 where what no area covers is no class"
        )
    names = list(dict.fromkeys(name for drawn, _ in folders for name in drawn.names.values()))
    names = [name for name in names if name.lower() not in VOID_NAMES]
    has_ground = ignore is None and any(NUMBER_GROUND in values.numbers for _, values in folders)
    classes = classes_by_value(["background", *names] if has_ground else names)
    ground = "what no area covers is 'background'" if has_ground else "what no area covers is no class"
    return classes, f"the classes that {folders[0][0].title} names, {_join(names)}; {ground}"


def plan_folder(
    found: Pairs,
    classes: PixelClasses,
    values: Values,
    *,
    unknown: str = "refuse",
    numbers: str | None = None,
    drawn_on: str | None = None,
) -> FolderReading:
    """Decide how masks are read, be they drawn or not.

    Args:
        found: The pairs.
        classes: The classes, of a model or of all masks.
        values: What the masks of this folder hold.
        unknown: What values are that are no class.
        numbers: As of `plan_reading`.
        drawn_on: As of `plan_reading`.

    Returns:
        The meaning of the masks.

    Raises:
        UnpoolError: Where annotations name a class that is none of these.
    """
    if found.drawn is None:
        remarks: list[str] = []
        if found.class_file is not None:
            classes, remarks = _match_class_file(found.class_file, classes, values, unknown)
        reading = plan_reading(classes, values, unknown=unknown, numbers=numbers, drawn_on=drawn_on)
        return replace(reading, remarks=[*remarks, *reading.remarks])
    own, remarks = _match_classes(found.drawn, classes, values, unknown)
    reading = plan_reading(own, values, unknown=unknown, numbers="classes", drawn_on=drawn_on)
    num_twice = sum(mask.num_twice for mask in values.masks)
    if num_twice:
        remarks.append(
            f"{num_twice:,} pixels lie in areas of several classes: the area that is painted last counts"
        )
    return replace(reading, classes=own, remarks=[*remarks, *reading.remarks])


def _match_classes(
    drawn: Annotations, classes: PixelClasses, values: Values, unknown: str
) -> tuple[PixelClasses, list[str]]:
    """The classes by the numbers of annotations."""
    position_of = _index_names(classes)
    ground = next(
        (position_of[name] for name in map(_plain, sorted(NAMES_GROUND)) if name in position_of), IGNORE
    )
    keys, strange = {NUMBER_GROUND: ground}, {}
    for number, name in drawn.names.items():
        is_void = name.lower() in VOID_NAMES
        keys[number] = IGNORE if is_void else position_of.get(_plain(name), IGNORE)
        if keys[number] == IGNORE and not is_void and values.numbers[number]:
            strange[name] = values.numbers[number]
    own = replace(
        classes, value_to_class=tuple(sorted(keys.items())), by_colour=False, colour_to_class=(),
        others_to_class=None, is_void_typed=True,
    )  # fmt: skip
    return own, _check_names(drawn.path, strange, classes, unknown)


def _match_class_file(
    file: Path, classes: PixelClasses, values: Values, unknown: str
) -> tuple[PixelClasses, list[str]]:
    """The classes by the colours of the class file that belongs to the masks."""
    listed = read_classes(file)
    if (listed.names, listed.colours) == (classes.names, classes.colours):
        return classes, []
    position_of = _index_names(classes)
    positions = [position_of.get(_plain(name), IGNORE) for name in listed.names] + [IGNORE] * (
        IGNORE + 1 - len(listed)
    )
    strange: Counter[str] = Counter()
    for mask in values.masks:
        counts = mask.counts_as(listed.by_colour)
        for value, position in listed.value_to_class:
            if position != IGNORE and positions[position] == IGNORE and counts.get(value):
                strange[listed.names[position]] += counts[value]
    own = replace(
        classes, value_to_class=tuple((value, positions[each]) for value, each in listed.value_to_class),
        by_colour=listed.by_colour, others_to_class=None, is_void_typed=True,
        colour_to_class=tuple((colour, positions[each]) for colour, each in listed.colour_to_class),
    )  # fmt: skip
    remarks = [f"masks are read by the names and colours of {file}"]
    return own, remarks + _check_names(file, strange, classes, unknown)


def _index_names(classes: PixelClasses) -> dict[str, int]:
    """The position of each name; the first of two that are the same."""
    return {_plain(name): position for position, name in reversed(list(enumerate(classes.names)))}


def _check_names(path: Path, strange: Mapping[str, int], classes: PixelClasses, unknown: str) -> list[str]:
    """What is said of names that are no class, with their pixels; `UnpoolError` where they are not to be ignored."""
    if not strange:
        return []
    named = _join([f"{name!r} ({count:,} pixels)" for name, count in strange.items()])
    if unknown == "refuse":
        raise UnpoolError(
            f"{path} has {named}, but the classes are {_join(list(classes.names))}; rename them there, or ignore "
            "what is unknown with --unknown ignore"
        )
    return [f"{named} are no class of these and are ignored"]


def _plain(name: str) -> str:
    return "_".join(name.casefold().replace("-", " ").replace("_", " ").split())


def _join(names: Sequence[str]) -> str:
    return ", ".join(names[:NUM_NAMED]) + (", …" if len(names) > NUM_NAMED else "")
