"""The table keeps what it was given, under upserts, renames of vectors and odd file names."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from unpool.errors import UnpoolError
from unpool.store.columns import COLUMNS
from unpool.store.table import ImageTable


@pytest.fixture
def table(tmp_path: Path) -> ImageTable:
    return ImageTable.create(tmp_path / "w.unpool")


def rows(n: int, start: int = 0) -> list[dict]:
    return [{"path": f"{i + start:05}.png", "status": "ok", "width": i} for i in range(n)]


def test_no_workspace_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match=r"no workspace at .*nowhere.*unpool run"):
        ImageTable(tmp_path / "nowhere")


def test_a_temporary_folder_that_is_missing_stops_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "nowhere"))
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert(rows(3))
    table.update(["00001.png"], {"label": ["hat"]})
    assert table.frame()["label"].tolist().count("hat") == 1
    assert Path(os.environ["TMPDIR"]).is_dir()


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


def test_update_moves_no_row_and_no_other_column(table: ImageTable) -> None:
    table.upsert([{"path": f"{i}", "status": "ok", "thumbnail": b"THUMB%d" % i} for i in (3, 1, 2)])
    order = table.newest().to_table(columns=["path"])["path"].to_pylist()
    files = set(table.work.rglob("data/*"))
    table.update(["2", "gone", "3"], {"label": ["b", "x", None], "group": [7, 8, 9]})
    assert table.newest().to_table(columns=["path"])["path"].to_pylist() == order
    frame = table.frame(["path", "label", "group", "thumbnail"])
    assert frame["label"].tolist()[1] == "b"
    assert frame["label"].isna().tolist() == [True, False, True]
    assert frame["group"].isna().tolist() == [True, False, False]
    assert frame["thumbnail"].tolist() == [b"THUMB1", b"THUMB2", b"THUMB3"]
    new = set(table.work.rglob("data/*")) - files
    assert all(b"THUMB" not in path.read_bytes() for path in new)
    assert len(new) == 1


def test_two_writers_at_once_lose_nothing(table: ImageTable) -> None:
    table.upsert(rows(50))
    writers = [ImageTable(table.work) for _ in range(4)]

    def write(number: int) -> None:
        for i in range(number, 50, 4):
            writers[number].update([f"{i:05}.png"], {"label": [str(i)]})

    with ThreadPoolExecutor() as pool:
        list(pool.map(write, range(4)))
    assert ImageTable(table.work).frame()["label"].tolist() == [str(i) for i in range(50)]


@pytest.fixture
def old_table(table: ImageTable) -> ImageTable:
    """One that was made before labels could be suggested."""
    table.upsert(rows(3))
    table.reset_vectors(2)
    table.newest().drop_columns(["wrong", "suggestion", "suggestion_confidence"])
    return ImageTable(table.work)


def test_an_older_table_reads_as_if_it_had_all_columns(old_table: ImageTable) -> None:
    before = old_table.version
    frame = ImageTable(old_table.work).frame()
    assert set(COLUMNS) | {"vector"} == set(frame)
    assert frame["wrong"].isna().all()
    assert old_table.some(["00001.png"], ["width", "wrong"]).to_pylist() == [
        {"path": "00001.png", "width": 1, "wrong": None}
    ]
    assert ImageTable(old_table.work).version == before


def test_an_older_table_is_read_from_a_folder_that_cannot_be_written(old_table: ImageTable) -> None:
    folders = [old_table.work, *(path for path in old_table.work.rglob("*") if path.is_dir())]
    for folder in folders:
        folder.chmod(0o555)
    try:
        assert len(ImageTable(old_table.work).frame(["path", "suggestion"])) == 3
    finally:
        for folder in folders:
            folder.chmod(0o755)


@pytest.mark.parametrize("write", ["update", "upsert"])
def test_an_older_table_gets_its_columns_with_the_first_write(old_table: ImageTable, write: str) -> None:
    table = ImageTable(old_table.work)
    if write == "update":
        table.update(["00001.png"], {"wrong": [True]})
    else:
        table.upsert([{"path": "00001.png", "wrong": True}])
    frame = ImageTable(old_table.work).frame().set_index("path")
    assert frame.loc["00001.png", ["wrong", "width"]].tolist() == [True, 1]
    assert frame["suggestion_confidence"].isna().all()


@pytest.fixture
def embedded(table: ImageTable) -> tuple[ImageTable, np.ndarray]:
    """200 images with vectors, one of them zero, and ten without."""
    vectors = np.random.default_rng(0).normal(size=(200, 8)).astype(np.float32)
    vectors[7] = 0
    table.upsert(rows(210))
    table.reset_vectors(8)
    table.update([f"{i:05}.png" for i in range(200)], {"vector": vectors, "group": np.arange(200) % 2})
    return table, vectors


def test_nearest_is_that_of_numpy(embedded: tuple[ImageTable, np.ndarray]) -> None:
    table, vectors = embedded
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-9)
    query = vectors[20] * 3 + vectors[30]
    far = 1 - unit @ (query / np.linalg.norm(query))
    far[7] = 9  # a vector of zeros is near nothing
    paths, distances = table.nearest(query, 12)
    assert paths == [f"{i:05}.png" for i in np.argsort(far)[:12]]
    np.testing.assert_allclose(distances, np.sort(far)[:12], atol=1e-6)
    paths, distances = table.nearest(query, 3, where="`group` = 1")
    odd = [i for i in np.argsort(far) if i % 2][:3]
    assert paths == [f"{i:05}.png" for i in odd]
    assert len(table.nearest(query, 999)[0]) == 199
    assert table.nearest(vectors[5], 1)[1][0] == pytest.approx(0, abs=1e-6)
    assert table.nearest(vectors[5], 1)[1][0] >= 0


def test_nearest_to_what_cannot_be_compared(embedded: tuple[ImageTable, np.ndarray], tmp_path: Path) -> None:
    table, _ = embedded
    for query in (np.ones(7), np.full(8, np.nan), np.ones((1, 8))):
        with pytest.raises(UnpoolError, match=r"query: shape .*, expected \(8,\) finite numbers"):
            table.nearest(query, 3)
    empty = ImageTable.create(tmp_path / "empty.unpool")
    with pytest.raises(UnpoolError, match=r"nothing in .* is embedded yet"):
        empty.nearest(np.ones(8), 3)
    assert empty.vectors_of(["a"])[0] == []


def test_vectors_of_some(embedded: tuple[ImageTable, np.ndarray]) -> None:
    table, vectors = embedded
    paths, found = table.vectors_of(["00009.png", "00205.png", "gone", "00003.png"])
    assert paths == ["00009.png", "00003.png"]
    np.testing.assert_array_equal(found, vectors[[9, 3]])
    assert table.vectors_of([])[1].shape == (0, 8)


@pytest.mark.parametrize("name", ["~.unpool", "%41 #1?x=2&y.unpool", "-x.unpool", "a:b.unpool"])
def test_a_workspace_may_have_any_name_that_is_text(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    ImageTable.create(Path(name)).upsert([{"path": "a.png", "status": "ok"}])
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert len(ImageTable(tmp_path / name)) == 1


def test_a_workspace_whose_name_is_no_line_of_text_is_refused(tmp_path: Path) -> None:
    for name in ("new\nline", os.fsdecode(b"caf\xe9")):
        with pytest.raises(UnpoolError, match="must be valid Unicode in one line; name another with --work"):
            ImageTable.create(tmp_path / name)


def test_a_table_that_was_about_to_be_made_is_made(tmp_path: Path) -> None:
    (tmp_path / "w.unpool" / "images.lance" / "_versions").mkdir(parents=True)
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": "a.png", "status": "ok"}])
    assert len(ImageTable.create(tmp_path / "w.unpool")) == 1
    for file in (tmp_path / "w.unpool" / "images.lance" / "_versions").iterdir():
        file.unlink()
    with pytest.raises(UnpoolError, match="is damaged"):  # and never over data
        ImageTable.create(tmp_path / "w.unpool")


def test_the_vector_of_an_image_wherever_its_row_is(table: ImageTable) -> None:
    assert table.vector_of("00000.png", 0) is None, "nothing is embedded"
    table.upsert(rows(4))
    table.reset_vectors(2)
    table.update(["00000.png", "00001.png"], {"vector": np.array([[1, 2], [3, 4]])})
    order = table.sorted_paths()[1].tolist()
    for offset in (order[1], order[0], 99, -1):
        found = table.vector_of("00001.png", offset)
        assert found is not None
        assert found.tolist() == [3, 4]
    assert table.vector_of("00003.png", order[3]) is None
    assert table.vector_of("gone.png", 0) is None


def test_appended_rows_are_as_inserted_ones(tmp_path: Path) -> None:
    rows = [{"path": "b", "status": "ok", "vector": [1.0, 2.0]}, {"path": "a", "status": "skipped"}]
    tables = [ImageTable.create(tmp_path / name) for name in ("one", "two")]
    for table in tables:
        table.reset_vectors(2)
    tables[0].upsert(rows)
    tables[1].append(rows)
    tables[1].append([])
    assert tables[0].arrow().equals(tables[1].arrow())
