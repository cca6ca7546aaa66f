"""Suggestions vanish with the labels that they came from, and come back with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from support.edits import PATHS, make_grouped_workspace, seen
from unpool.actions.curation import decisions, edit
from unpool.actions.curation.settings import SpreadSettings
from unpool.actions.curation.suggest import spread
from unpool.store import journal

FEW = SpreadSettings(error=0.5)  # so that few labels are enough
SHOES, HATS = [PATHS[0], PATHS[4]], [PATHS[5], PATHS[8]]  # the outermost of their groups


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Two labels of each kind, and suggestions from them."""
    work = make_grouped_workspace(tmp_path / "w.unpool")
    edit.label(work, SHOES, "shoe")
    edit.label(work, HATS, "hat")
    spread(work, FEW)
    return work


def suggested(work: Path) -> dict[str, int]:
    return seen(work)["suggestion"].value_counts().to_dict()


@pytest.mark.parametrize(
    "change",
    [
        lambda work: edit.label(work, SHOES[:1], None),
        lambda work: edit.label(work, SHOES[:1], "boot"),
        lambda work: edit.label(work, SHOES, "hat"),
    ],
)
def test_a_label_that_goes_takes_its_suggestions_along(work: Path, change: Callable[[Path], object]) -> None:
    before, whole = suggested(work), seen(work)
    assert before["shoe"] > 1
    result = change(work)
    assert suggested(work) == {"hat": before["hat"]}
    assert f"; {before['shoe']} suggestions that came from it are gone" in str(result)
    assert len(SHOES) >= dict(result)["changed"] >= 1  # type: ignore[call-overload]
    after = seen(work)
    edit.undo(work)
    pd.testing.assert_frame_equal(seen(work), whole)
    edit.redo(work)
    pd.testing.assert_frame_equal(seen(work), after)


def test_labels_given_since_can_change_without_harm(work: Path) -> None:
    path = str(seen(work)["suggestion"].dropna().index[0])
    decisions.accept(work, [path])
    edit.label(work, ["11.png"], "coat")
    rest = suggested(work)
    edit.label(work, [path], None)
    edit.label(work, ["11.png"], "shoe")
    assert suggested(work) == rest


def test_an_accepted_suggestion_replaces_no_label_so_that_nothing_is_lost(work: Path) -> None:
    from unpool.store.table import ImageTable

    ImageTable(work).update(SHOES[:1], {"suggestion": ["hat"], "suggestion_confidence": [0.9]})
    before = suggested(work)
    decisions.accept(work, SHOES[:1])
    assert seen(work)["label"][SHOES[0]] == "shoe"
    assert suggested(work) == before
    assert {"hat", "shoe"} == set(before)


@pytest.mark.parametrize("content", [None, "{", "[]"])
def test_where_it_is_not_known_what_they_came_from_every_label_counts(
    work: Path, content: str | None
) -> None:
    (file,) = (work / "edits").glob("seeds-*.json")
    file.unlink() if content is None else file.write_text(content)
    path = str(seen(work)["suggestion"].dropna().index[0])
    name = decisions.accept(work, [path])["message"] and seen(work)["label"][path]
    edit.label(work, [path], None)
    assert name not in suggested(work)


def test_what_former_suggestions_came_from_is_known_after_an_undo_and_forgotten_in_time(
    work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit.label(work, ["11.png"], "shoe")
    spread(work, FEW)
    assert len(list((work / "edits").glob("seeds-*.json"))) == 2
    edit.undo(work)
    rest = suggested(work)
    edit.label(work, ["11.png"], None)
    assert suggested(work) == rest
    monkeypatch.setattr(journal, "MAX_STEPS", 1)
    edit.mark(work, SHOES[:1])
    assert len(list((work / "edits").glob("seeds-*.json"))) == 1
