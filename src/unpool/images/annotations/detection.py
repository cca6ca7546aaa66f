"""Recognise the format of annotations by content."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from unpool.core.text.encodings import decode_text
from unpool.core.text.xml_files import load_xml
from unpool.errors import UnpoolError
from unpool.images.annotations.coco import is_coco, read_coco
from unpool.images.annotations.cvat import is_cvat, read_cvat
from unpool.images.annotations.drawings import Annotations
from unpool.images.annotations.label_studio import is_label_studio, read_label_studio
from unpool.images.annotations.labelme import is_labelme, read_labelme
from unpool.images.annotations.yolo import is_yolo, read_yolo
from unpool.images.labels.label_bundle import read_member

KNOWN = "COCO, LabelMe, CVAT for images 1.1, Label Studio or YOLO"
YOLO_ENDING = ".txt"
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
    found = [*_find_json(path), *_find_xml(path), *_find_yolo(path)]
    if len(found) > 1:
        described = ", ".join(f"{each.path.name} ({each.title})" for each in found)
        raise UnpoolError(f"{path} holds several annotations: {described}; give one of them as MASKS")
    return found[0] if found else None


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
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        root = load_xml(content)
        return read_cvat(path, root) if is_cvat(root) else None
    if path.suffix.lower() == YOLO_ENDING:
        return read_yolo(path.parent, [path]) if is_yolo(decode_text(content).text) else None
    held = json.loads(decode_text(content).text)
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


def _find_json(folder: Path) -> list[Annotations]:
    """LabelMe's files together, and each file that holds the annotations of many images."""
    files: list[tuple[Path, Mapping[str, Any]]] = []
    found = []
    for file in _files(folder, ".json"):
        held = _load(file)
        if isinstance(held, Mapping) and is_labelme(held):
            files.append((file, {key: value for key, value in held.items() if key != "imageData"}))
        found += [read(file, held) for is_of_kind, read in _JSON if is_of_kind(held)]
    return [*([read_labelme(folder, files)] if files else []), *found]


def _find_xml(folder: Path) -> list[Annotations]:
    found = []
    for file in _files(folder, ".xml"):
        try:
            root = load_xml(file.read_bytes())
        except (OSError, ValueError):
            continue
        found += [read_cvat(file, root)] if is_cvat(root) else []
    return found


def _find_yolo(folder: Path) -> list[Annotations]:
    files, num_filled = [], 0
    for file in _files(folder, YOLO_ENDING):
        with file.open("rb") as stream:
            head = stream.read(NUM_HEAD)
        if not head.strip():
            files.append(file)
            continue
        try:
            text = decode_text(head).text
        except UnicodeDecodeError:
            continue
        if is_yolo(text if len(head) < NUM_HEAD else text.rpartition("\n")[0]):
            files.append(file)
            num_filled += 1
    return [read_yolo(folder, files)] if num_filled else []
