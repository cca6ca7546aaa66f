"""Steps are written down whole, and no more is kept than can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.edits import PATHS, make_embedded_workspace, relabel, seen
from unpool.actions.history.recording import recording
from unpool.core.markers import WORKSPACE_TABLE
from unpool.errors import UnpoolError
from unpool.store import journal
from unpool.store.journal import Step, bring_back, done_steps, read_entry
from unpool.store.state import read_state, write_state
from unpool.store.table import ImageTable
from unpool.store.versions import has_version, keep_only


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return make_embedded_workspace(tmp_path / "w.unpool")


def last(work: Path) -> Step:
    entry = read_entry(done_steps(work)[-1])
    assert isinstance(entry, Step)
    return entry


def test_a_step_holds_versions_and_what_changed_of_the_state(work: Path) -> None:
    before = ImageTable(work).version
    with recording(work, ["label"]) as note:
        relabel(work, "new")
        write_state(work, group={"method": "kmeans"})
        note("labelled all")
    step = last(work)
    assert (step.message, step.columns, step.version_before) == ("labelled all", ["label"], before)
    assert (step.state_before, step.state_after) == ({"group": None}, {"group": {"method": "kmeans"}})
    assert bring_back(work, step, undo=True) == 12
    assert seen(work)["label"].isna().all()
    assert "group" not in read_state(work)
    assert bring_back(work, step, undo=False) == 12
    assert read_state(work)["group"] == {"method": "kmeans"}


def test_rows_and_model_come_back(work: Path) -> None:
    with recording(work, None) as note:
        table = ImageTable(work)
        table.upsert([{"path": "new.png", "status": "ok"}])
        table.delete(["00.png"])
        (work / "model" / "part").write_text("second")
        (work / "model" / "part").replace(work / "model" / "model.json")
        write_state(work, embedded_by="m2")
        note("run")
    step = last(work)
    bring_back(work, step, undo=True)
    assert set(ImageTable(work).frame(["path"])["path"]) == {*PATHS, "broken.png"}
    assert (work / "model" / "model.json").read_text() == "first"
    bring_back(work, step, undo=False)
    assert "new.png" in set(ImageTable(work).frame(["path"])["path"])
    assert (work / "model" / "model.json").read_text() == "second"


def test_few_whole_versions_are_kept(work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal, "MAX_WHOLE_VERSIONS", 2)
    for number in range(4):
        with recording(work, None) as note:
            relabel(work, str(number))
            note(f"run {number}")
    assert [read_entry(file).message for file in done_steps(work)] == ["run 2", "run 3"]
    assert has_version(work, last(work).version_before)
    assert len(list((work / WORKSPACE_TABLE / "_refs" / "tags").iterdir())) <= 4


def test_a_step_with_a_large_state_keeps_its_versions(work: Path) -> None:
    with recording(work, ["label"]) as note:
        relabel(work, "new")
        write_state(work, finished={"sizes": list(range(5000))})
        note("run")
    assert done_steps(work)[-1].stat().st_size > journal.MAX_HEAD_BYTES
    step = last(work)
    assert has_version(work, step.version_before)
    assert bring_back(work, step, undo=True) == 12


def test_a_table_that_is_no_longer_kept_is_one_line(work: Path) -> None:
    with recording(work, None) as note:
        relabel(work, "new")
        note("run")
    keep_only(work, [])
    with pytest.raises(UnpoolError, match=r"“run” cannot be undone: the table of .* is no longer kept"):
        bring_back(work, last(work), undo=True)
    with pytest.raises(UnpoolError, match=r"“run” cannot be redone: the table of .* is no longer kept"):
        bring_back(work, last(work), undo=False)
    assert seen(work)["label"].iloc[0] == "new"
