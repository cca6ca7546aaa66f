"""Formats are told by content, whatever files are called."""

from __future__ import annotations

import json
import random
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from support.annotations import speckled, write_request
from unpool.actions.sharing.annotations.mask_formats import MASK_FORMATS
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.annotations.detection import find_annotations

TITLES = {
    "coco": "COCO", "yolo": "YOLO", "labelme": "LabelMe", "cvat": "CVAT", "labelstudio": "Label Studio",
}  # fmt: skip


@pytest.mark.parametrize("name", MASK_FORMATS)
def test_files_and_their_folders_are_recognised(tmp_path: Path, name: str) -> None:
    request = write_request(tmp_path, [speckled(0)])
    path = MASK_FORMATS[name].write(request).path
    found = find_annotations(path)
    assert found is not None
    assert found.title == TITLES[name]
    in_folder = find_annotations(request.out)
    assert in_folder is not None
    assert in_folder.title == TITLES[name]
    if path.is_file():
        renamed = path.rename(tmp_path / "renamed.bin")
        again = find_annotations(renamed)
        assert again is not None
        assert again.title == TITLES[name]


def test_a_zip_file_is_read_in_place(tmp_path: Path) -> None:
    written = MASK_FORMATS["cvat"].write(write_request(tmp_path, [speckled(0)])).path
    for name, members in (("one.zip", ["annotations.xml"]), ("none.zip", ["images/a.png"])):
        with zipfile.ZipFile(tmp_path / name, "w") as archive:
            for member in members:
                archive.write(written, member)
    found = find_annotations(tmp_path / "one.zip")
    assert found is not None
    assert found.title == "CVAT"
    with pytest.raises(UnpoolError, match=r"none\.zip: no file in it"):
        find_annotations(tmp_path / "none.zip")


@pytest.mark.parametrize(("name", "ending"), [("labelme", ".json"), ("yolo", ".txt"), ("cvat", ".xml")])
def test_files_that_are_left_out_are_reported(tmp_path: Path, name: str, ending: str) -> None:
    written = MASK_FORMATS[name].write(write_request(tmp_path, [speckled(0)])).path
    folder = written if written.is_dir() else written.parent
    whole = find_annotations(folder)
    assert whole is not None
    assert not any("left out" in remark for remark in whole.remarks)
    (folder / f"0{ending}").write_bytes(b"1 0 0 x\n\xff{")
    found = find_annotations(folder)
    assert found is not None
    assert len(found.drawings) == len(whole.drawings)
    assert any(f"1 files that end in {ending}" in remark for remark in found.remarks)


def test_several_kinds_in_a_folder_are_an_error(tmp_path: Path) -> None:
    request = write_request(tmp_path, [speckled(0)])
    for name in ("coco", "cvat"):
        MASK_FORMATS[name].write(request)
    with pytest.raises(UnpoolError, match=r"several annotations: coco\.json \(COCO\), cvat\.xml \(CVAT\)"):
        find_annotations(request.out)


def test_a_folder_without_annotations(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("nothing\n")
    (tmp_path / "broken.json").write_text("{")
    (tmp_path / "other.xml").write_text("<svg/>")
    (tmp_path / ".hidden.json").write_text(json.dumps({"shapes": [], "imagePath": "a"}))
    assert find_annotations(tmp_path) is None


STRANGE = (None, -1, 0, 1e400, 10**30, "x", "", [], {}, [None], [[]], True, 0.5)


def places_of(held: Any) -> list[tuple[Any, Any]]:
    """Every container in JSON with each of its keys."""
    keys = held if isinstance(held, dict) else range(len(held)) if isinstance(held, list) else ()
    own = [(held, key) for key in keys]
    return [*own, *(place for container, key in own for place in places_of(container[key]))]


@pytest.mark.parametrize("name", ["coco", "labelme", "labelstudio"])
def test_values_of_no_sense_end_in_one_line(tmp_path: Path, name: str) -> None:
    label_HW = np.array([[0, 1, 1, 1], [0, 1, 2, 1], [0, 1, 1, 1]], np.uint8)  # with a hole
    written = MASK_FORMATS[name].write(write_request(tmp_path, [label_HW])).path
    file = written if written.is_file() else next(written.rglob("*.json"))
    text = file.read_text("utf-8")
    rng = random.Random(0)
    ends, texts = Counter[str](), []
    for _ in range(150):
        held = json.loads(text)
        container, key = rng.choice(places_of(held))
        container[key] = rng.choice(STRANGE)
        file.write_text(json.dumps(held))
        try:
            found = find_annotations(file)
            assert found is not None
            for drawing in found.drawings:
                drawing.paint(*(drawing.size or (3, 4)))
        except (UnpoolError, UnreadableImageError) as error:
            ends[type(error).__name__] += 1
            texts.append(str(error))
        else:
            ends["read"] += 1
    assert len(ends) == 3, ends
    assert all("\n" not in text for text in texts)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'{"a": 1}', "is no folder of masks, and no file of COCO"), (b"{", "cannot be read as annotations"),
        (b"<svg/>", "is no folder of masks"), (b"<a", "cannot be read as annotations"),
        (b"path,label\n", "is no folder of masks"), ("<svg/>".encode("utf-16"), "is no folder of masks"),
        (b"[" * 100_000, "cannot be read as annotations"), (b"\xff\xfe\x00", "cannot be read as annotations"),
        (b"<!DOCTYPE a [<!ENTITY b 'c'>]><annotations/>", "document type"),
    ],
)  # fmt: skip
def test_other_files_are_an_error(tmp_path: Path, content: bytes, words: str) -> None:
    file = tmp_path / "a.json"
    file.write_bytes(content)
    with pytest.raises(UnpoolError, match=words):
        find_annotations(file)
