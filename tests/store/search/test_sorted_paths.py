"""Paths are found by halving and by hashing alike."""

from __future__ import annotations

import pyarrow as pa
import pytest

from unpool.store.search import sorted_paths
from unpool.store.search.sorted_paths import find_sorted

PATHS = sorted(["a.png", "b/ä.png", "b/z.png", "c.png", "日本.png", "𝄞.png", "Z.png", "\uffee.png"])


@pytest.mark.parametrize("most", [0, 1000])
def test_each_path_is_found_at_its_place(most: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sorted_paths, "MAX_BISECTED", most)
    table = pa.table({"path": pa.array(PATHS[::-1])}).sort_by("path")
    paths = table["path"].combine_chunks()
    paths = paths.chunk(0) if isinstance(paths, pa.ChunkedArray) else paths
    assert paths.to_pylist() == PATHS, "Arrow's order is Python's"
    asked = pa.array([*PATHS, "none", None, "", "zz"])
    assert find_sorted(paths, asked).tolist() == [*range(len(PATHS)), -1, -1, -1, -1]
    assert find_sorted(paths.slice(0, 0), asked).tolist() == [-1] * len(asked)
