"""The table keeps what it was given, under upserts, renames of vectors and odd file names."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from unpool.errors import UnpoolError
from unpool.workspace import ImageTable


@pytest.fixture
def table(tmp_path: Path) -> ImageTable:
    return ImageTable.create(tmp_path / "w.unpool")


def rows(n: int, start: int = 0) -> list[dict]:
    return [{"path": f"{i + start:05}.png", "status": "ok", "width": i} for i in range(n)]


def test_no_workspace_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match=r"no workspace at .*nowhere.*unpool run"):
        ImageTable(tmp_path / "nowhere")


def test_upsert_overwrites_only_what_is_named(table: ImageTable) -> None:
    table.upsert(rows(3))
    table.update(["00001.png"], {"label": ["hat"]})
    table.upsert([{"path": "00001.png", "status": "skipped"}, {"path": "new.png", "status": "ok"}])
    frame = table.frame().set_index("path")
    assert len(frame) == 4
    assert frame.loc["00001.png", "label"] == "hat"
    assert frame.loc["00001.png", "status"] == "skipped"
    assert frame.loc["00001.png", "width"] == 1


def test_vectors_come_back_by_path(table: ImageTable) -> None:
    vectors = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    table.upsert(rows(5))
    table.reset_vectors(3)
    table.update([f"{i:05}.png" for i in (4, 2, 0)], {"vector": vectors[[4, 2, 0]]})
    paths, found = table.vectors()
    assert paths == ["00000.png", "00002.png", "00004.png"]
    np.testing.assert_array_equal(found, vectors[[0, 2, 4]])


def test_another_dimension_forgets_groups_but_not_labels(table: ImageTable) -> None:
    table.upsert(rows(2))
    table.reset_vectors(3)
    table.update(["00000.png"], {"vector": np.ones((1, 3)), "group": [1], "label": ["mine"]})
    table.reset_vectors(4)
    assert table.dimension == 4
    assert table.vectors()[0] == []
    row = table.frame().iloc[0]
    assert row["label"] == "mine"
    assert pd.isna(row["group"])


@pytest.mark.parametrize("name", ["it's.png", "a b/ü\n.png", "'; DROP TABLE--.png", '"q".png'])
def test_odd_names_are_deleted_and_nothing_else(table: ImageTable, name: str) -> None:
    table.upsert([{"path": name, "status": "ok"}, {"path": "keep.png", "status": "ok"}])
    table.delete([name])
    assert table.frame()["path"].tolist() == ["keep.png"]


def test_whole_numbers_stay_whole(table: ImageTable) -> None:
    table.upsert([{"path": "a", "group": 3}, {"path": "b"}])
    assert str(table.frame()["group"].dtype) == "Int32"
    assert table.frame()["group"].isna().tolist() == [False, True]


def test_compaction_changes_no_row(table: ImageTable) -> None:
    for start in range(0, 50, 5):
        table.upsert(rows(5, start))
    before = table.frame()
    table.compact()
    assert before.equals(ImageTable(table.work).frame())


def test_a_row_may_lose_its_vector(table: ImageTable) -> None:
    table.upsert(rows(3))
    table.reset_vectors(2)
    table.update(["00000.png", "00001.png"], {"vector": np.ones((2, 2))})
    table.upsert([{"path": "00000.png", "vector": None}, {"path": "00002.png", "vector": np.zeros(2)}])
    assert table.vectors()[0] == ["00001.png", "00002.png"]
    table.upsert([{"path": "00001.png", "vector": None}])
    assert table.vectors()[0] == ["00002.png"]
