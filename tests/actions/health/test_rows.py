"""Rows that no command would have written."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from PIL import Image

from support.sick import check_is_healed, examine
from support.states import IMAGES
from unpool.actions.health.findings import Findings
from unpool.actions.health.rows import check_search_index, name_some
from unpool.report.drawing import open_thumbnail
from unpool.store.lance_rows import open_dataset
from unpool.store.table import ImageTable


def write_twice(work: Path) -> None:
    """The row of one image again, without its label, as two writers would leave it."""
    import lance

    row = ImageTable(work).arrow(where="path = 'a/0.png'")
    labels = row.schema.get_field_index("label")
    row = row.set_column(labels, row.schema.field("label"), pa.nulls(1, pa.string()))
    lance.write_dataset(row, open_dataset(work).uri, mode="append")


def test_one_row_of_each_path_is_left_with_its_label(sick: Path) -> None:
    before = ImageTable(sick).frame()
    check_is_healed(sick, write_twice, {"rows"})
    after = ImageTable(sick).frame()
    assert after["path"].tolist() == before["path"].tolist()
    assert after["label"].tolist() == before["label"].tolist()


def test_label_and_mark_of_two_rows_come_together(sick: Path) -> None:
    write_twice(sick)
    table = ImageTable(sick)
    rows = table.newest().to_table(columns=["label"], filter="path = 'a/0.png'", with_row_address=True)
    labelled = [row["_rowaddr"] for row in rows.to_pylist() if row["label"] is not None]
    table.newest().update(
        {"wrong": "true", "label": "NULL"}, where=f"path = 'a/0.png' AND _rowaddr <> {labelled[0]}"
    )
    (label,) = {row["label"] for row in rows.to_pylist()} - {None}
    examine(sick)
    (row,) = ImageTable(sick).arrow(["label", "wrong"], where="path = 'a/0.png'").to_pylist()
    assert row == {"label": label, "wrong": True}


def test_thumbnails_are_drawn_from_originals_that_are_the_same(sick: Path) -> None:
    table = ImageTable(sick)
    (good,) = table.thumbnails(["a/0.png"])
    table.update(["a/0.png", "b/1.png"], {"thumbnail": [good[:-20], b"none"]})
    pixels = np.zeros((16, 16, 3), np.uint8)
    Image.fromarray(pixels).save(sick.parent / IMAGES / "b" / "1.png")
    assert examine(sick) == [("thumbnails", True), ("thumbnails", False)]
    again, other = ImageTable(sick).thumbnails(["a/0.png", "b/1.png"])
    assert again == good
    assert open_thumbnail(other) is None, "another picture is at its place"


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_vectors_that_are_no_numbers_are_computed_again(sick: Path, value: float) -> None:
    table = ImageTable(sick)
    vectors = table.vectors_of(["a/0.png"])[1].copy()
    vectors[0, 0] = value
    table.update(["a/0.png"], {"vector": vectors})
    assert examine(sick) == [("vectors", True)]
    assert len(ImageTable(sick).vectors()[0]) == 7
    assert examine(sick) == []


def test_a_search_index_that_lost_its_files_is_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    paths = [f"{number:05}.png" for number in range(3000)]
    table.upsert([{"path": path, "status": "ok"} for path in paths])
    table.reset_vectors(8)
    table.update(paths, {"vector": np.random.default_rng(0).normal(size=(len(paths), 8))})
    assert table.make_index()
    found = Findings(table.work)
    check_search_index(found)
    assert found.entries == []
    shutil.rmtree(table.work / "images.lance" / "_indices")
    check_search_index(found)
    assert [entry["kind"] for entry in found.entries] == ["index"]
    assert not ImageTable(table.work).has_index


def test_many_paths_are_shortened() -> None:
    assert name_some(["a"]) == "a"
    assert name_some(list("abcde")) == "a, b, c and 2 more"
