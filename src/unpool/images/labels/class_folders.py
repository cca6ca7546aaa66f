"""Classes from the names of the images' folders.

A level is counted from the top, 1 for the folders at the top, or from the image, -1 for the folder that it lies in.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from unpool.core.file_names import to_key
from unpool.core.markers import WORKSPACE_ENDING, is_unpool_folder
from unpool.core.system_files import system_folder
from unpool.errors import UnpoolError, UsageError
from unpool.images.labels.headings import normalise_name
from unpool.images.labels.splits import TEST_WORDS, TRAIN_WORDS, find_split_level

FOLDERS = "folders"
INNERMOST = -1
_DATE = re.compile(r"(19|20)\d\d([-_. ]?\d\d([-_. ]?\d\d)?)?")
_DAY_OR_MONTH = re.compile(r"\d{1,2}")
NUM_NAMED = 3


@dataclass(frozen=True)
class FolderClasses:
    """The class of each image by its folders.

    Args:
        names: The class of each image, None for an image that has no folder at the level.
        level: The level that was taken.
        remarks: What people should know of it, a sentence each.
        parts: How many images lie in folders such as train and test, by name; empty where there are none.
        parts_path: Where those folders are, below the folder of the images.
    """

    names: list[str | None]
    level: int
    remarks: list[str] = field(default_factory=list)
    parts: dict[str, int] = field(default_factory=dict)
    parts_path: str = ""


def read_level(labels: str) -> int | None:
    """Read the level of `folders:LEVEL`; None where it is chosen.

    Args:
        labels: As typed: `folders`, or `folders:LEVEL`.

    Raises:
        UsageError: The level is no whole number, or 0.

    >>> read_level("folders"), read_level("folders:1"), read_level("folders:-2")
    (None, 1, -2)
    """
    text = labels.partition(":")[2]
    if labels == FOLDERS:
        return None
    try:
        level = int(text)
    except ValueError:
        level = 0
    if not level:
        raise UsageError(
            f"--labels {labels}: the level is {text!r}, but must be 1 for the top folder, 2 for the one below, …, "
            "or -1 for the folder that an image lies in"
        )
    return level


def is_folders(labels: str) -> bool:
    """Whether labels are folders, not a file."""
    return labels == FOLDERS or labels.startswith(f"{FOLDERS}:")


def read_folder_classes(paths: Sequence[str], level: int | None = None) -> FolderClasses:
    """Read the class of each image from its folders.

    Args:
        paths: The images' paths, `/` between folders.
        level: The level; None takes the innermost whose names can be classes.

    >>> read_folder_classes(["cat/2019/1.png", "dog/2019/2.png"]).names
    ['cat', 'dog']
    """
    folders = [PurePosixPath(path).parts[:-1] for path in paths]
    taken = _choose_level(folders) if level is None else level
    names = [_at(parts, taken) for parts in folders]
    remarks = [] if level is not None else _remarks(folders, names, taken)
    place = find_split_level(folders)
    parts: dict[str, int] = {}
    if place is not None:
        for each in folders:
            if name := _at(each, place):
                parts[name] = parts.get(name, 0) + 1
    above = next((each[: place - 1] for each in folders if place is not None and len(each) >= place), ())
    return FolderClasses(names, taken, remarks, parts, "/".join(above))


def number_classes(
    names: Sequence[str | None],
    paths: Sequence[str],
    source: str,
    classes: Sequence[str] | None = None,
) -> tuple[list[str], list[int]]:
    """Number the classes of images by name.

    Args:
        names: The class of each image.
        paths: The images' paths, for errors.
        source: What the images' origin is called in errors.
        classes: The classes known already, of a training set for example; None finds them.

    Returns:
        The classes, and the position of each image's class among them.

    Raises:
        UnpoolError: Where images have no class, all the same, or one that is not known.

    >>> number_classes(["b", "a"], ["b/1.png", "a/2.png"], "photos")
    (['a', 'b'], [1, 0])
    """
    if None in names:
        stray = paths[list(names).index(None)]
        raise UnpoolError(
            f"labels are missing: {stray} of {source} lies in no class folder; "
            "put every image in a folder named after its class"
        )
    found = [str(name) for name in names]
    known = sorted(set(found)) if classes is None else list(classes)
    if len(known) < 2:
        raise UnpoolError(
            f"labels are missing: all images of {source} lie in the one folder {known[0]!r}; "
            "give the folder that holds one folder for each class, or another level by --labels folders:LEVEL"
        )
    for name in sorted(set(found) - set(known)):
        raise UnpoolError(
            f"{source} has the class {name!r}, which is none of {', '.join(known)}; rename its folder"
        )
    position = {name: number for number, name in enumerate(known)}
    return known, [position[name] for name in found]


def check_classes_not_empty(folder: Path, paths: Sequence[str], leave_out: Path | None = None) -> None:
    """Check that every leaf folder has a usable image.

    Args:
        folder: The folder of class folders; what `scan_folder` leaves alone in it does not count.
        paths: The usable images, relative to `folder`.
        leave_out: A folder that is not read.

    Raises:
        UnpoolError: For a leaf folder without a usable image.
    """
    full = {str(parent) for path in paths for parent in PurePosixPath(path).parents}
    for here, folders, names in os.walk(folder):
        if Path(here) != folder and _is_left_alone(here, [*folders, *names], leave_out):
            folders.clear()
            continue
        above = Path(here).name
        folders[:] = sorted(
            name for name in folders if not (name.startswith(".") or system_folder(name, above))
        )
        inside = to_key(Path(here).relative_to(folder).as_posix())
        if not folders and inside not in full:
            raise UnpoolError(
                f"class folder {Path(here)} has no usable image; add images to it, or remove it"
            )


def _is_left_alone(here: str, names: Sequence[str], leave_out: Path | None) -> bool:
    own = leave_out is not None and os.path.realpath(here) == os.path.realpath(leave_out)
    return own or here.endswith(WORKSPACE_ENDING) or is_unpool_folder(here, names)


def _at(parts: Sequence[str], level: int) -> str | None:
    """The folder at a level; None where an image has none."""
    place = level - 1 if level > 0 else len(parts) + level
    return parts[place] if 0 <= place < len(parts) else None


def _choose_level(folders: Sequence[Sequence[str]]) -> int:
    """The innermost level whose names can be classes: two or more, not all dates, not all train and test."""
    folders = [parts for parts in folders if parts]
    deepest = min((len(parts) for parts in folders), default=0)
    for level in range(INNERMOST, -deepest - 1, -1):
        names = {parts[level] for parts in folders}
        if len(names) > 1 and not _are_parts(names) and not _are_dates(folders, level):
            return level
    return INNERMOST


def _are_parts(names: set[str]) -> bool:
    return {normalise_name(name) for name in names} <= TRAIN_WORDS | TEST_WORDS


def _are_dates(folders: Sequence[Sequence[str]], level: int) -> bool:
    """Whether all names of a level are years or dates, or days or months below those."""
    names = {parts[level] for parts in folders if len(parts) >= -level}
    if all(_DATE.fullmatch(name) for name in names):
        return True
    is_inside = all(len(parts) > -level for parts in folders)
    return (
        is_inside and all(_DAY_OR_MONTH.fullmatch(name) for name in names) and _are_dates(folders, level - 1)
    )


def _remarks(folders: Sequence[Sequence[str]], names: Sequence[str | None], level: int) -> list[str]:
    """What is not plain about classes that were taken at a level that nobody typed."""
    remarks = []
    if level != INNERMOST:
        inner, outer = (_some({parts[each] for parts in folders if parts}) for each in (INNERMOST, level))
        remarks.append(
            f"the folders that images lie in ({inner}) are no classes: those above them are ({outer}); "
            f"--labels {FOLDERS}:{INNERMOST} takes the inner ones"
        )
    places: dict[str, set[str]] = {}
    for parts, name in zip(folders, names, strict=True):
        if name is not None:
            places.setdefault(name, set()).add("/".join(parts[: len(parts) + level + 1]))
    several = {name: sorted(where) for name, where in places.items() if len(where) > 1}
    if several:
        name = min(several)
        remarks.append(
            f"{len(several)} of {len(places)} classes lie in several folders, each name being one class: "
            f"{name} in {', '.join(several[name][:NUM_NAMED])}; --labels {FOLDERS}:1 takes the top folders"
        )
    whole = {where for each in places.values() for where in each}
    nested = sorted(where for where in whole if any(str(up) in whole for up in PurePosixPath(where).parents))
    if nested:
        remarks.append(
            f"class folders lie in class folders, {nested[0]} for one, and are classes of their own; "
            f"--labels {FOLDERS}:1 takes the top folders"
        )
    if stray := names.count(None):
        remarks.append(f"{stray} images lie in no class folder and have no class")
    return remarks


def _some(names: set[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:NUM_NAMED]) + (", …" if len(listed) > NUM_NAMED else "")
