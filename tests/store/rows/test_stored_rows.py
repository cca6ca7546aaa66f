"""Rows are read by name and path, and what a table lacks reads as empty."""

from pathlib import Path

import pytest

from unpool.store.table import ImageTable


@pytest.fixture
def table(tmp_path: Path) -> ImageTable:
    return ImageTable.create(tmp_path / "w.unpool")


def test_whole_numbers_stay_whole(table: ImageTable) -> None:
    table.upsert([{"path": "a", "group": 3}, {"path": "b"}])
    assert str(table.frame()["group"].dtype) == "Int32"
    assert table.frame()["group"].isna().tolist() == [False, True]


def test_sorted_paths_lead_to_their_rows(table: ImageTable) -> None:
    table.upsert([{"path": path} for path in ("c", "ä", "a", "b")])
    paths, offset_N = table.sorted_paths()
    assert paths.to_pylist() == ["a", "b", "c", "ä"]
    assert table.newest().take(offset_N, columns=["path"])["path"].to_pylist() == ["a", "b", "c", "ä"]


def test_a_field_that_no_image_has_reads_as_empty(table: ImageTable) -> None:
    table.upsert([{"path": "b", "width": 3}, {"path": "a", "width": 4}])
    columns = ["field:number:weight", "width"]
    assert table.arrow(columns).to_pylist() == [
        {"field:number:weight": None, "width": 4}, {"field:number:weight": None, "width": 3},
    ]  # fmt: skip
    assert table.some(["b", "gone"], columns).to_pylist() == [
        {"path": "b", "width": 3, "field:number:weight": None}
    ]


def test_a_condition_holds_of_some_rows_or_none(table: ImageTable) -> None:
    table.upsert([{"path": "a", "width": 1}, {"path": "b", "width": 2}])
    assert [table.has_rows(f"width > {least}") for least in range(3)] == [True, True, False]


def test_values_are_counted_by_column(table: ImageTable) -> None:
    table.upsert([{"path": "a", "label": "cat", "width": 1}, {"path": "b", "width": 2}])
    assert table.count_values(["label", "width"]) == {"label": 1, "width": 2}
    assert table.count_values([]) == {}


def test_the_stamp_of_a_column_changes_with_its_values_alone(table: ImageTable) -> None:
    table.upsert([{"path": "a", "label": "cat", "width": 1}])
    before = table.stamp_columns(["label", "width"])
    table.update(["a"], {"label": ["dog"]})
    after = table.stamp_columns(["label", "width"])
    assert after["width"] == before["width"]
    assert after["label"] != before["label"]
