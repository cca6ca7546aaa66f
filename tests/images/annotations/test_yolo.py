"""YOLO's outlines, and where the names of their classes stand."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.errors import UnpoolError
from unpool.images.annotations.yolo import is_yolo, read_yolo

LINE = "1 0.25 0.25 0.75 0.25 0.75 0.75 0.25 0.75\n"


def write(file: Path, text: str) -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    return file


def test_outlines_are_shares_of_the_image(tmp_path: Path) -> None:
    files = [write(tmp_path / "labels" / "a.txt", LINE), write(tmp_path / "labels" / "b.txt", "")]
    write(tmp_path / "data.yaml", "names: [ground, tree]\n")
    found = read_yolo(tmp_path / "labels", files)
    assert found.names == {1: "ground", 2: "tree"}
    number_HW, _ = found.drawings[0].paint(8, 16)
    assert (number_HW[2:6, 4:12] == 2).all()
    assert (number_HW > 0).sum() == 32
    assert found.drawings[1].areas == ()
    assert [drawing.names[1:] for drawing in found.drawings] == [("a.txt", "a.txt"), ("b.txt", "b.txt")]


def test_the_image_of_a_label_lies_beside_it_or_in_images(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "labels" / "train" / "a.txt", LINE),
        write(tmp_path / "val" / "labels" / "b.txt", LINE),
    ]
    one, other = read_yolo(tmp_path, files).drawings
    assert one.names == (f"{tmp_path}/images/train/a.txt", "train/a.txt", "labels/train/a.txt")
    assert other.names == (f"{tmp_path}/val/images/b.txt", "b.txt", "val/labels/b.txt")
    assert read_yolo(tmp_path / "val" / "labels", files[1:]).drawings[0].names[0] == other.names[0]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("data.yaml", "train: a\nnames: {1: tree, 0: car}\n"), ("classes.txt", "car\n\ntree\n"),
        ("obj.names", "car\ntree"), ("coco.yml", "names:\n- car\n- tree\n"),
    ],
)  # fmt: skip
def test_names_stand_beside_or_above(tmp_path: Path, name: str, text: str) -> None:
    file = write(tmp_path / "labels" / "train" / "a.txt", LINE)
    write(tmp_path / "args.yaml", "epochs: 3\n")
    write(tmp_path / "bad.yaml", "a: [\n")
    write(tmp_path / name, text)
    for folder in (file.parent, tmp_path, tmp_path.parent):
        found = read_yolo(folder, [file])
        assert found.names == {1: "car", 2: "tree"}
        assert str(tmp_path / name) in found.remarks[0]


def test_without_names_classes_have_numbers(tmp_path: Path) -> None:
    found = read_yolo(tmp_path, [write(tmp_path / "a.txt", LINE)])
    assert found.names == {1: "class 0", 2: "class 1"}
    assert "no name of class 0 was found" in found.remarks[0]


def test_boxes_are_counted(tmp_path: Path) -> None:
    found = read_yolo(tmp_path, [write(tmp_path / "a.txt", f"0 0.5 0.5 0.1 0.1\n{LINE}")])
    assert dict(found.passed_over) == {"boxes without outline": 1}
    assert len(found.drawings[0].areas) == 1


@pytest.mark.parametrize(
    "line",
    [
        "1 0.2 0.3 a b c d",
        "x 0 0 1 1 0 1",
        "1 0 0",
        "99999999999 0 0 1 1 0 1",
        "-1 0 0 1 1 0 1",
        "1 0 0 1 1 0 1 1",
    ],
)
def test_a_line_that_is_no_outline_is_named(tmp_path: Path, line: str) -> None:
    file = write(tmp_path / "a.txt", f"{LINE}{line}\n")
    with pytest.raises(UnpoolError, match=r"a\.txt line 2"):
        read_yolo(tmp_path, [file])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (LINE, True), ("0 0.5 0.5 0.1 0.1\n", True), ("", False), ("car\ntree\n", False), ("0\n1\n", False),
        ("1 2 3\n", False), ("0 10 20 30 40 50 60\n", False), ("a 0 0 1 1 0 1\n", False),
    ],
)  # fmt: skip
def test_what_is_yolo(text: str, expected: bool) -> None:
    assert is_yolo(text) is expected
