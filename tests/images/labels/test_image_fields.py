"""Fields of images: every column, matched by path, and what matched nothing."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from unpool.errors import UnpoolError
from unpool.images.labels.image_fields import ImageFields, read_image_fields

PATHS = ["cat/a.png", "dog/b.png", "café.png"]


def read(folder: Path, text: str, encoding: str = "utf-8") -> ImageFields:
    file = folder / "fields.csv"
    file.write_bytes(text.encode(encoding))
    return read_image_fields(PATHS, file, [str(folder)])


def test_every_column_is_a_field_whatever_program_wrote_the_file(tmp_path: Path) -> None:
    decomposed = unicodedata.normalize("NFD", "café.png")
    text = (
        "Path;Label;weight;taken\r\n"
        "C:\\me\\photos\\cat\\a.png; cat ;1,5;2024-05-01\r\n"
        "C:\\me\\photos\\dog\\b.png;dog;;\r\n"
        f"C:\\me\\photos\\{decomposed};dog;2;\r\n"
        "C:\\me\\photos\\gone.png;dog;2;\r\n"
    )
    found = read(tmp_path, text, "utf-8-sig")
    assert found.values == {
        "Label": {"cat/a.png": "cat", "dog/b.png": "dog", "café.png": "dog"},
        "weight": {"cat/a.png": "1,5", "café.png": "2"},
        "taken": {"cat/a.png": "2024-05-01"},
    }
    assert found.label == "Label"
    assert (found.matched, found.unmatched) == (PATHS, [])
    assert found.extra == ["C:\\me\\photos\\gone.png (line 5)"]
    assert found.lines[0].startswith("fields.csv: all 3 images have a row (lines matched: ")
    assert found.lines[1] == "fields.csv: 1 line matched no image: C:\\me\\photos\\gone.png (line 5)"


def test_images_without_a_row_and_rows_without_an_image_are_listed(tmp_path: Path) -> None:
    rows = "".join(f"g{number}.png,x\n" for number in range(5))
    found = read(tmp_path, f"path,label\ndog/b.png,y\n{rows},z\n")
    assert found.unmatched == ["cat/a.png", "café.png"]
    assert len(found.extra) == 6
    assert found.extra[-1] == "an empty path (line 8)"
    assert found.lines == [
        "fields.csv: 1 of 3 images have a row, 2 have none",
        "fields.csv: 6 lines matched no image: g0.png (line 3), g1.png (line 4), g2.png (line 5), …",
    ]


def test_several_rows_of_an_image_are_several_choices(tmp_path: Path) -> None:
    found = read(tmp_path, "image,tag\na.png,red\na.png,blue\na.png,red\nb.png,red\nb.png,red\n")
    assert found.values == {"tag": {"cat/a.png": ["red", "blue"], "dog/b.png": "red"}}
    assert "fields.csv: 'image' was taken for the column of paths" in found.lines
    assert any("tag has different values in several rows of 1 images" in line for line in found.lines)


def test_what_is_no_value_is_named(tmp_path: Path) -> None:
    file = tmp_path / "metadata.jsonl"
    file.write_text('{"file_name": "cat/a.png", "vector": [0.5, 1.5], "n": 3, "tags": [" x ", "", "x"]}\n')
    found = read_image_fields(PATHS, file)
    assert found.values == {"n": {"cat/a.png": "3"}, "tags": {"cat/a.png": ["x"]}}
    assert found.lines[-1] == "metadata.jsonl: left out, being no value of an image: vector"
    assert found.label == "tags"


def test_a_file_that_names_no_image_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match=r"names no image of this collection: line 2 has 'other\.png'"):
        read(tmp_path, "path,weight,height\nother.png,1,2\n")
    with pytest.raises(UnpoolError, match="has no line with a path"):
        read(tmp_path, "path,label\n,x\n")


def test_folders_are_labels_too() -> None:
    found = read_image_fields([*PATHS, "train/cat/d.png"], Path("folders"))
    assert found.values == {"label": {"cat/a.png": "cat", "dog/b.png": "dog", "train/cat/d.png": "cat"}}
    assert (found.label, found.unmatched) == ("label", ["café.png"])
    assert any("1 images lie in no class folder" in line for line in found.lines)
    assert read_image_fields(PATHS, Path("folders:1")).values["label"]["dog/b.png"] == "dog"
