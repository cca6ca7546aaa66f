"""A session shows one workspace, and notices when its rows change their place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.death import Death
from unpool.actions.curation import edit
from unpool.actions.curation.stale_suggestions import note_seeds
from unpool.actions.curation.undo import last_edit
from unpool.errors import UnpoolError
from unpool.store.table import ImageTable
from unpool.viewer.session import Session, StaleError


@pytest.fixture
def table(tmp_path: Path) -> ImageTable:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([
        {"path": f"{at}.png", "status": "ok", "id": str(at), "bytes": 7, "mode": "RGB", "width": 4, "height": 3}
        for at in range(4)
    ])  # fmt: skip
    table.reset_vectors(2)
    table.update(
        [f"{at}.png" for at in range(4)],
        {
            "vector": np.array([[1, 0], [0.9, 0.1], [0, 1], [0.1, 0.9]], np.float32),
            "label": ["owl", None, None, None],
        },
    )
    table.upsert([{"path": "x.png", "status": "skipped", "problem": "corrupt", "detail": "broken"}])
    return table


def test_rows_that_moved_are_stale_and_edits_are_not(table: ImageTable) -> None:
    session = Session(table.work)
    ImageTable(table.work).update(["1.png"], {"label": ["cat"]})
    session.reload()
    assert session.facts(1, [1])[0]["label"] == "cat"
    ImageTable(table.work).upsert([{"path": "0a.png", "status": "ok"}])
    session.reload()
    assert session.revision == 2
    with pytest.raises(StaleError):
        session.paths(1, [0])
    assert session.paths(2, [1]) == ["0a.png"]


def test_facts_of_a_row(table: ImageTable) -> None:
    (facts,) = Session(table.work).facts(1, [0])
    assert (facts["path"], facts["label"], facts["width"], facts["group"]) == ("0.png", "owl", 4, None)
    assert (facts["probability"], facts["modified"], facts["problems"]) == (None, None, [])


def test_facts_of_a_file(table: ImageTable) -> None:
    session = Session(table.work)
    assert session.file_facts("2.png") == {"bytes": 7, "mode": "RGB", "id": "2"}
    assert session.file_facts("it's gone.png") == {"bytes": None, "mode": None, "id": None}


def test_a_row_that_is_not_there(table: ImageTable) -> None:
    with pytest.raises(UnpoolError, match="there is no row 4: the collection has 4 images"):
        Session(table.work).rows(1, [0, 4])


def test_the_nearest_come_without_the_image_itself(table: ImageTable) -> None:
    near = Session(table.work).near_row(1, 0, 2)
    assert [one["row"] for one in near] == [1, 3]
    assert near[0]["distance"] == pytest.approx(1 - 0.9 / np.hypot(0.9, 0.1), abs=1e-5)


def test_the_collection_names_what_there_is(table: ImageTable) -> None:
    collection = Session(table.work).collection()
    assert (collection["images"], collection["skipped"], collection["revision"]) == (4, 1, 1)
    assert collection["problems"] == {
        "duplicates": 0, "near_duplicates": 0, "turned": 0, "bursts": 0, "outliers": 0,
        "blurred": 0, "dark": 0, "bright": 0, "mislabelled": 0, "leaked": 0, "not_good": 0,
        "wrong": 0, "suggested": 0, "unreadable": 1, "reading": 0,
    }  # fmt: skip
    assert collection["has"] == {"map": False, "model": False, "mirror": False, "segmenter": False}


def test_the_collection_says_whether_confidence_is_calibrated(table: ImageTable) -> None:
    session = Session(table.work)
    assert not session.collection()["uncalibrated"]
    note_seeds(table.work, {}, is_calibrated=False)
    assert session.collection()["uncalibrated"]


def test_the_collection_is_described_without_the_table(
    table: ImageTable, monkeypatch: pytest.MonkeyPatch
) -> None:
    table.update(["0.png", "1.png"], {"group": [0, 0], "joined_distance": [0.1, 0.1]})
    session = Session(table.work)
    for name in ("__init__", "arrow"):
        monkeypatch.setattr(ImageTable, name, lambda *_, **__: pytest.fail("every edit would wait for it"))
    assert str(session.collection()["rebuild"]).startswith("2 of 2 images came after the groups were made")


def test_unreadable_files(table: ImageTable) -> None:
    assert Session(table.work).unreadable() == [{"path": "x.png", "problem": "corrupt", "detail": "broken"}]


def test_another_workspace_can_be_opened(table: ImageTable, tmp_path: Path) -> None:
    session = Session(table.work)
    session.open(ImageTable.create(tmp_path / "other.unpool").work)
    assert (session.revision, session.collection()["images"]) == (2, 0)
    with pytest.raises(UnpoolError, match="no workspace at"):
        session.open(tmp_path / "none.unpool")


def test_what_a_killed_command_left_is_not_shown(table: ImageTable) -> None:
    edit.label(table.work, ["1.png"], "cat")
    with Death(4) as death:
        edit.label(table.work, ["2.png"], "dog")
    assert death.is_dead
    assert last_edit(table.work) == "labelled 1 image ‘dog’"
    assert Session(table.work).collection()["undo"] == "labelled 1 image ‘cat’"


def test_what_a_command_left_that_was_killed_meanwhile_is_not_shown(table: ImageTable) -> None:
    edit.label(table.work, ["1.png"], "cat")
    session = Session(table.work)
    with Death(4):
        edit.label(table.work, ["2.png"], "dog")
    session.reload()
    assert session.collection()["undo"] == "labelled 1 image ‘cat’"
