"""People see fields under their own names, with times for dates and texts in CSV files."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from unpool.store.fields.plain_columns import plain_frame, plain_names, to_plain
from unpool.store.fields.values import write_field
from unpool.store.table import ImageTable


@pytest.fixture
def table(tmp_path: Path) -> ImageTable:
    table = ImageTable.create(tmp_path / "a.unpool")
    table.upsert([{"path": "a", "width": 3}, {"path": "b"}])
    write_field(table.work, "seen", {"a": "2024-01-31 10:30"})
    write_field(table.work, "marks", {"a": ["x", "y; z"], "b": ["x"]})
    write_field(table.work, "a.b", {"b": 1.5})
    write_field(table.work, "gone", {"b": "x"})
    write_field(table.work, "gone", {"b": None})
    return ImageTable(table.work)


def test_names_are_plain_and_empty_fields_left_out(table: ImageTable) -> None:
    assert list(plain_names(table))[-3:] == ["a.b", "marks", "seen"]
    assert {"path", "label", "vector"} & set(plain_names(table)) == {"path", "label"}


def test_dates_are_times_and_tags_lists(table: ImageTable) -> None:
    frame = plain_frame(table, ["path", "seen", "marks", "a.b", "width", "nothing"])
    assert list(frame.columns) == ["path", "seen", "marks", "a.b", "width"]
    assert frame["seen"][0] == pd.Timestamp("2024-01-31 10:30")
    assert pd.isna(frame["seen"][1])
    assert [list(tags) for tags in frame["marks"]] == [["x", "y; z"], ["x"]]
    assert frame["width"].dtype == "Int32"
    assert to_plain(table.arrow(["field:date:seen"])).schema.field("seen").type == "timestamp[us]"


def test_cells_are_texts_that_are_read_back(table: ImageTable) -> None:
    frame = plain_frame(table, ["seen", "marks", "a.b"], as_text=True)
    assert frame["seen"].fillna("").tolist() == ["2024-01-31 10:30:00", ""]
    assert frame["marks"].tolist() == ['["x", "y; z"]', "x"]
    write_field(table.work, "copy", dict(zip("ab", frame["marks"], strict=True)), "tags")
    copy = plain_frame(ImageTable(table.work), ["copy"])["copy"]
    assert [list(tags) for tags in copy] == [["x", "y; z"], ["x"]]
