"""The index finds what comparing all finds, in a table that changes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unpool.store.search import vector_index
from unpool.store.search.vector_index import find_index
from unpool.store.table import ImageTable
from unpool.store.versions import keep_version, restore_version

NUM, D = 600, 8
RNG = np.random.default_rng(0)
CENTRES = RNG.normal(size=(6, D))
VECTORS = (CENTRES[RNG.integers(6, size=NUM)] + 0.2 * RNG.normal(size=(NUM, D))).astype(np.float32)
VECTORS[5] = 0
NAMES = np.array([f"{i:04}" for i in range(NUM)])


def rows(first: int, vectors: np.ndarray) -> list[dict[str, object]]:
    return [
        {"path": f"{first + i:04}", "status": "ok", "group": (first + i) % 3, "vector": vector}
        for i, vector in enumerate(vectors)
    ]


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ImageTable:
    monkeypatch.setattr(vector_index, "MIN_INDEXED", 500)
    table = ImageTable.create(tmp_path / "w.unpool")
    table.reset_vectors(D)
    table.upsert(rows(0, VECTORS))
    return table


def expected(query_D: np.ndarray, vector_ND: np.ndarray, k: int) -> list[str]:
    with np.errstate(invalid="ignore"):
        far_N = 1 - vector_ND @ query_D / np.linalg.norm(vector_ND, axis=1) / np.linalg.norm(query_D)
    order = [row for row in np.argsort(far_N, kind="stable") if np.isfinite(far_N[row])]
    return [f"{row:04}" for row in order[:k]]


def recall(table: ImageTable, vector_ND: np.ndarray) -> float:
    queries = [row for row in range(0, NUM, 29) if row != 5]
    hits = [
        len(set(table.nearest(VECTORS[row], 10)[0]) & set(expected(VECTORS[row], vector_ND, 10)))
        for row in queries
    ]
    return sum(hits) / (10 * len(queries))


def test_an_index_is_made_where_it_pays_and_told(table: ImageTable, monkeypatch: pytest.MonkeyPatch) -> None:
    assert table.needs_index()
    assert not table.has_index
    message = table.make_index()
    assert message is not None
    assert message.startswith("search index of 600 images: ")
    assert "% of the 10 nearest on a sample" in message
    assert table.has_index
    assert not table.needs_index()
    monkeypatch.setattr(vector_index, "MIN_INDEXED", NUM + 1)
    table.reset_vectors(D)
    assert not table.has_index, "its vectors are gone"
    assert not table.needs_index(), "too few images"


def test_searches_find_the_nearest(table: ImageTable) -> None:
    table.make_index()
    assert recall(table, VECTORS) >= 0.95
    paths, far_K = table.nearest(3 * VECTORS[0], 5)
    assert paths[0] == "0000"
    assert far_K[0] == pytest.approx(0, abs=1e-5)
    assert (np.diff(far_K) >= 0).all()
    every = table.nearest(VECTORS[0], 2 * NUM)[0]
    assert sorted(every) == [name for name in NAMES if name != "0005"], "all but the one of length zero"
    assert table.nearest(np.zeros(D), 3)[0] == []


def test_conditions_and_columns_hold(table: ImageTable) -> None:
    table.make_index()
    found = table.nearest(VECTORS[1], 20, where="`group` = 1")[0]
    assert len(found) == 20
    assert {int(path) % 3 for path in found} == {1}
    own = [path for path in expected(VECTORS[1], VECTORS, NUM) if int(path) % 3 == 1]
    assert len(set(found) & set(own[:20])) >= 18
    near = table.nearest_by_index(VECTORS[1], 4, columns=["group", "label"])
    assert near is not None
    assert near["group"].to_pylist() == [int(path) % 3 for path in near["path"].to_pylist()]
    assert near["label"].null_count == 4


def test_rows_that_come_change_and_go_are_seen(table: ImageTable) -> None:
    table.make_index()
    new = np.eye(1, D, dtype=np.float32)[0] * 9
    table.upsert(rows(NUM, np.stack([new, new])))
    assert table.nearest(new, 2)[0] == ["0600", "0601"], "what the index does not hold"
    table.update(["0600"], {"vector": -new[None]})
    assert table.nearest(new, 1)[0] == ["0601"]
    assert table.nearest(-new, 1)[0] == ["0600"]
    table.delete(["0601", "0000"])
    assert "0601" not in table.nearest(new, NUM)[0]
    assert "0000" not in table.nearest(VECTORS[0], NUM)[0]
    table.compact()
    assert table.nearest(-new, 1)[0] == ["0600"]
    kept = VECTORS.copy()
    kept[0] = 0
    assert recall(table, np.vstack([kept, -new])) >= 0.93


def test_other_columns_leave_the_index(table: ImageTable) -> None:
    table.make_index()
    before = find_index(table.newest())
    table.update(NAMES.tolist(), {"group": np.zeros(NUM, np.int64)})
    assert find_index(table.newest()) == before
    assert not table.needs_index()
    assert recall(table, VECTORS) >= 0.95


def test_an_outdated_index_is_made_anew(table: ImageTable) -> None:
    table.make_index()
    table.upsert(rows(NUM, VECTORS[:30]))
    assert not table.needs_index()
    table.upsert(rows(NUM + 30, VECTORS[:60]))
    assert table.needs_index()
    table.make_index()
    assert not table.needs_index()
    assert (
        len([index for index in table.newest().describe_indices() if index.name.startswith("nearest_")]) == 1
    )


def test_an_undone_version_has_its_own_index(table: ImageTable) -> None:
    version = table.version
    keep_version(table.work, version)
    table.make_index()
    restore_version(table.work, version)
    again = ImageTable(table.work)
    assert not again.has_index
    assert again.nearest(VECTORS[0], 1)[0] == ["0000"]


def test_images_without_vectors_have_no_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_index, "MIN_INDEXED", 50)
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": f"{i:04}", "status": "ok"} for i in range(80)])
    assert not table.needs_index()
    table.reset_vectors(4)
    assert table.make_index() is None


def test_a_table_without_an_index_is_searched_exactly(table: ImageTable) -> None:
    assert table.nearest_by_index(VECTORS[0], 3) is None
    assert recall(table, VECTORS) == 1
