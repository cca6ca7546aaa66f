"""What verbs do is recorded, and what killed ones have begun is ended by the next command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.edits import PATHS, make_embedded_workspace, relabel, seen
from unpool.actions.curation import edit
from unpool.actions.curation.undo import last_edit
from unpool.actions.history import recording as recording_module
from unpool.actions.history.recording import STOPPED, recorded, recording, recover
from unpool.errors import UnpoolError
from unpool.store.journal import (
    EditUnderWay,
    VerbUnderWay,
    bring_back,
    done_steps,
    note_under_way,
    read_entry,
    read_step,
    read_under_way,
)
from unpool.store.state import read_state, write_state
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_embedded_workspace(tmp_path / "w.unpool")


def test_nothing_is_recorded_of_what_fails_or_does_nothing(work: Path) -> None:
    @recorded(str, "label")
    def fail(work: Path) -> dict[str, Any]:
        relabel(work, "half")
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        fail(work)
    with recording(work, ["label"]) as note:
        note("changed nothing")
    with recording(work, ["label"]) as note:
        relabel(work, "new")
        note(None)
    assert done_steps(work) == []


def test_verbs_inside_another_are_part_of_it(work: Path) -> None:
    @recorded(lambda result: f"inner {result['n']}", "label")
    def inner(work: Path, n: int) -> dict[str, Any]:
        relabel(work, str(n))
        return {"n": n}

    with recording(work, None) as note:
        inner(work, 1)
        note("outer")
    inner(work, 2)
    assert [read_entry(file).message for file in done_steps(work)] == ["outer", "inner 2"]


def test_a_workspace_that_is_made_has_nothing_to_undo(tmp_path: Path) -> None:
    work = tmp_path / "new.unpool"
    (work / "images.lance").mkdir(parents=True)  # by a command that was killed at once
    with recording(work, None) as note:
        ImageTable.create(work)
        note("run")
    assert done_steps(work) == []


def stop_a_run(work: Path, label: str) -> None:
    def run() -> None:
        with recording(work, None) as note:
            relabel(work, label)
            write_state(work, embedded_by="m2")
            note("not heard")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()


def test_a_verb_that_fails_leaves_nothing(work: Path) -> None:
    def fail() -> None:
        with recording(work, ["label"]):
            relabel(work, "half")
            write_state(work, group={"method": "half"})
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert seen(work)["label"].isna().all()
    assert read_state(work).get("group") is None


def test_a_run_that_is_stopped_can_be_undone_and_is_one_step_with_the_run_that_goes_on(work: Path) -> None:
    stop_a_run(work, "half")
    assert last_edit(work) == STOPPED
    stop_a_run(work, "more")
    assert [read_entry(file).message for file in done_steps(work)] == [STOPPED]
    with recording(work, None) as note:
        relabel(work, "whole")
        note("run")
    (file,) = done_steps(work)
    step = read_step(file)
    assert step is not None
    assert (step.message, step.is_finished) == ("run", True)
    assert bring_back(work, step, undo=True) == 13
    assert seen(work)["label"].isna().all()
    assert read_state(work)["embedded_by"] == "m1"


def test_an_edit_after_a_stopped_run_stays_a_step_of_its_own(work: Path) -> None:
    stop_a_run(work, "half")
    edit.label(work, PATHS[:1], "shoe")
    with recording(work, None) as note:
        relabel(work, "whole")
        note("run")
    assert [read_entry(file).message for file in done_steps(work)] == [
        STOPPED,
        "labelled 1 image ‘shoe’",
        "run",
    ]


def test_marks_that_cannot_be_read_hinder_nobody(work: Path) -> None:
    for content in ("7", "{", '{"version": 1}', ""):
        for name in ("under-way", "edit-under-way"):
            (work / "edits").mkdir(exist_ok=True)
            (work / "edits" / name).write_text(content)
        recover(work)
        assert edit.label(work, PATHS[:1], f"label {content}")["changed"] == 1
    note_under_way(work, VerbUnderWay(1_000_000, ["label"], {}))  # a version that is gone
    assert edit.undo(work)["changed"] == 1
    assert not (work / "edits" / "under-way").exists()


def test_an_edit_that_is_refused_while_it_is_written_leaves_no_record(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise UnpoolError("the table is damaged")

    monkeypatch.setattr(recording_module, "write_values", refuse)
    with pytest.raises(UnpoolError, match="damaged"):
        edit.label(work, PATHS[:2], "cat")
    assert done_steps(work) == []
    assert read_under_way(work, EditUnderWay) is None
