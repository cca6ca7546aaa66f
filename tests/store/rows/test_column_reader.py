"""The files of a column stay while other columns change."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from unpool.store.rows.column_reader import ColumnReader, vector_files
from unpool.store.table import ImageTable


def test_only_what_changed_has_other_files(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": f"{row}.png", "status": "ok"} for row in range(4)])
    assert vector_files(table.work) == ()
    table.reset_vectors(2)
    table.update(["0.png", "1.png"], {"vector": np.eye(2, dtype=np.float32)})
    before = ColumnReader(table.work).files()
    table.update(["1.png"], {"label": ["cat"], "wrong": [True]})
    after = ColumnReader(table.work).files()
    assert {name for name in after if after[name] != before[name]} == {"label", "wrong"}
    known = [vector_files(table.work)]
    assert known[0] == before["vector"]
    table.update(["1.png"], {"vector": np.ones((1, 2), np.float32)})
    known.append(vector_files(table.work))
    table.upsert([{"path": "new.png", "status": "ok"}])
    known.append(vector_files(table.work))
    table.delete(["0.png"])
    known.append(vector_files(table.work))
    assert len(set(known)) == 4


def test_usable_rows_are_read_in_the_order_of_the_table(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert(
        [{"path": path, "status": status} for path, status in (("b", "ok"), ("x", "skipped"), ("a", "ok"))]
    )
    table.update(["a"], {"label": ["cat"]})
    reader = ColumnReader(table.work)
    assert reader.version == ImageTable(table.work).version
    rows = reader.read(["path", "label", "no such column"])
    assert rows.to_pylist() == [{"path": "b", "label": None}, {"path": "a", "label": "cat"}]
