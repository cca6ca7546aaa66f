"""Folders and zip files: which file in them has the labels."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from unpool.errors import UnpoolError
from unpool.images.labels import label_bundle
from unpool.images.labels.field_table import FieldTable
from unpool.images.labels.label_bundle import list_label_files, list_metadata, read_member, unite_tables


def pack(folder: Path, *names: str) -> Path:
    with zipfile.ZipFile(folder / "a.zip", "w") as archive:
        for name in names:
            archive.writestr(name, name)
    return folder / "a.zip"


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["images/a.png", "labels.csv"], "labels.csv"),
        (["a/annotations.xml", "a/images/1.json", "a/images/2.json"], "a/annotations.xml"),
        (["annotations/default.json", "__MACOSX/annotations/default.json"], "annotations/default.json"),
    ],
)
def test_the_one_file_of_labels_is_unpacked(tmp_path: Path, names: list[str], expected: str) -> None:
    assert read_member(pack(tmp_path, *names)) == (expected, expected.encode())


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["images/a.png"], "no file in it has labels"),
        (
            ["1.csv", "2.csv", "3.json", "4.json"],
            r"4 files in it may have labels: 1\.csv, 2\.csv, 3\.json, …; name one",
        ),
        (["[Content_Types].xml", "xl/workbook.xml"], "it is a spreadsheet; save the table as CSV"),
        (["mimetype", "content.xml"], "it is a spreadsheet; save the table as CSV"),
    ],
)
def test_other_zip_files_are_an_error(tmp_path: Path, names: list[str], message: str) -> None:
    with pytest.raises(UnpoolError, match=message):
        read_member(pack(tmp_path, *names))


def test_a_bomb_and_a_damaged_file_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = pack(tmp_path, "labels.csv")
    monkeypatch.setattr(label_bundle, "MAX_BYTES", 5)
    with pytest.raises(UnpoolError, match=r"labels\.csv in it has more than 5 bytes"):
        read_member(file)
    file.write_bytes(file.read_bytes()[:20])
    with pytest.raises(UnpoolError, match="a zip file that cannot be unpacked"):
        read_member(file)


def make(folder: Path, *names: str) -> list[str]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    return [file.relative_to(folder).as_posix() for file in list_metadata(folder)]


def test_metadata_goes_before_other_files(tmp_path: Path) -> None:
    assert make(tmp_path / "a", "train/metadata.jsonl", "val/metadata.jsonl", "x.csv", ".git/metadata.csv") == [
        "train/metadata.jsonl", "val/metadata.jsonl"
    ]  # fmt: skip
    assert make(tmp_path / "b", "data/1.parquet", "data/2.parquet", "README.json") == [
        "data/1.parquet",
        "data/2.parquet",
    ]
    assert make(tmp_path / "c", "labels.csv", "images/1.json") == ["labels.csv"]
    with pytest.raises(UnpoolError, match=r"2 files in it may have labels: a\.csv, b\.csv"):
        make(tmp_path / "d", "a.csv", "b.csv")


def test_what_is_read_is_the_file_or_what_the_folder_stands_for(tmp_path: Path) -> None:
    make(tmp_path, "val/metadata.csv", "x.csv")
    assert list_label_files(tmp_path / "x.csv") == [tmp_path / "x.csv"]
    assert list_label_files(tmp_path) == [tmp_path / "val/metadata.csv"]
    assert list_label_files(tmp_path / "gone.csv") == []


def test_tables_of_a_folder_are_one() -> None:
    first = FieldTable(
        ["a.png"], {"label": ["x"], "n": ["1"]}, [2], label="label", remarks=["r"], left_out=["v"]
    )
    second = FieldTable(
        ["/b.png", "c.png", ""], {"label": ["y", None, None]}, [2, 3, 4], label="label", remarks=["r"]
    )
    whole = unite_tables([("", first), ("val", second)])
    assert whole.paths == ["a.png", "/b.png", "val/c.png", ""]
    assert whole.columns == {"label": ["x", "y", None, None], "n": ["1", None, None, None]}
    assert (whole.label, whole.remarks, whole.left_out, whole.numbers) == (
        "label",
        ["r"],
        ["v"],
        [2, 2, 3, 4],
    )
    other = unite_tables([("", first), ("", FieldTable(["d.png"], {"kind": ["z"]}, [1], label="kind"))])
    assert (other.label, other.no_label) == ("", "its files have labels in columns of different names")
