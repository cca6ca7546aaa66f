"""Rows of a Lance dataset by place, distance and path, against NumPy."""

from __future__ import annotations

from pathlib import Path

import lance
import numpy as np
import pyarrow as pa
import pytest

from unpool.errors import UnpoolError
from unpool.store import lance_rows
from unpool.store.lance_rows import (
    add_empty_columns,
    damage_reported,
    find_rows,
    nearest_rows,
    rewrite_columns,
    take_thumbnails,
)
from unpool.store.table import ImageTable

N, D = 50, 4
VECTORS = np.random.default_rng(0).normal(size=(N, D)).astype(np.float32)
VECTORS[7] = 0


@pytest.fixture
def dataset(tmp_path: Path) -> lance.LanceDataset:
    vectors = pa.FixedSizeListArray.from_arrays(pa.array(VECTORS.ravel()), D)
    table = pa.table({
        "path": [f"{i:02}" for i in range(N)], "even": [i % 2 == 0 for i in range(N)],
        "thumbnail": [None if i == 3 else bytes([i]) for i in range(N)], "vector": vectors,
        "value": pa.array([0.0] * N, pa.float32()),
    })  # fmt: skip
    lance.write_dataset(table, tmp_path / "d.lance", max_rows_per_file=16)
    return lance.dataset(tmp_path / "d.lance")


@pytest.mark.parametrize("where", [None, "even"])
def test_nearest_are_those_of_numpy(
    dataset: lance.LanceDataset, where: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lance_rows, "CHUNK", 11)  # several parts, across files
    query = np.array([1.0, -0.5, 0.25, 2.0], np.float32)
    paths, far = nearest_rows(dataset, query, 6, where)
    with np.errstate(invalid="ignore"):
        expected = 1 - VECTORS @ query / np.linalg.norm(VECTORS, axis=1) / np.linalg.norm(query)
    rows = [i for i in np.argsort(expected) if i != 7 and (where is None or i % 2 == 0)][:6]
    assert paths == [f"{i:02}" for i in rows]
    np.testing.assert_allclose(far, expected[rows], atol=1e-6)


def test_a_vector_of_length_zero_is_never_near(dataset: lance.LanceDataset) -> None:
    paths, _ = nearest_rows(dataset, np.ones(D, np.float32), 2 * N, None)
    assert len(paths) == N - 1
    assert "07" not in paths


def test_places_and_thumbnails_of_paths(dataset: lance.LanceDataset) -> None:
    place = find_rows(dataset, ["02", "none", "49", "03"])
    assert place.tolist() == [2, -1, 49, 3]
    assert take_thumbnails(dataset, place, np.array([3, 1, 0, 2, 0])) == [
        None,
        None,
        b"\x02",
        b"\x31",
        b"\x02",
    ]


@pytest.mark.parametrize("share", [0, 2])
def test_few_paths_have_the_same_places_as_many(
    dataset: lance.LanceDataset, share: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lance_rows, "MAX_SOUGHT_SHARE", share)
    assert find_rows(dataset, ["49", "none", "02", "49"]).tolist() == [49, -1, 2, 49]
    assert find_rows(dataset, pa.chunked_array([["03"], ["x"]])).tolist() == [3, -1]
    assert find_rows(dataset, ["none"]).tolist() == [-1]
    assert find_rows(dataset, []).tolist() == []


def test_rewriting_changes_those_rows_in_one_commit(dataset: lance.LanceDataset) -> None:
    before = dataset.version
    rewrite_columns(
        dataset, ["40", "none", "01"], pa.table({"value": pa.array([4.0, 9.0, 1.0], pa.float32())})
    )
    now = lance.dataset(dataset.uri)
    assert now.version == before + 1
    found = now.to_table(columns=["path", "value"]).to_pydict()
    changed = {path: value for path, value in zip(found["path"], found["value"], strict=True) if value}
    assert changed == {"40": 4.0, "01": 1.0}


def test_rewriting_nothing_commits_nothing(dataset: lance.LanceDataset) -> None:
    before = dataset.version
    rewrite_columns(dataset, ["none"], pa.table({"value": pa.array([1.0], pa.float32())}))
    assert lance.dataset(dataset.uri).version == before


def test_columns_that_an_older_table_lacks_are_empty() -> None:
    rows = add_empty_columns(pa.table({"path": ["a", "b"]}), [pa.field("label", pa.string())])
    assert rows.to_pydict() == {"path": ["a", "b"], "label": [None, None]}


def test_a_table_that_lost_a_file_is_damaged(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": "a.png", "status": "ok"}])
    ImageTable(table.work)
    lost = next((table.work / "images.lance" / "data").iterdir())
    content = lost.read_bytes()
    lost.unlink()
    with pytest.raises(
        UnpoolError, match=rf"images\.lance is damaged: its file data/{lost.name} is missing; `unpool"
    ):
        ImageTable(table.work)
    lost.write_bytes(content)
    assert len(ImageTable(table.work)) == 1
    for manifest in (table.work / "images.lance" / "_versions").iterdir():
        manifest.write_bytes(b"half")
    with pytest.raises(UnpoolError, match=r"is damaged: .*; `unpool doctor --work .*` saves"):
        ImageTable(table.work)


class PanicException(BaseException):
    """What Rust raises where it gives up."""


def test_a_newer_table_and_a_panic_are_named(tmp_path: Path) -> None:
    newer = "This dataset cannot be read by this version of Lance. Please upgrade Lance to read this dataset. Flags: 64"
    with (
        pytest.raises(UnpoolError, match="a newer version of Lance than this one; upgrade it: pip"),
        damage_reported(tmp_path),
    ):
        raise OSError(newer)
    with pytest.raises(UnpoolError, match="is damaged: index out of bounds"), damage_reported(tmp_path):
        raise PanicException("index out of bounds")
    with pytest.raises(KeyboardInterrupt), damage_reported(tmp_path):
        raise KeyboardInterrupt
