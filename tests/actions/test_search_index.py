"""The search index is made once, with a message."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unpool.actions.search_index import update_search_index
from unpool.core.progress import Progress
from unpool.store.search import vector_index
from unpool.store.table import ImageTable


class Heard(Progress):
    def __init__(self) -> None:
        self.lines: list[str] = []

    def message(self, text: str) -> None:
        self.lines.append(text)


def test_it_is_made_once_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.reset_vectors(4)
    vectors = np.random.default_rng(0).normal(size=(300, 4))
    table.upsert([{"path": f"{i:03}", "status": "ok", "vector": vector} for i, vector in enumerate(vectors)])
    heard = Heard()
    update_search_index(table, heard)
    assert heard.lines == [], "so few need none"
    assert not table.has_index
    monkeypatch.setattr(vector_index, "MIN_INDEXED", 200)
    for _ in range(2):
        update_search_index(table, heard)
    assert len(heard.lines) == 1
    assert table.has_index
