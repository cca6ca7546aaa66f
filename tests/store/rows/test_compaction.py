"""Small files are merged; large ones are not written anew for a few rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.store.columns import Row
from unpool.store.rows import compaction
from unpool.store.table import ImageTable


@pytest.fixture
def table(tmp_path: Path) -> ImageTable:
    return ImageTable.create(tmp_path / "w.unpool")


def rows(count: int, start: int = 0) -> list[Row]:
    return [{"path": f"{i:05}.png", "status": "ok"} for i in range(start, start + count)]


def test_compaction_leaves_large_files_alone(table: ImageTable, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compaction, "NUM_COMPACTED", 20)
    table.upsert(rows(30))
    (large,) = table.newest().get_fragments()
    for start in (30, 35, 40):
        table.upsert(rows(5, start))
    table.compact()
    first, second = table.newest().get_fragments()
    assert first.fragment_id == large.fragment_id, "not written anew for a few new rows"
    assert (first.count_rows(), second.count_rows()) == (30, 15)
    table.delete([f"{i:05}.png" for i in range(10)])
    table.compact()
    assert [part.physical_rows for part in table.newest().get_fragments()] == [35], (
        "a tenth of it was deleted"
    )


def test_a_few_new_rows_do_not_rewrite_a_small_table(table: ImageTable) -> None:
    table.upsert(rows(1500))
    (large,) = table.newest().get_fragments()
    for start in range(1500, 1510):
        table.append(rows(1, start))
        table.compact()
    parts = table.newest().get_fragments()
    assert parts[0].fragment_id == large.fragment_id
    assert [part.count_rows() for part in parts] == [1500, 10]
