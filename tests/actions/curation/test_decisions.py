"""Suggestions are accepted or rejected, doubted labels kept; each is an edit that can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.edits import PATHS, make_grouped_workspace, seen, write_doubts
from unpool import Workspace
from unpool.actions.curation import decisions, edit
from unpool.errors import UnpoolError
from unpool.store.findings import found_doubts
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_grouped_workspace(tmp_path / "w.unpool")


def kept(work: Path) -> dict[str, str]:
    frame = ImageTable(work).frame(["path", "kept_label"]).set_index("path")
    return frame["kept_label"].dropna().to_dict()


def doubted(work: Path) -> list[str]:
    return [entry["path"] for entry in found_doubts(work)]


def test_suggestions_are_accepted_rejected_and_forgotten(work: Path) -> None:
    ImageTable(work).update(PATHS[:4], {"suggestion": list("aabb"), "suggestion_confidence": [0.9] * 4})
    assert decisions.accept(work, PATHS[:1] + PATHS[5:]) == {
        "changed": 1,
        "labelled": 0,
        "message": "accepted the suggestion for 1 image",
    }
    assert decisions.reject(work, PATHS[1:2])["changed"] == 1
    edit.label(work, PATHS[2:3], "c")
    frame = seen(work)
    assert frame["label"].dropna().to_dict() == {"00.png": "a", "02.png": "c"}
    assert frame["suggestion"].dropna().to_dict() == {"03.png": "b"}
    assert frame["suggestion_confidence"].dropna().index.tolist() == ["03.png"]
    for _ in range(3):
        edit.undo(work)
    assert seen(work)["suggestion"].dropna().tolist() == list("aabb")
    assert seen(work)["label"].isna().all()


def test_no_label_that_somebody_gave_is_replaced(work: Path) -> None:
    """A suggestion of another space can outlive the label that its image got."""
    ImageTable(work).update(PATHS[:4], {"suggestion": list("aabb"), "suggestion_confidence": [0.9] * 4})
    ImageTable(work).update(PATHS[1:4], {"label": ["mine", "mine", "b"]})
    assert decisions.accept(work, PATHS[:4]) == {
        "changed": 2, "labelled": 2,
        "message": "accepted the suggestion for 2 images; 2 images have another label, which stays",
    }  # fmt: skip
    assert seen(work)["label"].dropna().tolist() == ["a", "mine", "mine", "b"]
    assert seen(work)["suggestion"].dropna().index.tolist() == PATHS[1:3]
    assert decisions.accept(work, PATHS[1]) == {
        "changed": 0, "labelled": 1, "message": "nothing to change; 1 image has another label, which stays",
    }  # fmt: skip
    assert [Workspace(work).accept(PATHS[1]), Workspace(work).accept([]), Workspace(work).keep([])] == [
        0,
        0,
        0,
    ]
    assert decisions.reject(work, PATHS[1])["changed"] == 1


def test_a_kept_label_is_no_doubt_until_it_is_another(work: Path) -> None:
    edit.label(work, PATHS[:2], "shirt")
    write_doubts(work, (PATHS[0], "shirt", True), (PATHS[1], "shirt", True))
    assert decisions.keep(work, PATHS[:1]) == {"changed": 1, "message": "kept the label of 1 image"}
    assert (kept(work), doubted(work)) == ({PATHS[0]: "shirt"}, PATHS[1:2])
    edit.undo(work)
    assert (kept(work), doubted(work)) == ({}, PATHS[:2])
    edit.redo(work)
    assert doubted(work) == PATHS[1:2]


def test_a_corrected_label_is_no_doubt(work: Path) -> None:
    edit.label(work, PATHS[:1], "shirt")
    write_doubts(work, (PATHS[0], "shirt", True), (PATHS[1], "dress", False))
    edit.label(work, PATHS[:2], "coat")
    assert doubted(work) == []
    edit.undo(work)
    assert doubted(work) == PATHS[:2]
    edit.label(work, PATHS[:1], None)
    assert doubted(work) == PATHS[1:2]


def test_the_class_of_a_folder_is_kept_too_and_an_image_without_any_left_out(work: Path) -> None:
    write_doubts(work, (PATHS[1], "dress", False))
    assert Workspace(work).keep(PATHS[1:3]) == 1
    assert (kept(work), doubted(work)) == ({PATHS[1]: "dress"}, [])
    with pytest.raises(UnpoolError, match="no image of"):
        decisions.keep(work, ["nowhere.png"])
