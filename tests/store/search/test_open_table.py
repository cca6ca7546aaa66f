"""An open table shows what others write, and is not taken for another's."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

from unpool.errors import UnpoolError
from unpool.store.search.open_table import open_table
from unpool.store.spaces.paths import space_folder
from unpool.store.table import ImageTable

PATHS = ["b.png", "a.png", "none.png"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": path, "status": "ok"} for path in PATHS])
    table.reset_vectors(2)
    table.update(PATHS[:2], {"vector": np.eye(2)})
    return table.work


def test_rows_are_found_by_path(work: Path) -> None:
    opened = open_table(work)
    assert [path in opened for path in ("a.png", "none.png", "c.png", "")] == [True, True, False, False]
    assert 3 not in opened
    vectors = [opened.vector_of(path) for path in ("b.png", "a.png", "none.png", "c.png")]
    assert [None if vector is None else vector.tolist() for vector in vectors] == [[1, 0], [0, 1], None, None]


def test_it_stays_open_and_sees_what_others_write(work: Path) -> None:
    opened = open_table(work)
    assert "c.png" not in opened
    table = ImageTable(work)
    table.upsert([{"path": "c.png", "status": "ok", "vector": [3.0, 4.0]}])
    assert open_table(work) is opened
    assert opened.vector_of("c.png").tolist() == [3, 4]  # type: ignore[union-attr]
    table.delete(["b.png"])
    table.compact()
    assert open_table(work).vector_of("b.png") is None


def test_a_workspace_stays_open_beside_a_space_of_it(work: Path) -> None:
    space = space_folder(work, "words")
    ImageTable.create(space).reset_vectors(3)
    opened, beside = open_table(work), open_table(space)
    assert (opened.table.dimension, beside.table.dimension) == (2, 3)
    assert (open_table(work), open_table(space)) == (opened, beside)


def test_another_workspace_in_its_place_is_opened_anew(work: Path) -> None:
    opened = open_table(work)
    shutil.rmtree(work)
    with pytest.raises(UnpoolError, match="no workspace at"):
        open_table(work)
    ImageTable.create(work).upsert([{"path": "new.png", "status": "ok"}])
    again = open_table(work)
    assert again is not opened
    assert "new.png" in again
    assert "a.png" not in again


def test_a_name_that_is_no_unicode_is_no_path(work: Path) -> None:
    assert "caf\udce9.jpg" not in open_table(work)


def test_a_relative_name_is_that_of_the_folder_one_is_in(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(work.parent)
    assert open_table(Path(work.name)).table.work == Path(work.name)
    monkeypatch.chdir(work)
    assert open_table(work).table.work == work


def test_the_same_images_are_sampled_until_the_table_changes(work: Path) -> None:
    sample = open_table(work).sample_vectors()
    assert sorted(sample.tolist()) == [[0, 1], [1, 0]]
    assert open_table(work).sample_vectors() is sample
    ImageTable(work).upsert([{"path": "c.png", "status": "ok", "vector": [3.0, 4.0]}])
    assert len(open_table(work).sample_vectors()) == 3


def test_nothing_is_sampled_of_a_table_without_vectors(tmp_path: Path) -> None:
    ImageTable.create(tmp_path / "w.unpool")
    assert open_table(tmp_path / "w.unpool").sample_vectors().shape == (0, 0)
