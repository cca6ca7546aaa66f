"""Image folders of Hugging Face: every image once, in its split, with its metadata."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as parquet
import pytest

from support.labelled_workspace import PATHS, make_labelled_workspace, values_of
from support.messages import Messages
from unpool.actions.sharing.annotations import image_folder
from unpool.actions.sharing.annotations.image_folder import name_column
from unpool.actions.sharing.export import export
from unpool.actions.sharing.settings import ExportSettings
from unpool.images.labels.image_fields import read_image_fields
from unpool.images.reading.scan import scan_folder
from unpool.store.fields.kinds import read_values
from unpool.store.state import write_state

SPLIT = ("train/cat/a.png", "val/cat/a.png", "hold-out/cat/a.png", "other.png")


def read_lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text().splitlines()]


def list_files(out: Path) -> list[str]:
    return sorted(path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file())


def test_images_without_splits_are_to_train_on(tmp_path: Path) -> None:
    table, out = make_labelled_workspace(tmp_path), tmp_path / "out"
    assert export(table.work, ExportSettings("imagefolder", out))["images"] == 4
    assert list_files(out) == [
        "train/.unpool-copies", "train/café.png", "train/cat/a.png", "train/dog/b b.png", "train/dog/c.png",
        "train/metadata.jsonl",
    ]  # fmt: skip
    rows = {row.pop("file_name"): row for row in read_lines(out / "train/metadata.jsonl")}
    assert rows["cat/a.png"] == {
        "label": "cat", "colours": ["red", "sea green"], "image (field)": None, "shot": "1970-01-02 00:00:00",
        "weight (kg)": 3.0,
    }  # fmt: skip
    assert set(rows["dog/c.png"].values()) == {None}
    assert (out / "train/cat/a.png").read_bytes() == b"cat/a.png"


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    table = make_labelled_workspace(tmp_path)
    export(table.work, ExportSettings("imagefolder", tmp_path / "out", link=True))
    found = read_image_fields(PATHS, tmp_path / "out/train/metadata.jsonl", [str(tmp_path / "photos")])
    for name, (kind, values) in values_of().items():
        texts = found.values[name_column(name)]
        assert dict(zip(texts, read_values(list(texts.values()), kind).values, strict=True)) == values
    assert found.unmatched == []


def test_splits_stay_apart_with_columns_of_the_same_types(tmp_path: Path) -> None:
    table, out, progress = make_labelled_workspace(tmp_path, SPLIT), tmp_path / "out", Messages()
    export(table.work, ExportSettings("imagefolder", out), progress=progress)
    assert [name for name in list_files(out) if name.endswith("png")] == [
        "test/cat/a.png", "train/cat/a.png", "unsplit/other.png", "val/cat/a.png"
    ]  # fmt: skip
    schemas = {parquet.read_schema(file) for file in out.rglob("metadata.parquet")}
    assert len(list(out.rglob("metadata.parquet"))) == 4
    assert len(schemas) == 1
    assert "images that lie in no split, and are not loaded by `datasets`: 1, in unsplit" in progress.texts
    found = read_image_fields(SPLIT, out / "val/metadata.parquet", [str(tmp_path / "photos")])
    assert found.values["label"] == {"val/cat/a.png": "dög & co"}
    whole = read_image_fields(SPLIT, out, [str(tmp_path / "photos")])
    assert whole.values["label"] == {"train/cat/a.png": "cat", "val/cat/a.png": "dög & co"}
    assert whole.extra == ["test/cat/a.png (row 1)", "unsplit/other.png (row 1)"]


def test_folders_that_would_be_taken_for_splits_get_another_name(tmp_path: Path) -> None:
    paths = ("test/a.png", "x-val 2/b.png", "tests/c.png", "Evaluation/d.png")
    table, out, progress = make_labelled_workspace(tmp_path, paths), tmp_path / "out", Messages()
    export(table.work, ExportSettings("imagefolder", out), progress=progress)
    assert [name for name in list_files(out) if name.endswith("png")] == [
        "train/Evaluation/d.png", "train/tests/a.png", "train/tests/c.png", "train/x-vals 2/b.png"
    ]  # fmt: skip
    assert progress.texts[0].endswith("whose names are those of splits or not portable: 2")


def test_much_metadata_says_its_types(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image_folder, "MAX_JSON_BYTES", 100)
    table = make_labelled_workspace(tmp_path)
    export(table.work, ExportSettings("imagefolder", tmp_path / "out"))
    rows = parquet.read_table(tmp_path / "out/train/metadata.parquet")
    assert rows["colours"].to_pylist() == [None, ["red", "sea green"], ["red"], None]


def test_the_folder_is_read_alone_and_left_alone_among_images(tmp_path: Path) -> None:
    table = make_labelled_workspace(tmp_path)
    export(table.work, ExportSettings("imagefolder", tmp_path / "photos/out"))
    assert sorted(file.path for file in scan_folder(tmp_path / "photos").files) == sorted(PATHS)
    assert len(scan_folder(tmp_path / "photos/out").files) == 4


def test_an_image_that_is_gone_has_no_row(tmp_path: Path) -> None:
    table, progress = make_labelled_workspace(tmp_path), Messages()
    (tmp_path / "photos" / PATHS[0]).unlink()
    assert (
        export(table.work, ExportSettings("imagefolder", tmp_path / "out"), progress=progress)["images"] == 3
    )
    rows = read_lines(tmp_path / "out/train/metadata.jsonl")
    assert PATHS[0] not in [row["file_name"] for row in rows]
    assert "1 left out, since the original is not there: cat/a.png" in progress.texts


def test_images_of_a_named_set_are_their_thumbnails(tmp_path: Path) -> None:
    paths = ("0/00000.png", "1/00001.png", "0/00002.png", "0/00003.png")
    table = make_labelled_workspace(tmp_path, paths)
    table.update(list(paths), {"thumbnail": [path.encode() for path in paths]})
    write_state(table.work, images="digits", place="digits")
    assert export(table.work, ExportSettings("imagefolder", tmp_path / "out"))["images"] == 4
    rows = read_lines(tmp_path / "out/train/metadata.jsonl")
    for row in rows:
        written = (tmp_path / "out/train" / row["file_name"]).read_bytes().decode()
        assert row["file_name"] == written.replace(".png", ".webp")
    found = read_image_fields(paths, tmp_path / "out/train/metadata.jsonl")
    assert found.unmatched == []
