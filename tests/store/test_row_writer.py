"""Rows are written together, and often enough."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.errors import UnpoolError
from unpool.store import row_writer
from unpool.store.row_writer import RowWriter, check_not_empty
from unpool.store.table import ImageTable


@pytest.fixture
def table(tmp_path: Path) -> ImageTable:
    return ImageTable.create(tmp_path / "w.unpool")


def test_rows_wait_for_a_full_batch_or_the_end(table: ImageTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_writer, "FLUSH_ROWS", 3)
    monkeypatch.setattr(row_writer, "FLUSH_SECONDS", 1e9)
    writer = RowWriter(table)
    writer.add([{"path": "a", "status": "ok"}, {"path": "b", "status": "ok"}])
    assert len(table) == 0
    writer.add([{"path": "c", "status": "ok"}])
    assert len(table) == 3
    writer.add([{"path": "d", "status": "ok"}])
    assert len(table) == 3
    writer.flush()
    assert len(table) == 4


def test_time_writes_too(table: ImageTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_writer, "FLUSH_SECONDS", 0.0)
    RowWriter(table).add([{"path": "a", "status": "ok"}])
    assert len(table) == 1


def test_no_usable_image_is_an_error_with_a_list(table: ImageTable) -> None:
    table.upsert([{"path": "a", "status": "skipped", "problem": "empty", "detail": "0 bytes"}])
    with pytest.raises(
        UnpoolError, match=r"no image in photos can be used: 1 skipped, .*problems\.csv says why"
    ):
        check_not_empty(table.work, table, "photos")
    assert "a,empty,0 bytes" in (table.work / "problems.csv").read_text("utf-8")
    table.upsert([{"path": "b", "status": "ok"}])
    check_not_empty(table.work, table, "photos")


def test_new_rows_are_appended_and_known_ones_updated(table: ImageTable) -> None:
    table.upsert([{"path": "a", "status": "ok", "label": "cup"}])
    writer = RowWriter(table, known={"a"})
    for grey in (False, True):
        writer.add({"path": path, "status": "ok", "grey": grey} for path in ("b", "a", "c"))
        writer.flush()
        rows = table.arrow(["path", "grey", "label"]).to_pylist()
        assert sorted((row["path"], row["grey"], row["label"]) for row in rows) == [
            ("a", grey, "cup"), ("b", grey, None), ("c", grey, None),
        ]  # fmt: skip
