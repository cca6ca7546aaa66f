"""Edits are taken back, the last first; what was changed since, and what would be lost, stays."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from support.edits import GROUPS, PATHS, groups_csv, make_grouped_workspace, seen
from unpool.actions.curation import edit
from unpool.actions.curation.settings import SpreadSettings
from unpool.actions.curation.suggest import spread
from unpool.actions.curation.undo import apply, last_edit, last_undone, redo, undo
from unpool.actions.grouping.group import group, map_images
from unpool.actions.grouping.settings import GroupSettings, MapSettings
from unpool.actions.history import recording, restore
from unpool.errors import UnpoolError
from unpool.store import journal
from unpool.store.journal import Change
from unpool.store.state import new_grouping_id, write_state
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_grouped_workspace(tmp_path / "w.unpool")


def labelling(*paths: str, label: str = "shoe") -> Change:
    empty: list[None] = [None] * len(paths)
    return Change(f"labelled {len(paths)}", list(paths), {"label": empty}, {"label": [label] * len(paths)})


def test_a_change_is_recorded_and_made(work: Path) -> None:
    assert apply(work, labelling("00.png", "01.png")) == {"changed": 2, "message": "labelled 2"}
    assert seen(work)["label"].dropna().to_dict() == {"00.png": "shoe", "01.png": "shoe"}
    head, values = (work / "edits" / "000001.json").read_text("utf-8").splitlines()
    assert json.loads(head) == {"message": "labelled 2", "is_step": False}
    assert json.loads(values)["after"] == {"label": ["shoe", "shoe"]}
    assert undo(work) == {"changed": 2, "message": "undone: labelled 2"}
    assert seen(work)["label"].isna().all()


def test_a_change_of_no_image_leaves_no_record(work: Path) -> None:
    assert apply(work, labelling()) == {"changed": 0, "message": "labelled 0"}
    assert last_edit(work) is None
    assert not (work / "edits").exists()


@pytest.mark.parametrize("refresh", [True, False])
def test_files_of_groups_are_rewritten_where_groups_change(
    work: Path, refresh: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rewritten: list[Path] = []
    monkeypatch.setattr(restore, "rewrite_group_files", rewritten.append)
    apply(work, labelling("00.png"), refresh=refresh)
    assert not rewritten
    apply(work, Change("moved", ["00.png"], {"group": [0]}, {"group": [1]}), refresh=refresh)
    assert rewritten == [work] * refresh
    assert groups_csv(work)["00.png"] == "1"
    undo(work, refresh=refresh)
    assert rewritten == [work, work] * refresh
    assert groups_csv(work)["00.png"] == "0"


def test_an_edit_that_version_0_1_recorded_is_undone(work: Path) -> None:
    apply(work, labelling("00.png"))
    record = work / "edits" / "000001.json"
    record.write_text(record.read_text("utf-8").replace('{"message":', '{"told":', 1), "utf-8")
    assert last_edit(work) == "labelled 1"
    assert undo(work) == {"changed": 1, "message": "undone: labelled 1"}


def test_the_last_edit_is_the_one_of_the_highest_number(work: Path) -> None:
    for number, path in enumerate(PATHS[:11], start=1):
        apply(work, labelling(path, label=str(number)))
    (work / "edits" / "notes.json").write_text("no record")
    (work / "edits" / "000009.json").rename(work / "edits" / "9.json")
    assert undo(work)["changed"] == 1
    assert seen(work)["label"].dropna().tolist() == [str(number) for number in range(1, 11)]


def test_every_edit_is_undone_the_last_first(work: Path) -> None:
    ImageTable(work).update(["07.png"], {"suggestion": ["hat"], "suggestion_confidence": [0.7]})
    states = []
    for act in (
        lambda: edit.label(work, PATHS[:8], "shoe"), lambda: edit.label(work, PATHS[4:], "hat"),
        lambda: edit.mark(work, PATHS), lambda: edit.move(work, PATHS[:2], 3), lambda: edit.merge(work, [1, 3]),
        lambda: edit.split(work, 1), lambda: edit.move(work, PATHS[3:5], 3), lambda: edit.label(work, PATHS, None),
    ):  # fmt: skip
        states.append(seen(work))
        assert act()["changed"]
    while states:
        result = last_edit(work)
        assert edit.undo(work)["message"] == f"undone: {result}"
        pd.testing.assert_frame_equal(seen(work), states.pop())
    assert last_edit(work) is None
    assert {path: int(n) for path, n in groups_csv(work).items()} == dict(zip(PATHS, GROUPS, strict=True))
    with pytest.raises(UnpoolError, match=r"nothing of .* is left to undo"):
        edit.undo(work)


def test_undo_leaves_what_was_changed_since(work: Path) -> None:
    edit.label(work, PATHS[:3], "shoe")
    table = ImageTable(work)
    table.delete(["00.png"])
    table.update(["01.png"], {"label": ["by another"]})
    assert edit.undo(work) == {"changed": 1, "message": "undone: labelled 3 images ‘shoe’"}
    frame = seen(work)
    assert "00.png" not in frame.index
    assert frame["label"].dropna().to_dict() == {"01.png": "by another"}


def test_an_edit_that_was_stopped_before_the_table_is_changed_is_none(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit.label(work, PATHS[:2], "first")
    before = seen(work)
    with monkeypatch.context() as patch:
        patch.setattr(ImageTable, "update", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            edit.label(work, PATHS, "second")
    pd.testing.assert_frame_equal(seen(work), before)
    assert last_edit(work) == "labelled 2 images ‘first’"
    assert edit.undo(work)["changed"] == 2


def test_group_edits_end_with_new_groups_and_labels_do_not(work: Path) -> None:
    edit.label(work, PATHS[:2], "shoe")
    edit.move(work, PATHS[:2], 1)
    edit.mark(work, PATHS[:1])
    group(work, GroupSettings("kmeans", 2))
    after = seen(work)
    assert after["label"].count() == 2
    assert edit.undo(work) == {"changed": 12, "message": "undone: grouped into 2"}
    assert edit.undo(work)["changed"] == 1
    new_grouping_id(work)  # as a version did that did not record it
    with pytest.raises(
        UnpoolError, match=r"“moved 2 images to group 1” cannot be undone: the groups of .* again since"
    ):
        edit.undo(work)
    assert edit.undo(work) == {"changed": 2, "message": "undone: labelled 2 images ‘shoe’"}
    assert after["group"].nunique() == 2


def test_edits_are_few_and_small(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MAX_STEPS", 3)
    for number in range(6):
        edit.label(work, PATHS, str(number))
    kept = sorted(path.name for path in (work / "edits").glob("*.json"))
    assert kept == ["000004.json", "000005.json", "000006.json"]
    monkeypatch.setattr(journal, "MAX_STEP_BYTES", 10)
    edit.label(work, PATHS, "large")
    assert [path.name for path in (work / "edits").glob("*.json")] == ["000007.json"]
    assert edit.undo(work)["changed"] == 12


def test_a_damaged_edit_is_named(work: Path) -> None:
    edit.label(work, PATHS, "a")
    (work / "edits" / "000001.json").write_text(json.dumps({"told": 1}))
    with pytest.raises(UnpoolError, match=r"000001.json is damaged; delete it"):
        edit.undo(work)


def test_many_edits_leave_a_table_that_is_not_in_pieces(work: Path) -> None:
    for number in range(60):
        edit.label(work, PATHS[number % 12], f"label {number}")
    table = ImageTable(work)
    assert seen(work)["label"].dropna().tolist() == [f"label {number}" for number in range(48, 60)]
    assert len(table.newest().get_fragments()) <= 2


def test_undo_brings_no_suggestion_of_another_network_back(work: Path) -> None:
    write_state(work, embedded_by="one")
    ImageTable(work).update(["01.png"], {"suggestion": ["hat"], "suggestion_confidence": [0.5]})
    edit.label(work, ["01.png"], "shoe")
    write_state(work, embedded_by="other")
    edit.undo(work)
    assert seen(work)["label"].isna().all()
    assert seen(work)["suggestion"].isna().all()


def test_a_damaged_record_does_not_hide_the_collection(work: Path) -> None:
    edit.label(work, ["01.png"], "shoe")
    assert last_edit(work) == "labelled 1 image ‘shoe’"
    edit.undo(work)
    (work / "edits" / "000009.json").write_text("{")
    assert last_edit(work) == "an edit whose record is damaged"


def test_the_last_thing_done_is_undone_whatever_it_was_and_redone(work: Path) -> None:
    states = [seen(work)]
    for act in (
        lambda: edit.label(work, [PATHS[0], PATHS[4]], "shoe"),
        lambda: edit.label(work, [PATHS[5], PATHS[8]], "hat"),
        lambda: group(work, GroupSettings("kmeans", 4)),
        lambda: group(work, GroupSettings(merge=3)),
        lambda: edit.move(work, PATHS[:1], -1),
        lambda: map_images(work, MapSettings("pca")),
        lambda: spread(work, SpreadSettings(error=0.6)),
    ):
        act()
        states.append(seen(work))
    assert last_edit(work) == "suggested labels for 8 images"
    for state in states[-2::-1]:
        undo(work)
        pd.testing.assert_frame_equal(seen(work), state)
        group_N = state["group"].dropna().astype(int)
        assert {path: int(n) for path, n in groups_csv(work).items()} == group_N.to_dict()
    assert last_undone(work) == "labelled 2 images ‘shoe’"
    for state in states[1:]:
        redo(work)
        pd.testing.assert_frame_equal(seen(work), state)
    with pytest.raises(UnpoolError, match="was undone, or something else was done since"):
        redo(work)


def test_what_is_done_after_an_undo_ends_what_could_be_redone(work: Path) -> None:
    edit.label(work, PATHS[:2], "shoe")
    group(work, GroupSettings("kmeans", 4))
    undo(work)
    edit.mark(work, PATHS[:1])
    assert last_undone(work) is None
    assert undo(work)["message"] == "undone: marked 1 image as wrong"
    assert undo(work)["message"] == "undone: labelled 2 images ‘shoe’"


def test_labels_given_while_groups_were_computed_stay_when_these_are_undone(work: Path) -> None:
    with recording.recording(work, ["group"]) as note:
        ImageTable(work).update(PATHS[:3], {"group": [5, 5, 5]})
        edit.label(work, PATHS[:1], "shoe")
        note("grouped")
    undo(work)
    assert seen(work)["group"].dropna().astype(int).tolist() == GROUPS
    assert seen(work)["label"].iloc[0] == "shoe"
