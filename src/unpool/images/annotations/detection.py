"""Recognise the format of annotations by content."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

from unpool.core.text.encodings import decode_text
from unpool.core.text.xml_files import load_xml
from unpool.errors import UnpoolError
from unpool.images.annotations.coco import is_coco, read_coco
from unpool.images.annotations.cvat import is_cvat, read_cvat
from unpool.images.annotations.drawings import Annotations
from unpool.images.annotations.label_studio import is_label_studio, read_label_studio
from unpool.images.annotations.labelme import is_labelme, read_labelme
from unpool.images.annotations.yolo import NAME_LISTS, is_yolo, read_yolo
from unpool.images.labels.label_bundle import read_member

KNOWN = "COCO, LabelMe, CVAT for images 1.1, Label Studio or YOLO"
JSON_ENDING, XML_ENDING, YOLO_ENDING = ".json", ".xml", ".txt"
ENDINGS = {"CVAT": XML_ENDING, "YOLO": YOLO_ENDING}
JSON_STARTS = ("{", "[")
ZIP = b"PK\x03\x04"
NUM_HEAD = 2**16  # bytes of a text file by which lines are recognised
_JSON: tuple[tuple[Callable[[object], bool], Callable[[Path, Any], Annotations]], ...] = (
    (is_coco, read_coco),
    (is_label_studio, read_label_studio),
)


def find_annotations(path: Path) -> Annotations | None:
    """Read the annotations that a file or a folder holds.

    Args:
        path: A file, or a folder that is searched with its folders.

    Returns:
        What they draw; None for a folder without any.

    Raises:
        UnpoolError: A file is of no known format, or a folder holds annotations of several kinds.
    """
    if path.is_file():
        return _read_file(path)
    left_out: list[Path] = []
    found = [*_find_json(path, left_out), *_find_xml(path, left_out), *_find_yolo(path, left_out)]
    if len(found) > 1:
        described = ", ".join(f"{each.path.name} ({each.title})" for each in found)
        raise UnpoolError(f"{path} holds several annotations: {described}; give one of them as MASKS")
    return _with_left_out(found[0], left_out) if found else None


def _with_left_out(found: Annotations, left_out: Sequence[Path]) -> Annotations:
    """The annotations, with a remark on files of their ending that are none of them."""
    ending = ENDINGS.get(found.title, JSON_ENDING)
    others = [file for file in left_out if file.suffix.lower() == ending]
    if not others:
        return found
    remark = (
        f"{len(others):,} files that end in {ending} are none of {found.title}'s, or damaged, and were left out (the "
        f"first is {others[0]})"
    )
    return replace(found, remarks=[*found.remarks, remark])


def _read_file(path: Path) -> Annotations:
    try:
        content = path.read_bytes()
        if content.startswith(ZIP):
            content = _unzip(path)
        if (found := _read_content(path, content)) is not None:
            return found
    except (OSError, ValueError, RecursionError) as error:
        raise UnpoolError(f"{path} cannot be read as annotations: {error}") from None
    raise UnpoolError(f"{path} is no folder of masks, and no file of {KNOWN}; check the path")


def _unzip(path: Path) -> bytes:
    """The one file of annotations in a zip file, as tools pack their exports."""
    try:
        return read_member(path)[1]
    except UnpoolError as error:
        raise UnpoolError(f"{path}: {error}") from None


def _read_content(path: Path, content: bytes) -> Annotations | None:
    """What a file draws; None for a format that is not known."""
    text = decode_text(content).text
    if text.lstrip().startswith("<"):
        root = load_xml(content)
        return read_cvat(path, root) if is_cvat(root) else None
    if path.suffix.lower() == YOLO_ENDING:
        return read_yolo(path.parent, [path]) if is_yolo(text) else None
    if not text.lstrip().startswith(JSON_STARTS):
        return None
    held = json.loads(text)
    if isinstance(held, Mapping) and is_labelme(held):
        return read_labelme(path, [(path, held)])
    return next((read(path, held) for is_of_kind, read in _JSON if is_of_kind(held)), None)


def _files(folder: Path, ending: str) -> Iterator[Path]:
    """Files of a folder and its folders, in order; hidden ones are left alone."""
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if name.lower().endswith(ending) and not name.startswith("."):
                yield Path(place) / name


def _load(file: Path) -> object:
    """The JSON of a file; None where it has none."""
    try:
        return json.loads(decode_text(file.read_bytes()).text)
    except (OSError, ValueError, RecursionError):
        return None


def _find_json(folder: Path, left_out: list[Path]) -> list[Annotations]:
    """LabelMe's files together, and each file that holds the annotations of many images."""
    files: list[tuple[Path, Mapping[str, Any]]] = []
    found = []
    for file in _files(folder, JSON_ENDING):
        held = _load(file)
        reader = next((read for is_of_kind, read in _JSON if is_of_kind(held)), None)
        if isinstance(held, Mapping) and is_labelme(held):
            files.append((file, {key: value for key, value in held.items() if key != "imageData"}))
        elif reader is not None:
            found.append(reader(file, held))
        else:
            left_out.append(file)
    return [*([read_labelme(folder, files)] if files else []), *found]


def _load_root(file: Path) -> Element | None:
    """The XML of a file; None where it has none."""
    try:
        return load_xml(file.read_bytes())
    except (OSError, ValueError):
        return None


def _find_xml(folder: Path, left_out: list[Path]) -> list[Annotations]:
    found = []
    for file in _files(folder, XML_ENDING):
        root = _load_root(file)
        if root is not None and is_cvat(root):
            found.append(read_cvat(file, root))
        else:
            left_out.append(file)
    return found


def _find_yolo(folder: Path, left_out: list[Path]) -> list[Annotations]:
    files, num_filled = [], 0
    for file in _files(folder, YOLO_ENDING):
        text = _read_head(file)
        if text is None or (text.strip() and not is_yolo(text)):
            left_out += [file] if file.name not in NAME_LISTS else []
            continue
        files.append(file)
        num_filled += bool(text.strip())
    return [read_yolo(folder, files)] if num_filled else []


def _read_head(file: Path) -> str | None:
    """The first whole lines of a text file; None where it is no text."""
    try:
        with file.open("rb") as stream:
            head = stream.read(NUM_HEAD)
        return decode_text(head if len(head) < NUM_HEAD else head.rpartition(b"\n")[0]).text
    except (OSError, UnicodeDecodeError):
        return None
