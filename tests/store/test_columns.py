"""Each column is declared once; what is cleared, sorted and shown derives from where it comes from."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.images.reading.scan import ImageFile, Problem
from unpool.store import columns
from unpool.store.columns import COLUMNS, Column, skipped_row

# As they are on disk, most of them since version 0.1.0: a change here is a change of every workspace.
ON_DISK = {
    "path": "string", "id": "string", "width": "int32", "height": "int32", "mode": "string", "bytes": "int64",
    "modified": "double", "stamp": "string", "sample": "string", "status": "string", "problem": "string",
    "detail": "string", "taken": "double", "camera": "string", "latitude": "double", "longitude": "double",
    "thumbnail": "binary", "grey": "bool", "notes": "string", "text": "string",
    "text_id": "string", "model": "string",
    "group": "int32", "probability": "float", "leaf": "int32", "group_name": "string", "x": "float", "y": "float",
    "reconstruction_error": "float", "outlier_score": "float", "joined_distance": "float", "duplicate_of": "string",
    "sharpness": "float", "brightness": "float", "label": "string", "kept_label": "string", "wrong": "bool",
    "suggestion": "string", "suggestion_confidence": "float", "inspection_score": "float", "verdict": "string",
}  # fmt: skip


def test_columns_on_disk_stay_as_they_are() -> None:
    assert {name: column.type for name, column in COLUMNS.items()} == ON_DISK
    assert list(COLUMNS) == list(ON_DISK)


def test_a_changed_file_loses_what_was_found_in_the_old_one() -> None:
    assert set(columns.cleared_by_new_content()) == {
        "group", "group_name", "probability", "leaf", "x", "y", "reconstruction_error", "outlier_score",
        "joined_distance", "duplicate_of", "suggestion", "suggestion_confidence", "inspection_score",
    }  # fmt: skip
    assert set(columns.cleared_by_new_content().values()) == {None}


def test_another_model_clears_what_came_from_its_vectors_and_no_label() -> None:
    cleared = columns.cleared_by_new_model()
    assert {"model", "group", "x", "outlier_score", "suggestion"} <= set(cleared)
    assert not {"label", "wrong", "width", "sharpness", "duplicate_of"} & set(cleared)


def test_a_skipped_row_keeps_nothing_but_what_a_person_said() -> None:
    problem = Problem("a.png", "corrupt", "broken")
    row = skipped_row(problem, ImageFile("a.png", Path("a.png"), 12, 3.5))
    assert {name for name, value in row.items() if value is not None} == {
        "path", "status", "problem", "detail", "bytes", "modified",
    }  # fmt: skip
    assert set(COLUMNS) | {"vector"} == set(row) | {
        "label",
        "kept_label",
        "wrong",
        "text",
        "text_id",
        "verdict",
    }
    assert skipped_row(problem)["bytes"] is None


def test_a_new_column_is_cleared_sorted_and_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    column = Column("novelty", "float", "vector", "how new", "Novelty", "figure", "novelty", shared=True)
    monkeypatch.setitem(COLUMNS, "novelty", column)
    assert "novelty" in columns.cleared_by_new_content()
    assert "novelty" in columns.cleared_by_new_model()
    assert "novelty" in skipped_row(Problem("a", "b", "c"))
    assert "novelty" in columns.sort_keys()
    assert "novelty" in columns.measures()
    assert columns.page_columns()[-1] == column


def test_prominent_columns_come_first_on_the_page() -> None:
    names = [column.name for column in columns.page_columns()]
    assert names[:4] == ["path", "group", "probability", "label"]
    assert columns.names() == ("camera", "notes", "text", "group_name", "label", "suggestion", "verdict")


@pytest.mark.parametrize("column", COLUMNS.values(), ids=lambda column: column.name)
def test_every_column_says_what_it_holds(column: Column) -> None:
    assert len(column.description) > 10
    assert not column.description.endswith(".")
