"""Parquet of pandas and of Hugging Face."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet
import pytest

from unpool.errors import UnpoolError
from unpool.images.labels.label_parquet import read_parquet

FEATURES = {
    "image": {"_type": "Image"},
    "label": {"names": ["cat", "dog"], "_type": "ClassLabel"},
    "tags": {"feature": {"names": ["p", "q"], "_type": "ClassLabel"}, "_type": "List"},
    "old": [{"names": ["r", "s"], "_type": "ClassLabel"}],
}


def knows(text: str) -> bool:
    return text.endswith(".png")


def write(file: Path, columns: dict[str, object], features: object = None) -> Path:
    table = pa.table(columns)
    if features is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    parquet.write_table(table, file)
    return file


def test_classes_of_hugging_face_have_their_names(tmp_path: Path) -> None:
    columns = {
        "image": [{"bytes": b"1", "path": "a.png"}, {"bytes": b"2", "path": "b.png"}],
        "label": pa.array([1, -1], pa.int64()),
        "tags": [[0, 1], [1]],
        "old": [[1], None],
    }
    table = read_parquet(write(tmp_path / "a", columns, FEATURES), knows)
    assert table.paths == ["a.png", "b.png"]
    assert table.columns == {"label": ["dog", None], "tags": [["p", "q"], ["q"]], "old": [["s"], None]}
    assert (table.label, table.left_out) == ("label", [])


@pytest.mark.parametrize("features", [None, [], {"label": None}, {"label": []}])
def test_numbers_stay_numbers_where_the_schema_names_no_classes(tmp_path: Path, features: object) -> None:
    table = read_parquet(write(tmp_path / "a", {"path": ["a.png"], "label": [1]}, features), knows)
    assert table.columns == {"label": ["1"]}


def test_values_of_columns_and_what_is_none(tmp_path: Path) -> None:
    columns = {
        "path": ["a.png", "b.png"],
        "label": pa.array(["x", None]).dictionary_encode(),
        "when": pa.array([0, None], pa.timestamp("s")),
        "day": pa.array([0, 1], pa.date32()),
        "n": [1.5, float("nan")],
        "tags": [["x", "y"], []],
        "vector": [[0.5], [1.5]],
        "bytes": [b"x", b"y"],
        "boxes": [{"x": 1}, {"x": 2}],
        "nested": [[["x"]], []],
    }
    table = read_parquet(write(tmp_path / "a", columns), knows)
    assert table.columns == {
        "label": ["x", None], "when": ["1970-01-01T00:00:00", None], "day": ["1970-01-01", "1970-01-02"],
        "n": ["1.5", None], "tags": [["x", "y"], None],
    }  # fmt: skip
    assert table.left_out == ["vector", "bytes", "boxes", "nested"]


def test_pixels_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = write(tmp_path / "a", {"image": [{"bytes": b"1" * 100, "path": "a.png"}], "label": [1]})
    read: list[list[str]] = []
    whole = parquet.ParquetFile.read

    def record(self: parquet.ParquetFile, columns: list[str]) -> pa.Table:
        read.append(columns)
        return whole(self, columns=columns)

    monkeypatch.setattr(parquet.ParquetFile, "read", record)
    assert read_parquet(file, knows).paths == ["a.png"]
    assert read == [["image.path", "label"]]


def test_files_that_are_damaged_or_without_paths_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"PAR1rest")
    with pytest.raises(UnpoolError, match="it is a damaged Parquet file"):
        read_parquet(tmp_path / "a", knows)
    with pytest.raises(UnpoolError, match="none of the columns n, m, label is known to hold paths"):
        read_parquet(write(tmp_path / "b", {"n": [1.5], "m": [1], "label": ["x"]}), knows)
    with pytest.raises(UnpoolError, match="it has one column"):
        read_parquet(write(tmp_path / "c", {"vector": [[0.5]]}), knows)


def test_rows_without_names_are_called_as_a_scan_calls_them(tmp_path: Path) -> None:
    png = b"\x89PNG\r\n\x1a\n"
    columns = {"image": [{"bytes": png, "path": None}] * 2, "label": ["a", "b"], "caption": ["x", "y"]}
    known = {"a/000000.png", "b/000001.png"}
    table = read_parquet(write(tmp_path / "a", columns), known.__contains__)
    assert table.paths == ["a/000000.png", "b/000001.png"]
    assert table.columns["caption"] == ["x", "y"]
