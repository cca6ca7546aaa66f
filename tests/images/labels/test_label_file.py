"""Label files of every encoding and format, by their content."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from unpool.errors import UnpoolError
from unpool.images.labels.label_file import read_field_file, read_label_file

TEXT = "path,label\nzoë.png,café\n"


def knows(text: str) -> bool:
    return text.endswith(".png")


def read(file: Path, content: bytes) -> list[tuple[str, str]]:
    file.write_bytes(content)
    return [(row.path, row.label) for row in read_label_file(file, knows).rows]


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"]
)
def test_encodings(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "a.csv"
    assert read(file, TEXT.encode(encoding)) == [("zoë.png", "café")]
    is_guess = encoding == "cp1252"
    assert any("read as Windows-1252" in each for each in read_label_file(file, knows).remarks) == is_guess


def test_json_is_known_by_its_ending_or_its_first_sign(tmp_path: Path) -> None:
    for name in ("a.json", "a.jsonl", "a.txt"):
        assert read(tmp_path / name, b'\xef\xbb\xbf{"a.png": "x"}\n') == [("a.png", "x")]
    assert read(tmp_path / "a.csv", b"[1].png,cat\n") == [("[1].png", "cat")]


def test_parquet_is_read_without_its_nested_columns(tmp_path: Path) -> None:
    table = pa.table({"path": ["a.png"], "label": pa.array(["x"]).dictionary_encode(), "vector": [[0.5]]})
    parquet.write_table(table, tmp_path / "a.parquet")
    assert read(tmp_path / "b", (tmp_path / "a.parquet").read_bytes()) == [("a.png", "x")]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.zip", b"PK\x03\x04rest", "it is a zip file that cannot be unpacked"),
        ("a.csv.gz", b"\x1f\x8brest", "it is compressed; unpack it first"),
        ("a.parquet", b"PAR1rest", "it is a damaged Parquet file"),
        ("a.csv", b"path,label\n\x81\xff\n", "it is no text"),
        ("a.csv", b"path,label\n\x00\x01\n", "it is no text"),
        ("a.json", b"{", "it is no JSON"),
        ("a.json", b"[" * 100_000, "it is no JSON"),
        ("a.csv", b"", "it is empty"),
    ],
)
def test_other_files_are_refused_with_their_name(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    with pytest.raises(UnpoolError, match=message) as error:
        read(tmp_path / name, content)
    assert str(tmp_path / name) in str(error.value)


def test_every_tool_is_known_by_its_content(tmp_path: Path) -> None:
    tag = b'<annotations><image name="a.png"><tag label="x"/></image></annotations>'
    for name in ("a.xml", "a.txt"):
        assert read(tmp_path / name, tag) == [("a.png", "x")]
    choice = b'{"from_name": "kind", "type": "choices", "value": {"choices": ["x"]}}'
    tasks = b'[{"data": {"image": "a.png"}, "annotations": [{"result": [%s]}]}]' % choice
    assert read(tmp_path / "a", tasks) == [("a.png", "x")]
    short = b"image,id,choice,annotator,annotation_id,created_at,updated_at,lead_time\na.png,1,x,2,3,4,5,6\n"
    assert read(tmp_path / "a.csv", short) == [("a.png", "x")]
    assert list(read_field_file(tmp_path / "a.csv", knows).columns) == ["choice"]


def test_a_zip_file_stands_for_the_labels_in_it(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(
            "annotations.xml", '<annotations><image name="a.png"><tag label="x"/></image></annotations>'
        )
        archive.writestr("images/a.png", b"")
    rows = read_label_file(tmp_path / "a.zip", knows).rows
    assert [(row.path, row.label) for row in rows] == [("a.png", "x")]


def test_a_folder_stands_for_the_metadata_of_all_splits(tmp_path: Path) -> None:
    for split, label in (("train", "x"), ("val", "y")):
        (tmp_path / split).mkdir()
        (tmp_path / split / "metadata.csv").write_text(f"file_name,label\na.png,{label}\n")
    rows = read_label_file(tmp_path, knows).rows
    assert [(row.path, row.label) for row in rows] == [("train/a.png", "x"), ("val/a.png", "y")]


def test_a_missing_file_and_an_empty_folder_are_named(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match=r"there is no file .*none\.csv; give `folders`"):
        read_label_file(tmp_path / "none.csv", knows)
    with pytest.raises(UnpoolError, match=r"cannot be used for labels: no file in it has labels"):
        read_label_file(tmp_path, knows)
