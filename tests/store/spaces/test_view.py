"""A space has vectors and groups of its own, and shares all else with the workspace."""

from pathlib import Path

import numpy as np
import pytest

from unpool.errors import UnpoolError, UsageError
from unpool.store.columns import OK
from unpool.store.rows.column_reader import vector_files
from unpool.store.search import vector_index
from unpool.store.spaces.paths import space_folder
from unpool.store.spaces.view import own_columns
from unpool.store.table import ImageTable
from unpool.store.versions import keep_version, read_version

PATHS = ["a.png", "b.png", "c.png"]


def row(path: str, vector: list[float], **values: object) -> dict[str, object]:
    return {"path": path, "status": OK, "id": f"id-{path}", "vector": vector, "model": "m", **values}


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Vectors (3, 2) of its own, and (3, 3) in the space `words`, the other way round."""
    table = ImageTable.create(tmp_path / "a.unpool")
    table.reset_vectors(2)
    table.upsert([row(path, [1.0, place], group=place, label="mine") for place, path in enumerate(PATHS)])
    space = ImageTable.create(space_folder(table.work, "words"))
    space.reset_vectors(3)
    space.upsert([row(path, [1.0, 0.0, -place]) for place, path in enumerate(PATHS)])
    return table.work


def words(work: Path) -> ImageTable:
    return ImageTable(space_folder(work, "words"))


def test_vectors_and_groups_are_the_spaces_own(work: Path) -> None:
    words(work).update(PATHS, {"group": [7, 7, 8], "label": ["a", "b", None]})
    main, space = ImageTable(work), words(work)
    assert (main.dimension, space.dimension) == (2, 3)
    assert main.vectors()[1][:, 1].tolist() == [0, 1, 2]
    assert space.vectors()[1][:, 2].tolist() == [0, -1, -2]
    assert main.frame(["group"])["group"].tolist() == [0, 1, 2]
    assert space.frame(["group"])["group"].tolist() == [7, 7, 8]
    assert main.arrow(["label"]).equals(space.arrow(["label"]))


def test_conditions_name_columns_as_they_are_seen(work: Path) -> None:
    space = words(work)
    space.update(PATHS, {"group": [7, 7, 8], "label": ["group = 7", None, None]})
    assert space.arrow(["path"], where="`group` = 7")["path"].to_pylist() == PATHS[:2]
    assert space.arrow(["path"], where="label = 'group = 7'")["path"].to_pylist() == PATHS[:1]
    assert space.arrow(["path"], where="vector IS NULL")["path"].to_pylist() == []


def test_neither_sees_the_columns_of_the_other(work: Path) -> None:
    for table in (ImageTable(work), words(work)):
        assert not [name for name in table.columns if "@" in name]
        assert "vector" in table.frame().columns
        assert not [name for name in table.frame().columns if "@" in name]


def test_search_is_by_the_vectors_of_the_space(work: Path) -> None:
    assert words(work).nearest([0.0, 0.0, -1.0], 1)[0] == ["c.png"]
    assert ImageTable(work).nearest([1.0, 0.0], 1)[0] == ["a.png"]
    with pytest.raises(UnpoolError, match="shape"):
        words(work).nearest([1.0, 0.0], 1)


def test_changed_content_is_cleared_everywhere_else(work: Path) -> None:
    words(work).update(PATHS, {"group": [7, 7, 8]})
    ImageTable(work).upsert([row("b.png", [5.0, 5.0]) | {"id": "new"}])
    assert words(work).vectors()[0] == ["a.png", "c.png"]
    assert words(work).frame(["group", "model"]).isna().sum().tolist() == [1, 1]
    words(work).upsert([row("c.png", [5.0, 5.0, 5.0]) | {"id": "newer"}])
    assert ImageTable(work).vectors()[0] == ["a.png", "b.png"]
    assert words(work).vectors()[0] == ["a.png", "c.png"]
    assert ImageTable(work).frame(["id"])["id"].tolist() == ["id-a.png", "new", "newer"]


def test_embedding_into_a_space_writes_nothing_else(work: Path) -> None:
    ImageTable(work).update(PATHS, {"duplicate_of": [None, "a.png", None]})
    before = ImageTable(work).stamp_columns(["path", "thumbnail", "vector", "group", "duplicate_of"])
    words(work).upsert([row(path, [0.0, 1.0, 0.0], duplicate_of=None, group=None) for path in PATHS])
    assert ImageTable(work).stamp_columns(list(before)) == before
    assert words(work).vectors()[1][:, 1].tolist() == [1, 1, 1]


def test_a_file_that_is_skipped_is_skipped_in_all(work: Path) -> None:
    ImageTable(work).upsert(
        [{"path": "b.png", "status": "skipped", "problem": "no-permission", "vector": None}]
    )
    assert words(work).vectors()[0] == ["a.png", "c.png"]
    words(work).upsert([row("b.png", [1.0, 1.0, 1.0])])  # it can be read again
    assert ImageTable(work).frame(["status"])["status"].tolist() == [OK] * 3


def test_another_model_leaves_the_others(work: Path) -> None:
    words(work).reset_vectors(5)
    assert words(work).dimension == 5
    assert words(work).vectors()[0] == []
    assert ImageTable(work).vectors()[0] == PATHS
    ImageTable(work).reset_vectors(4)
    assert words(work).dimension == 5
    words(work).upsert([row(path, [1.0] * 5) for path in PATHS])
    assert words(work).vectors()[0] == PATHS
    assert ImageTable(work).vectors()[0] == []


def test_new_rows_of_one_lack_vectors_in_the_other(work: Path) -> None:
    words(work).append([row("d.png", [1.0, 1.0, 1.0])])
    assert ImageTable(work).vectors()[0] == PATHS
    assert words(work).vectors()[0] == [*PATHS, "d.png"]
    words(work).delete(["a.png"])
    assert ImageTable(work).vectors()[0] == ["b.png", "c.png"]


def test_earlier_versions_and_compaction_keep_both(work: Path) -> None:
    space = words(work)
    space.update(PATHS, {"group": [1, 2, 3]})
    keep_version(space.work, space.version)
    kept = space.version
    space.update(PATHS, {"group": [4, 5, 6]})
    space.compact()
    assert read_version(space.work, kept, ["group"])["group"].to_pylist() == [1, 2, 3]
    assert words(work).frame(["group"])["group"].tolist() == [4, 5, 6]
    assert ImageTable(work).frame(["group"])["group"].tolist() == [0, 1, 2]


def test_files_of_vectors_are_the_spaces_own(work: Path) -> None:
    space = space_folder(work, "words")
    before = vector_files(work), vector_files(space)
    words(work).upsert([row("a.png", [9.0, 0.0, 0.0])])
    assert vector_files(work) == before[0]
    assert vector_files(space) != before[1]


def test_each_has_its_search_index(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vector_index, "MIN_TRAINED", 1)
    rng = np.random.default_rng(0)
    paths = [f"{number:03}.png" for number in range(300)]
    for table, side in ((ImageTable(work), 2), (words(work), 3)):
        table.upsert(
            [
                row(path, vector)
                for path, vector in zip(paths, rng.normal(size=(300, side)).tolist(), strict=True)
            ]
        )
    assert words(work).make_index()
    assert words(work).has_index
    assert not ImageTable(work).has_index
    near = words(work).nearest([1.0, 0.0, 0.0], 5)[0]
    assert near[0] == "a.png"
    assert ImageTable(work).make_index()
    assert words(work).has_index
    words(work).reset_vectors(3)
    assert ImageTable(work).has_index
    assert not words(work).has_index


def test_an_unknown_space_is_no_table(work: Path) -> None:
    with pytest.raises(UsageError, match="there are words"):
        ImageTable(space_folder(work, "look"))


def test_every_column_of_the_vector_is_the_spaces_own() -> None:
    assert {"vector", "model", "group", "x", "suggestion"} <= set(own_columns())
    assert not {"path", "label", "thumbnail", "duplicate_of"} & set(own_columns())
