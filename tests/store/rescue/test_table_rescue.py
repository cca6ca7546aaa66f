"""A damaged table gives back what can be read of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from unpool.store.lance_rows import open_dataset, rewrite_columns
from unpool.store.rescue.manifests import FileChecks
from unpool.store.rescue.table_rescue import rescue_table
from unpool.store.spaces.paths import space_folder
from unpool.store.table import ImageTable

PATHS = ["a.png", "b.png", "c.png"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": path, "id": path, "status": "ok"} for path in PATHS[:2]])
    table.reset_vectors(2)
    table.update(PATHS[:2], {"vector": np.eye(2), "model": ["m", "m"]})
    return table.work


def data(work: Path) -> set[Path]:
    return set((work / "images.lance" / "data").iterdir())


def lose_files_of(work: Path, known: set[Path]) -> None:
    new = data(work) - known
    assert new
    for file in new:
        file.unlink()


def test_a_whole_table_is_left_alone(work: Path) -> None:
    version = ImageTable(work).version
    assert rescue_table(work, FileChecks()) is None
    assert ImageTable(work).version == version


def test_the_newest_whole_version_comes_back_with_what_people_said_since(work: Path) -> None:
    table, known = ImageTable(work), data(work)
    table.update(PATHS[:2], {"x": [1.0, 2.0]})
    lost = data(work) - known
    table.update(["b.png"], {"label": ["hat"]})
    table.update(PATHS[:2], {"group": [3, 4], "probability": [1.0, 0.5], "leaf": [None, None]})
    table.upsert([{"path": "c.png", "id": "c", "status": "ok", "label": "coat"}])
    for file in lost:
        file.unlink()
    found = rescue_table(work, FileChecks())
    assert found is not None
    assert (found.version is not None, found.num_lost, found.lost) == (True, 1, ["c.png"])
    assert list(found.files.values()) == ["it is missing"]
    frame = ImageTable(work).frame().set_index("path")
    assert frame["label"].dropna().to_dict() == {"b.png": "hat", "c.png": "coat"}
    assert frame["problem"].dropna().to_dict() == {"c.png": "lost"}
    assert frame["x"].isna().all()
    assert frame["group"].dropna().to_dict() == {"a.png": 3, "b.png": 4}, "perhaps made by hand"
    np.testing.assert_array_equal(np.stack(frame["vector"].dropna().to_list()), np.eye(2))
    assert rescue_table(work, FileChecks()) is None


def test_groups_come_back_from_a_table_of_an_older_version(work: Path) -> None:
    table = ImageTable(work)
    table.update(PATHS[:2], {"group": [3, 4]})
    table.newest().drop_columns(["group_name"])
    rewritten = lose_a_column_and_regroup(work)
    assert rescue_table(work, FileChecks()) is not None
    assert ImageTable(work).frame(["group"])["group"].tolist() == rewritten


def lose_a_column_and_regroup(work: Path) -> list[int]:
    """Groups of a version none of whose files is there for another column."""
    known = data(work)
    rewrite_columns(open_dataset(work), PATHS[:2], pa.table({"x": pa.array([1.0, 2.0], pa.float32())}))
    lost = data(work) - known
    rewrite_columns(open_dataset(work), PATHS[:2], pa.table({"group": pa.array([5, 6], pa.int32())}))
    for file in lost:
        file.unlink()
    return [5, 6]


def test_the_groups_of_a_space_come_back_too(work: Path) -> None:
    (work / "spaces" / "look").mkdir(parents=True)
    place = space_folder(work, "look")
    ImageTable(place).update(PATHS[:2], {"group": [0, 1]})
    known = data(work)
    ImageTable(work).update(PATHS[:2], {"x": [1.0, 2.0]})
    lost = data(work) - known
    ImageTable(place).update(PATHS[:2], {"group": [7, 8]})
    for file in lost:
        file.unlink()
    assert rescue_table(work, FileChecks()) is not None
    assert ImageTable(place).frame(["group"])["group"].tolist() == [7, 8]
    assert ImageTable(work).frame(["group"])["group"].isna().all()


def remove_older_versions(work: Path) -> None:
    from datetime import timedelta

    open_dataset(work).cleanup_old_versions(older_than=timedelta(0))


def test_without_a_whole_version_the_readable_rows_stay(work: Path) -> None:
    table, known = ImageTable(work), data(work)
    table.upsert([{"path": "c.png", "id": "c", "status": "ok", "label": "coat"}])
    remove_older_versions(work)
    (work / "groups.csv").write_text("path,group,probability\na.png,0,\nb.png,0,\nc.png,0,\n")
    lose_files_of(work, known)
    found = rescue_table(work, FileChecks())
    assert found is not None
    assert (found.version, found.num_lost, found.lost) == (None, 1, ["c.png"])
    table = ImageTable(work)
    assert table.vectors()[0] == ["a.png", "b.png"]
    np.testing.assert_array_equal(table.vectors()[1], np.eye(2))


def test_a_column_that_is_lost_is_empty(work: Path) -> None:
    table, known = ImageTable(work), data(work)
    table.update(PATHS[:2], {"vector": 2 * np.eye(2), "label": ["hat", None]})
    lost = data(work) - known
    table.update(PATHS[:2], {"x": [1.0, 2.0]})
    remove_older_versions(work)
    for file in lost:
        file.unlink()
    found = rescue_table(work, FileChecks())
    assert found is not None
    assert found.num_lost == 0
    frame = ImageTable(work).frame(["path", "x", "vector", "label"])
    assert frame["path"].tolist() == PATHS[:2]
    assert frame["x"].tolist() == [1.0, 2.0]
    assert frame["vector"].isna().all()


def test_a_table_without_any_version_is_reported(work: Path) -> None:
    for file in (work / "images.lance" / "_versions").iterdir():
        file.write_bytes(b"")
    found = rescue_table(work, FileChecks())
    assert found is not None
    assert not found.is_saved
