"""Killed at any moment: afterwards a command was given or was not, `undo` takes back the last, and nothing is mixed."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support.death import Death
from support.edits import PATHS, groups_csv, make_grouped_workspace
from unpool.actions.curation import edit
from unpool.actions.curation.settings import SpreadSettings
from unpool.actions.curation.suggest import spread
from unpool.actions.curation.undo import last_edit, last_undone
from unpool.actions.grouping import group as group_module
from unpool.actions.grouping import group_files
from unpool.actions.grouping.group import group, map_images
from unpool.actions.grouping.settings import GroupSettings, MapSettings
from unpool.actions.history.recording import recover
from unpool.core.atomic_files import write_text
from unpool.store.state import read_state
from unpool.store.table import ImageTable

COLUMNS = ["path", "label", "wrong", "group", "probability", "suggestion", "suggestion_confidence", "x", "y"]
Seen = dict[str, Any]
VERBS: dict[str, Callable[[Path], object]] = {
    "label": lambda work: edit.label(work, PATHS[:4], "hat"),
    "unlabel": lambda work: edit.label(work, PATHS[:1], None),
    "mark": lambda work: edit.mark(work, PATHS[:2]),
    "move": lambda work: edit.move(work, PATHS[:2], 2),
    "merge": lambda work: edit.merge(work, [0, 2]),
    "split": lambda work: edit.split(work, 0),
    "group": lambda work: group(work, GroupSettings("kmeans", 2)),
    "group --merge": lambda work: group(work, GroupSettings(merge=2)),
    "map": lambda work: map_images(work, MapSettings("pca")),
    "spread": lambda work: spread(work, SpreadSettings(error=0.5)),  # of few labels
    "undo": lambda work: edit.undo(work),
    "redo": lambda work: edit.redo(work),
    "undo group": lambda work: edit.undo(work),
    "redo group": lambda work: edit.redo(work),
}
# What comes before it, if not a label.
BEFORE: dict[str, Callable[[Path], object]] = {
    "redo": lambda work: (edit.mark(work, PATHS[3:5]), edit.undo(work)),
    "undo group": lambda work: group(work, GroupSettings("kmeans", 2)),
    "redo group": lambda work: (group(work, GroupSettings("kmeans", 2)), edit.undo(work)),
}
QUICK = {"label": 2, "group": 6, "undo group": 5}  # every how many moments are tried
EACH = [*QUICK.items(), *(pytest.param(verb, 1, marks=pytest.mark.slow) for verb in VERBS)]


@pytest.fixture(autouse=True)
def _quick_report(monkeypatch: pytest.MonkeyPatch) -> None:
    """A report of nothing but the groups."""

    def write(work: Path, _: object) -> None:
        write_text(work / "report" / "index.html", str(groups_of(work)))

    for module in (group_module, group_files):
        monkeypatch.setattr(module, "refresh_report", write)
    monkeypatch.setattr(group_files, "_draw_tree", lambda *_: None)


def groups_of(work: Path) -> dict[str, int]:
    frame = ImageTable(work).frame(["path", "group"], where="status = 'ok'")
    return {path: int(number) for path, number in zip(frame["path"], frame["group"], strict=True)}


def seen(work: Path) -> Seen:
    """Table and state, after checking that the files of the groups agree with them."""
    assert {path: int(number) for path, number in groups_csv(work).items()} == groups_of(work)
    assert (work / "report" / "index.html").read_text("utf-8") == str(groups_of(work))
    state = {name: value for name, value in read_state(work).items() if name not in ("versions", "grouped")}
    frame = ImageTable(work).frame(COLUMNS)
    rows = {row["path"]: {k: None if v != v else v for k, v in row.items()} for row in
            frame.astype(object).where(frame.notna(), None).to_dict("records")}  # fmt: skip
    return {"state": {name: value for name, value in state.items() if value is not None}, "rows": rows}


def step_back(work: Path) -> Seen:
    edit.undo(work)
    return seen(work)


def prepare(verb: str, work: Path) -> Seen:
    """A workspace in which something was done, and what there was before the last of it."""
    make_grouped_workspace(work)
    edit.label(work, [PATHS[5], PATHS[8]], "shoe")
    group(work, GroupSettings("kmeans", 3))
    edit.move(work, PATHS[:1], 1)
    edit.label(work, [PATHS[0], PATHS[4]], "coat")
    BEFORE.get(verb, lambda work: None)(work)
    other = Path(shutil.copytree(work, work.with_name("former")))
    return step_back(other)


@pytest.mark.parametrize(("verb", "every"), EACH)
def test_what_is_killed_was_done_or_was_not(verb: str, every: int, tmp_path: Path) -> None:
    base = tmp_path / "base"
    former, before = prepare(verb, base), seen(base)
    last, undone = last_edit(base), last_undone(base)
    shutil.copytree(base, tmp_path / "done")
    VERBS[verb](tmp_path / "done")
    after, done = seen(tmp_path / "done"), last_edit(tmp_path / "done")
    outcomes = set()
    for moment in range(0, 400, every):
        work = Path(shutil.copytree(base, tmp_path / str(moment)))
        with Death(moment) as death:
            VERBS[verb](work)
        if not death.is_dead:
            break
        recover(work)
        outcomes.add(last_edit(work))
        if last_edit(work) == done:
            assert seen(work) == after, moment
            (edit.redo if verb.startswith("undo") else edit.undo)(work)
            assert seen(work) == before, moment
        else:
            assert last_edit(work) == last, moment
            assert last_undone(work) in (undone, None), moment
            assert seen(work) == before, moment
            assert step_back(work) == former, moment
            edit.redo(work)
            assert seen(work) == before, moment
        shutil.rmtree(work)
    assert moment > 3
    assert len(outcomes) == 2 or every > 1
