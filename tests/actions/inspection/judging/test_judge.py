"""What a person says counts, moves the threshold or goes into the memory, and can be undone."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.judged import BAD
from unpool.actions.curation.edit import redo, undo
from unpool.actions.curation.undo import last_edit
from unpool.actions.inspection.judging.judge import call, judge, move_threshold, set_threshold
from unpool.actions.inspection.judging.settings import JudgeSettings
from unpool.errors import UnpoolError, UsageError
from unpool.inference.inspection.inspector import load_inspector
from unpool.store.inspection.inspector import found_not_good, read_inspector
from unpool.store.table import ImageTable


def not_good(work: Path) -> list[str]:
    return sorted(entry["path"] for entry in found_not_good(work))


def threshold(work: Path) -> float:
    seen = read_inspector(work)
    assert seen is not None
    return seen.threshold


def score(work: Path, path: str) -> float:
    return float(ImageTable(work).some([path], ["inspection_score"])["inspection_score"][0].as_py())


def test_a_word_counts_and_nothing_else_changes(work: Path) -> None:
    assert not_good(work) == BAD
    before = threshold(work)
    assert call(work, ["striped0.png"], "good") == {"changed": 1, "message": "called 1 image good"}
    assert not_good(work) == [path for path in BAD if path != "striped0.png"]
    call(work, "good0.png", "not good")
    assert "good0.png" in not_good(work)
    assert threshold(work) == before
    undo(work)
    undo(work)
    assert not_good(work) == BAD
    redo(work)
    assert "striped0.png" not in not_good(work)
    judge(work, JudgeSettings(as_="none"), paths=["striped0.png"])
    assert not_good(work) == BAD


def test_not_good_moves_the_threshold_just_below_its_score(work: Path) -> None:
    before, low = threshold(work), score(work, "good3.png")
    result = move_threshold(work, ["good3.png"], "not good")
    assert threshold(work) < low < threshold(work) + 1e-9
    higher = [path for path in ImageTable(work).frame(["path"])["path"] if score(work, path) >= low]
    assert not_good(work) == sorted({*BAD, *higher})
    assert result["more"] == len(higher) - len(BAD)
    assert (result["fewer"], result["old_threshold"], result["threshold"]) == (0, before, threshold(work))
    assert result["alarms"]["rate"] > 0
    assert last_edit(work) == result["message"]
    undo(work)
    assert (threshold(work), not_good(work)) == (before, BAD)
    redo(work)
    assert threshold(work) < low


def test_good_moves_the_threshold_up_to_the_score(work: Path) -> None:
    mildest = min(BAD, key=lambda path: score(work, path))
    result = move_threshold(work, [mildest], "good")
    assert threshold(work) == score(work, mildest) == result["threshold"]
    assert not_good(work) == [path for path in BAD if path != mildest]
    assert (result["more"], result["fewer"]) == (0, 1)


def test_a_threshold_that_says_so_already_stays(work: Path) -> None:
    before = threshold(work)
    result = move_threshold(work, ["good0.png"], "good")
    assert threshold(work) == before
    assert result["message"] == f"called 1 image good; the threshold stays at {before:.4g}"
    steps = last_edit(work)
    assert not move_threshold(work, ["good0.png"], "good")["is_changed"]
    assert last_edit(work) == steps


def test_a_threshold_by_number_and_back_to_the_models(work: Path) -> None:
    own = threshold(work)
    assert set_threshold(work, 1e6)["fewer"] == len(BAD)
    assert not_good(work) == []
    assert set_threshold(work, None)["more"] == len(BAD)
    assert threshold(work) == own
    undo(work)
    assert not_good(work) == []
    undo(work)
    assert threshold(work) == own
    with pytest.raises(UsageError, match="threshold is nan"):
        set_threshold(work, float("nan"))


def test_good_ones_go_into_the_memory_and_others_like_them_are_good(work: Path) -> None:
    model = work.parent / "model"
    before, high = load_inspector(model).id, score(work, "striped2.png")
    result = judge(work, JudgeSettings(by="memory"), paths=["striped0.png", "striped1.png"])
    assert result["added"] == 2
    assert load_inspector(model).id != before
    seen = read_inspector(work)
    assert seen is not None
    assert (seen.model, len(seen.added)) == (load_inspector(model).id, 2)
    assert result["threshold"] == load_inspector(model).record.threshold == threshold(work)
    assert score(work, "striped2.png") < high  # it is like them
    assert {"stained0.png", "stained1.png"} <= set(not_good(work))
    assert (result["old_not_good"], result["not_good"]) == (5 - 2, len(not_good(work)))
    again = judge(work, JudgeSettings(by="memory"))
    assert (again["added"], again["message"]) == (0, "there is no image to add")


def test_a_threshold_of_a_person_stays_when_the_memory_grows(work: Path) -> None:
    set_threshold(work, 50.0)
    result = judge(work, JudgeSettings(by="memory"), paths=["striped0.png"])
    assert (threshold(work), result["is_moved"]) == (50.0, True)


def test_what_cannot_be(work: Path) -> None:
    with pytest.raises(UsageError, match="--by memory adds good images, but --as is not-good"):
        judge(work, JudgeSettings(as_="not-good", by="memory"), paths=["good0.png"])
    with pytest.raises(UsageError, match="--as none takes a word back"):
        judge(work, JudgeSettings(as_="none", by="threshold"), paths=["good0.png"])
    with pytest.raises(UsageError, match="no image is named"):
        judge(work)
    with pytest.raises(UsageError, match="unknown --as"):
        judge(work, JudgeSettings(as_="bad"), paths=["good0.png"])
    with pytest.raises(UnpoolError, match="no image of"):
        call(work, ["nobody.png"], "good")
    ImageTable(work).update(["good0.png"], {"inspection_score": [None]})
    with pytest.raises(UnpoolError, match="has a score"):
        move_threshold(work, ["good0.png"], "not good")


def test_without_an_inspector_nothing_is_judged(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": "a.png", "status": "ok"}])
    for settings in (JudgeSettings(), JudgeSettings(by="threshold"), JudgeSettings(by="memory")):
        with pytest.raises(UnpoolError, match="no inspector has seen the images"):
            judge(table.work, settings, paths=["a.png"])
