"""Figures of an inspector and of what people said."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binomtest

from unpool.actions.inspection.judging.judge import call
from unpool.actions.inspection.judging.verdicts import (
    Judged,
    count_alarms,
    describe_image,
    describe_inspection,
    describe_move,
    find_pending,
    threshold_beyond,
)
from unpool.errors import UnpoolError
from unpool.store.inspection.inspector import WorkspaceInspector, read_inspector

SEEN = WorkspaceInspector(
    Path("model"), "m", "memory", 2.0, None, 0.1, tuple(float(score) for score in range(5)), frozenset({"a"})
)


def judged(scores: list[float], good: list[int] = [], bad: list[int] = []) -> Judged:  # noqa: B006
    places = np.arange(len(scores))
    return Judged(np.array(scores), np.isin(places, good), np.isin(places, bad))


def test_alarms_are_a_binomial_share() -> None:
    alarms = count_alarms(SEEN, 2.0)
    interval = binomtest(2, 5).proportion_ci(0.95, "exact")
    assert alarms == {
        "above": 2, "images": 5, "rate": 0.4, "low": pytest.approx(interval.low), "high": pytest.approx(interval.high),
    }  # fmt: skip


def test_a_move_counts_images_that_no_person_has_judged() -> None:
    images = judged([0.5, 1.5, 2.5, 3.5, np.nan], good=[1], bad=[0])
    assert images.is_not_good(2.0).tolist() == [True, False, True, True, False]
    move = describe_move(SEEN, images, 1.0)
    assert (move["more"], move["fewer"]) == (0, 0)
    move = describe_move(SEEN, images, 3.0)
    assert (move["more"], move["fewer"], move["alarms"]) == (0, 1, count_alarms(SEEN, 3.0))
    assert describe_move(SEEN, judged([0.5, 1.5, 2.5]), 0.0)["more"] == 2


@pytest.mark.parametrize(
    ("scores", "verdict", "expected"),
    [
        ([3.0, 4.0], "good", 4.0),
        ([1.0, None], "good", 2.0),
        ([3.0], "not good", 2.0),
        ([2.0, 3.0], "not good", 2.0),
    ],
)
def test_a_threshold_moves_as_little_as_it_can(
    scores: list[float | None], verdict: str, expected: float
) -> None:
    found = threshold_beyond(scores, verdict, 2.0)
    assert found == pytest.approx(expected)
    known = [score for score in scores if score is not None]
    assert all((score > found) == (verdict == "not good") for score in known)


def test_without_scores_no_threshold_follows() -> None:
    with pytest.raises(UnpoolError, match="none of these images has a score"):
        threshold_beyond([None], "good", 2.0)


def test_an_image_is_described() -> None:
    assert describe_image(SEEN, 2.5, None, "a") == {
        "score": 2.5, "probability": pytest.approx(3 / 6), "called": "not good", "verdict": None, "is_added": True,
    }  # fmt: skip
    assert describe_image(SEEN, None, "good", None)["called"] is None
    assert describe_image(SEEN, 2.0, "not good", "b")["called"] == "good"


def test_a_workspace_is_described_and_says_what_became_of_the_model(work: Path) -> None:
    call(work, ["striped0.png", "good0.png"], "good")
    seen = read_inspector(work)
    assert seen is not None
    assert find_pending(work, seen) == ["striped0.png"]
    found = describe_inspection(seen, Judged.read(work), 1)
    names = ("name", "state", "note", "can_learn", "is_moved", "scored", "unscored", "called_good", "pending")
    assert [found[name] for name in names] == ["model", "ready", None, True, False, 13, 0, 2, 1]  # type: ignore[literal-required]
    model = work.parent / "model"
    text = (model / "model.json").read_text()
    (model / "model.json").write_text(text.replace('"weights": "', '"weights": "0'))
    assert describe_inspection(seen, Judged.read(work), 0)["state"] == "changed"
    shutil.rmtree(model)
    found = describe_inspection(seen, Judged.read(work), 0)
    assert (found["state"], found["can_learn"]) == ("gone", False)
    assert "is gone; name where it is" in (found["note"] or "")
