"""Vectors from elsewhere are read whole, or refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unpool.errors import UnpoolError
from unpool.inference.vectors.vector_file import read_vectors

PATHS = ["b.png", "sub/a.png", "汉字.png"]
VECTORS = np.arange(12, dtype=np.float32).reshape(3, 4)


def save(folder: Path, vectors: np.ndarray = VECTORS, beside: str = "", text: str = "") -> Path:
    np.save(folder / "own.npy", vectors)
    if beside:
        (folder / f"own.{beside}").write_text(text, "utf-8")
    return folder / "own.npy"


LISTS = {
    "json": json.dumps(PATHS),
    "csv": "number,path\n" + "".join(f"{number},{path}\n" for number, path in enumerate(PATHS)),
    "txt": "\n".join(PATHS) + "\n",
}


@pytest.mark.parametrize("ending", LISTS)
def test_an_array_with_its_list_of_paths(tmp_path: Path, ending: str) -> None:
    found = read_vectors(save(tmp_path, VECTORS.astype(np.float64), ending, LISTS[ending]))
    assert found.paths == PATHS
    assert found.dimension == 4
    np.testing.assert_array_equal(found.vectors_ND, VECTORS)


def test_an_array_alone_has_no_paths(tmp_path: Path) -> None:
    found = read_vectors(save(tmp_path, VECTORS.astype(np.float16)))
    assert found.paths is None
    assert found.vectors_ND.shape == (3, 4)


KINDS: dict[str, Callable[[], pa.Array]] = {
    "list": lambda: pa.array(VECTORS.astype(np.float64).tolist()),
    "large list": lambda: pa.array(VECTORS.tolist(), pa.large_list(pa.float32())),
    "fixed": lambda: pa.FixedSizeListArray.from_arrays(pa.array(VECTORS.ravel()), 4),
    "half": lambda: pa.array(list(VECTORS.astype(np.float16)), pa.list_(pa.float16())),
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_table_of_paths_and_vectors(tmp_path: Path, kind: str) -> None:
    table = pa.table({"other": [1, 2, 3], "path": PATHS, "vector": KINDS[kind]()})
    pq.write_table(table, tmp_path / "own.parquet")
    found = read_vectors(tmp_path / "own.parquet")
    assert found.paths == PATHS
    np.testing.assert_array_equal(found.vectors_ND, VECTORS)


@pytest.mark.parametrize(
    "kind", [pa.dictionary(pa.int32(), pa.string()), pa.large_string(), pa.string_view()]
)
def test_paths_of_every_kind_of_text(tmp_path: Path, kind: pa.DataType) -> None:
    table = pa.table({"path": pa.array(PATHS).cast(kind), "vector": KINDS["list"]()})
    pq.write_table(table, tmp_path / "own.parquet")
    assert read_vectors(tmp_path / "own.parquet").paths == PATHS


def test_rows_without_a_vector_are_left_out(tmp_path: Path) -> None:
    kind = pa.list_(pa.float32(), 4)
    vectors = pa.array([VECTORS[0].tolist(), None, VECTORS[2].tolist()], kind)
    pq.write_table(pa.table({"path": PATHS, "vector": vectors}), tmp_path / "own.parquet")
    found = read_vectors(tmp_path / "own.parquet")
    assert found.paths == [PATHS[0], PATHS[2]]
    np.testing.assert_array_equal(found.vectors_ND, VECTORS[[0, 2]])


def test_what_is_wrong_is_named(tmp_path: Path) -> None:
    holes = VECTORS.copy()
    holes[1, 2], holes[2, 0] = np.nan, np.inf
    cases: list[tuple[Callable[[], Path], str]] = [
        (
            lambda: save(tmp_path, holes),
            r"2 of 3 vectors hold NaN or infinite numbers, the first is that of row 1",
        ),
        (lambda: save(tmp_path, VECTORS.astype(np.float64) * 1e300), "infinite numbers"),
        (lambda: save(tmp_path, VECTORS.ravel()), r"float32 of shape \(12,\); expected"),
        (lambda: save(tmp_path, VECTORS[None]), r"float32 of shape \(1, 3, 4\); expected"),
        (lambda: save(tmp_path, VECTORS[:0]), r"holds no vectors: its shape is \(0, 4\)"),
        (lambda: save(tmp_path, np.array([None, "a"])), "cannot be read as an array"),
        (lambda: save(tmp_path, VECTORS, "txt", "a\nb\n"), "names 2 paths, but .* has 3 rows"),
        (lambda: save(tmp_path, VECTORS, "txt", "a\nb\na\n"), "has several vectors for a"),
        (lambda: save(tmp_path, VECTORS, "csv", "name\na\n"), "has no column `path`"),
        (lambda: save(tmp_path, VECTORS, "json", '{"a": 1}'), "holds no list of paths"),
        (lambda: tmp_path / "none.npy", "there is no file"),
        (lambda: tmp_path / "own.csv", "is neither .npy nor .parquet"),
    ]
    for make, message in cases:
        for old in tmp_path.glob("own.*"):
            old.unlink()
        with pytest.raises(UnpoolError, match=message) as caught:
            read_vectors(make())
        assert "\n" not in str(caught.value)


def test_what_is_wrong_in_a_table_is_named(tmp_path: Path) -> None:
    file = tmp_path / "own.parquet"
    holes = [[1.0, 2.0], [1.0, None], [1.0, 2.0]]
    cases = [
        (
            {"path": PATHS, "vector": [[1.0, 2.0], [1.0, 2.0], [1.0]]},
            "汉字.png has 1 numbers, that of b.png 2",
        ),
        ({"path": PATHS, "vector": holes}, r"1 of 3 vectors hold NaN .* that of sub/a\.png"),
        ({"path": PATHS, "vectors": holes}, "has no column `vector`; its columns are path, vectors"),
        ({"path": PATHS, "vector": ["a", "b", "c"]}, "`vector` is string, expected lists of numbers"),
        ({"path": [1, 2, 3], "vector": holes}, "`path` is int64, expected text"),
    ]
    for columns, message in cases:
        pq.write_table(pa.table(columns), file)
        with pytest.raises(UnpoolError, match=message):
            read_vectors(file)
    file.write_bytes(b"PAR1")
    with pytest.raises(UnpoolError, match="cannot be read as Parquet"):
        read_vectors(file)


def test_the_digest_follows_vectors_and_paths(tmp_path: Path) -> None:
    digests = {
        read_vectors(save(tmp_path, vectors, "txt", text)).digest
        for vectors in (VECTORS, VECTORS + 1)
        for text in ("a\nb\nc", "a\nc\nb")
    }
    assert len(digests) == 4
