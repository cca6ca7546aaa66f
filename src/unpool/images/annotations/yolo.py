"""Read YOLO's text files of outlines.

A line has the class and x, y of each corner, as shares of width and height.

Source: https://docs.ultralytics.com/datasets/segment/
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from unpool.core.text.encodings import decode_text
from unpool.errors import UnpoolError
from unpool.images.annotations.areas import Area, Polygons
from unpool.images.annotations.drawings import Annotations, Drawing, NumberedNames, name_damage

TITLE = "YOLO"
NUM_LEVELS = 3  # folders above the labels in which the names are searched
NAME_LISTS = ("classes.txt", "obj.names", "labels.txt")
LABELS, IMAGES = "labels", "images"
MIN_FIELDS = 7  # a class and three corners
BOX_FIELDS = 5
MAX_NAMES = 10_000


def is_yolo(text: str) -> bool:
    """Whether lines are classes with outlines or boxes."""
    lines = [line.split() for line in text.splitlines() if line.strip()]
    return (
        bool(lines)
        and all(len(line) == BOX_FIELDS or _is_outline(line) for line in lines)
        and all(line[0].isdigit() and all(map(_is_share, line[1:])) for line in lines)
    )


def _is_outline(fields: Sequence[str]) -> bool:
    return len(fields) >= MIN_FIELDS and len(fields) % 2 == 1


def _is_share(text: str) -> bool:
    try:
        return -1 <= float(text) <= 2
    except ValueError:
        return False


def read_yolo(folder: Path, files: Sequence[Path]) -> Annotations:
    """Read a text file for each image.

    Objects have no order: larger ones are painted first. An empty file is an image that is all ground.

    Args:
        folder: Where the files lie.
        files: Those that hold outlines, or nothing.

    Returns:
        The drawings.

    Raises:
        UnpoolError: A line is no outline; it is named.
    """
    names, source = _find_names(folder, files)
    passed_over: Counter[str] = Counter()
    drawings = [(_name_images(file, folder), _read_file(file, passed_over)) for file in files]
    highest = max((index for _, areas in drawings for index, _ in areas), default=-1)
    known = dict(names)
    missing = [index for index in range(highest + 1) if index not in known]
    known |= {index: f"class {index}" for index in missing}
    numbers = NumberedNames([known[index] for index in sorted(known)])
    remarks = [f"the names of the classes are those of {source}"] if source else []
    if missing:
        remarks.append(
            f"no name of class {missing[0]} was found: it is called {known[missing[0]]!r}; put a data.yaml with names "
            "beside the labels"
        )
    return Annotations(
        folder, TITLE, numbers.names,
        [
            Drawing(
                images, tuple((numbers.number(known[index]), area) for index, area in areas), smallest_last=True
            )
            for images, areas in drawings
        ],
        passed_over, remarks,
    )  # fmt: skip


def _read_file(file: Path, passed_over: Counter[str]) -> list[tuple[int, Area]]:
    """The class and area of each outline; boxes are counted."""
    areas: list[tuple[int, Area]] = []
    with name_damage(str(file), TITLE):
        lines = decode_text(file.read_bytes()).text.splitlines()
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if len(fields) == BOX_FIELDS:
            passed_over["boxes without outline"] += 1
        elif fields:
            areas.append(_read_line(f"{file} line {number}", fields))
    return areas


def _read_line(where: str, fields: Sequence[str]) -> tuple[int, Area]:
    try:
        vertex_V2 = np.array([float(field) for field in fields[1:]]).reshape(-1, 2)
        index = int(fields[0])
    except ValueError:
        raise UnpoolError(
            f"{where}: {' '.join(fields)[:40]!r} is no `class x y x y x y …`; correct or remove the line"
        ) from None
    if len(vertex_V2) < MIN_FIELDS // 2 or not 0 <= index < MAX_NAMES:
        raise UnpoolError(
            f"{where}: {' '.join(fields)[:40]!r} is no outline of three corners and more, of a class below {MAX_NAMES}"
        )
    return index, Polygons((vertex_V2,), is_relative=True)


def _name_images(file: Path, folder: Path) -> tuple[str, ...]:
    """What the image of a file may be called: in the folder `images` for `labels`, below that, or beside the file."""
    beside, parts = file.relative_to(folder).parts, file.absolute().parts
    names = [beside]
    places = [place for place, part in enumerate(parts[:-1]) if part.lower() == LABELS]
    if places:
        names = [(*parts[: places[-1]], IMAGES, *parts[places[-1] + 1 :]), parts[places[-1] + 1 :], *names]
    return tuple(PurePosixPath(*each).as_posix() for each in names)


def _find_names(folder: Path, files: Sequence[Path]) -> tuple[dict[int, str], Path | None]:
    """The name of each class, in the folder of all labels or above it, and the file that has them."""
    inner = Path(os.path.commonpath([file.parent for file in files]))
    inside = [inner, *inner.parents][: len(inner.relative_to(folder).parts)]
    for place in [*inside, folder, *folder.absolute().parents[: NUM_LEVELS - 1]]:
        for file in sorted([*place.glob("*.yaml"), *place.glob("*.yml")]):
            if names := _names_of_yaml(file):
                return names, file
        for file in (place / name for name in NAME_LISTS):
            if file.is_file():
                lines = decode_text(file.read_bytes()).text.splitlines()
                if not is_yolo("\n".join(lines)):
                    return dict(enumerate(line.strip() for line in lines if line.strip())), file
    return {}, None


def _names_of_yaml(file: Path) -> dict[int, str]:
    import yaml

    try:
        held = yaml.safe_load(decode_text(file.read_bytes()).text)
        names = held.get("names") if isinstance(held, Mapping) else None
        if isinstance(names, Mapping):
            return {int(index): str(name) for index, name in names.items()}
        return dict(enumerate(map(str, names))) if isinstance(names, list) else {}
    except (OSError, ValueError, TypeError, yaml.YAMLError):
        return {}
