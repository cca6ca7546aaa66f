"""What verbs do is recorded, and what killed ones have begun is ended by the next command."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from support.edits import PATHS, make_grouped_workspace, seen
from unpool.actions.history.recording import recorded, recording
from unpool.store.journal import Step, done_steps, read_entry
from unpool.store.state import write_state
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path) -> Path:
    work = make_grouped_workspace(tmp_path / "w.unpool")
    (work / "model").mkdir()
    (work / "model" / "model.json").write_text("first")
    write_state(work, embedded_by="m1")
    return work


def relabel(work: Path, label: str) -> None:
    ImageTable(work).update(PATHS, {"label": [label] * len(PATHS)})


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
    with recording(work, None) as note:
        ImageTable.create(work)
        note("run")
    assert done_steps(work) == []
