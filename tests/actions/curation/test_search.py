"""Search finds the nearest images, by a path of the workspace or a file, and says what to give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support import plain_words
from unpool.actions.curation.search import search
from unpool.actions.curation.settings import SearchSettings
from unpool.errors import UnpoolError, UsageError
from unpool.store.state import write_state
from unpool.store.table import ImageTable

PATHS = ["a.png", "b.png", "far.png"]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": path, "status": "ok", "group": None if path == "b.png" else 1} for path in PATHS])
    table.reset_vectors(2)
    table.update(PATHS, {"vector": np.array([[1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])})
    table.update(["a.png", "far.png"], {"group": [1, 1]})
    write_state(table.work, images=str(tmp_path / "images"))
    return table.work


def test_a_path_of_the_workspace_is_looked_up_in_its_table(work: Path, tmp_path: Path) -> None:
    for image in (Path("a.png"), tmp_path / "images" / "a.png"):
        result = search(image, SearchSettings(k=2), work=work)
        assert result["query"] == str(image)
        assert result["results"] == [
            {"path": "a.png", "distance": pytest.approx(0, abs=1e-6), "group": 1, "label": None},
            {"path": "b.png", "distance": pytest.approx(0.2, abs=1e-6), "group": None, "label": None},
        ]


def test_a_folder_is_no_image(work: Path, tmp_path: Path) -> None:
    (tmp_path / "clothes").mkdir()
    with pytest.raises(UnpoolError, match="clothes is a folder; give one image"):
        search(tmp_path / "clothes", work=work)


def test_a_missing_image_is_named(work: Path) -> None:
    with pytest.raises(UnpoolError, match=r"there is no file none\.png"):
        search(Path("none.png"), work=work)


def test_an_image_without_a_vector_is_not_called_missing(work: Path) -> None:
    ImageTable(work).upsert([{"path": "new.png", "status": "ok"}])
    with pytest.raises(UnpoolError, match=r"new\.png has no vector in .*; search by another image"):
        search(Path("new.png"), work=work)


def test_the_number_of_images_is_checked(work: Path) -> None:
    with pytest.raises(UsageError, match="--k is 0"):
        search(Path("a.png"), SearchSettings(k=0), work=work)


def test_a_workspace_without_groups_is_searched(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": path, "status": "ok"} for path in PATHS])
    table.reset_vectors(2)
    table.update(PATHS, {"vector": np.eye(3, 2) + 0.1})
    results = search(Path("a.png"), work=table.work)["results"]
    assert [row["group"] for row in results] == [None, None, None]


def test_the_image_itself_comes_before_its_copies(work: Path) -> None:
    ImageTable(work).update(["a.png", "b.png"], {"vector": np.array([[0.0, 1.0], [0.0, 1.0]])})
    for path in PATHS:
        for k in (1, 3):
            results = search(Path(path), SearchSettings(k=k), work=work)["results"]
            assert (results[0]["path"], len({row["path"] for row in results})) == (path, k)


def test_a_large_table_is_searched_by_an_index_that_is_made_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unpool.actions.curation.search.MIN_INDEXED", 200)
    monkeypatch.setattr("unpool.store.search.vector_index.MIN_INDEXED", 200)
    vectors = np.random.default_rng(0).normal(size=(300, 4)).astype(np.float32)
    vectors[7] = vectors[8]
    table = ImageTable.create(tmp_path / "w.unpool")
    table.reset_vectors(4)
    table.upsert([
        {"path": f"{i:03}", "status": "ok", "group": i % 2, "vector": vector} for i, vector in enumerate(vectors)
    ])  # fmt: skip
    exact = table.nearest(vectors[8], 5)
    for own in ("007", "008"):
        results = search(own, SearchSettings(k=5), work=table.work)["results"]
        assert results[0] == {
            "path": own,
            "distance": pytest.approx(0, abs=1e-5),
            "group": int(own) % 2,
            "label": None,
        }
        assert {row["path"] for row in results} == set(exact[0])
        assert [row["group"] for row in results] == [int(row["path"]) % 2 for row in results]
    assert ImageTable(table.work).has_index
    monkeypatch.setattr(ImageTable, "vectors", None)  # not read any more
    assert len(search("009", SearchSettings(k=5), work=table.work)["results"]) == 5


@pytest.fixture
def worded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work = plain_words.make_workspace(tmp_path / "words.unpool")
    plain_words.give_text_side(monkeypatch, work)
    return work


def test_words_find_images(worded: Path) -> None:
    result = search(settings=SearchSettings(words=["red circle"], k=2), work=worded)
    assert {key: result[key] for key in ("query", "words", "not")} == {
        "query": "red circle", "words": ["red circle"], "not": []
    }  # fmt: skip
    first, second = result["results"]
    assert first == {
        "path": "red circle.png",
        "distance": pytest.approx(0, abs=1e-6),
        "group": None,
        "label": None,
    }
    assert second["path"] in ("blue circle.png", "red square.png")


def test_negatives_and_an_image_are_part_of_the_query(worded: Path) -> None:
    settings = SearchSettings(words=["red"], without=["circle"], k=1)
    result = search(settings=settings, work=worded)
    assert result["query"] == "red + not circle"
    assert [row["path"] for row in result["results"]] == ["red square.png"]
    result = search("blue circle.png", SearchSettings(words="red", without=["blue"], k=1), work=worded)
    assert (result["query"], result["not"]) == ("blue circle.png", ["blue"])
    assert [row["path"] for row in result["results"]] == ["red circle.png"]


def test_without_a_query_one_is_asked_for(worded: Path) -> None:
    with pytest.raises(UsageError, match="nothing to search for; give an IMAGE, --words TEXT"):
        search(work=worded)


def test_words_need_vectors_with_a_text_side(work: Path) -> None:
    with pytest.raises(UnpoolError, match="no text side; embed with a model that has one: unpool embed"):
        search(settings=SearchSettings(words=["red"]), work=work)
