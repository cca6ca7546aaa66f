"""What a space takes is what it writes, and it goes with its columns."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unpool.store.lance_rows import open_whole
from unpool.store.spaces.paths import space_folder
from unpool.store.spaces.sizes import clean_up, count_bytes, drop_space, measure_space
from unpool.store.table import ImageTable

PATHS = [f"{number:04}.png" for number in range(3000)]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """3,000 images; two spaces, one with vectors of 64 random numbers for all but ten, one that only begins alike."""
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": path, "status": "ok", "id": path} for path in PATHS])
    rng = np.random.default_rng(0)
    for name, paths, dimension in (("look", PATHS[10:], 64), ("look2", PATHS[:5], 8)):
        folder = space_folder(table.work, name)
        folder.mkdir(parents=True)
        space = ImageTable(folder)
        space.reset_vectors(dimension)
        space.update(paths, {"vector": rng.normal(size=(len(paths), dimension)).astype(np.float32)})
    return table.work


def test_bytes_are_those_of_the_vectors_and_the_files(work: Path) -> None:
    size = measure_space(space_folder(work, "look"))
    assert (size.dimension, size.images, size.missing) == (64, 2990, 10)
    vectors = 2990 * 64 * 4
    assert vectors <= size.bytes < 1.2 * vectors
    (work / "spaces" / "look" / "model").mkdir()
    (work / "spaces" / "look" / "model" / "weights").write_bytes(b"0" * 1000)
    assert measure_space(space_folder(work, "look")).bytes == size.bytes + 1000
    assert measure_space(space_folder(work, "look2")).bytes < 0.15 * vectors
    assert measure_space(work)[:3] == (None, 0, 3000)


def test_dropped_columns_leave_the_disk(work: Path) -> None:
    before = count_bytes(work / "images.lance")
    drop_space(space_folder(work, "look"))
    clean_up(work)
    assert before - count_bytes(work / "images.lance") > 2990 * 64 * 4
    names = open_whole(work).schema.names
    assert [name for name in names if name.startswith("look@")] == []
    assert "look2@vector" in names
    assert len(ImageTable(space_folder(work, "look2")).vectors()[0]) == 5


def test_bytes_of_a_file_and_of_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"123")
    assert [count_bytes(tmp_path / "a"), count_bytes(tmp_path / "b"), count_bytes(tmp_path)] == [3, 0, 3]
