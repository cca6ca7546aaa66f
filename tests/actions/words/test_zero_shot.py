"""Words alone suggest labels, which are accepted or refused as any other."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.plain_words import PATHS, give_text_side, make_workspace
from support.two_towers import CAPTIONS, TwoTowers
from unpool.actions.curation.decisions import accept
from unpool.actions.curation.stale_suggestions import are_uncalibrated, note_seeds
from unpool.actions.curation.undo import undo
from unpool.actions.fields.edit_fields import set_field
from unpool.actions.words.word_query import CollectedMessages
from unpool.actions.words.zero_shot import label_zero_shot
from unpool.errors import UsageError
from unpool.store.table import ImageTable


@pytest.fixture
def work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    work = make_workspace(tmp_path / "w.unpool")
    side = give_text_side(monkeypatch, work)
    monkeypatch.setattr(side, "scale", 20.0, raising=False)
    monkeypatch.setattr(side, "id", "plain", raising=False)
    return work


def test_images_get_suggestions_that_are_accepted_as_any(work: Path) -> None:
    result = label_zero_shot(work, "red，blue、 red,")
    assert (result["images"], result["suggested"], result["names"]) == (4, 4, {"red": 2, "blue": 2})
    rows = ImageTable(work).arrow(["path", "suggestion", "suggestion_confidence", "label"]).to_pylist()
    assert [row["suggestion"] for row in rows] == [row["path"].split()[0] for row in rows]
    assert all(0.9 < row["suggestion_confidence"] <= 1 and row["label"] is None for row in rows)
    accept(work, [PATHS[0]])
    assert ImageTable(work).arrow(["label"])["label"].to_pylist() == ["blue", None, None, None]


def test_labelled_and_wrong_images_get_none_and_measure_it(work: Path) -> None:
    ImageTable(work).update(
        PATHS, {"label": ["Blue", "blue", "blue", None], "wrong": [None, True, None, None]}
    )
    result = label_zero_shot(work, ["red", "blue"])
    assert (result["labelled"], result["suggested"], result["accuracy"]) == (2, 1, 0.5)
    assert ImageTable(work).arrow(["suggestion"])["suggestion"].to_pylist() == [None, None, None, "red"]


def test_confidence_is_uncalibrated_until_there_are_labels(two_towers: TwoTowers, tmp_path: Path) -> None:
    work = two_towers.copy_workspace(tmp_path / "w.unpool")
    names = [str(each) for each in CAPTIONS]
    assert not are_uncalibrated(work)
    result = label_zero_shot(work, names)
    assert (result["uncalibrated"], result["calibrated"]) == (True, 0)
    assert are_uncalibrated(work)
    undo(work)
    assert not are_uncalibrated(work)
    for each in CAPTIONS[:10]:
        ImageTable(work).update([each.file], {"label": [str(each)]})
    result = label_zero_shot(work, names)
    assert (result["uncalibrated"], result["calibrated"]) == (False, 10)
    assert not are_uncalibrated(work)


def test_other_suggestions_are_not_called_uncalibrated(work: Path) -> None:
    label_zero_shot(work, "red,blue")
    note_seeds(work, {PATHS[0]: "blue"})
    assert not are_uncalibrated(work)


def test_a_wrong_image_without_a_label_gets_none(work: Path) -> None:
    ImageTable(work).update(PATHS, {"wrong": [None, None, True, None]})
    assert label_zero_shot(work, "red,blue")["suggested"] == 3
    assert ImageTable(work).arrow(["suggestion"])["suggestion"].to_pylist() == ["blue", "blue", None, "red"]


def test_suggestions_by_words_stay_where_a_label_goes(work: Path) -> None:
    ImageTable(work).update(PATHS[:1], {"label": ["blue"]})
    note_seeds(work, {PATHS[0]: "blue"})  # of a spread before
    label_zero_shot(work, "red,blue")
    set_field(work, PATHS[:1], "label", None)
    assert ImageTable(work).arrow(["suggestion"])["suggestion"].to_pylist() == [None, "blue", "red", "red"]


def test_an_image_that_fits_none_gets_none(work: Path) -> None:
    result = label_zero_shot(work, ["red circle", "red square"])
    assert (result["suggested"], result["unsure"], result["unlike"]) == (2, 0, 2)
    assert ImageTable(work).arrow(["suggestion"])["suggestion"].to_pylist() == [
        None, None, "red circle", "red square",
    ]  # fmt: skip


def test_where_each_image_has_one_of_the_names_none_is_left_out(work: Path) -> None:
    messages: list[str] = []
    label_zero_shot(work, "red circle,red square", progress=CollectedMessages(messages))
    assert [each.split(" images")[0] for each in messages] == ["2"]
    assert messages[0].endswith("where each image has one of them, give --all-fit")
    result = label_zero_shot(
        work, "red circle,red square", all_fit=True, progress=CollectedMessages(messages)
    )
    assert (result["suggested"], result["unlike"], len(messages)) == (4, 0, 1)


def test_former_suggestions_are_replaced_and_can_be_undone(work: Path) -> None:
    label_zero_shot(work, "red,blue")
    label_zero_shot(work, "circle,square")
    suggested = ImageTable(work).arrow(["suggestion"])["suggestion"].to_pylist()
    assert suggested == [path.removesuffix(".png").split()[1] for path in PATHS]
    assert "suggested labels for 4 images by words" in undo(work)["message"]
    assert ImageTable(work).arrow(["suggestion"])["suggestion"].to_pylist()[0] == "blue"


@pytest.mark.parametrize("names", ["shoe", "", "shoe, Shoe", ["shoe", 3], "a" * 300 + ",b"])
def test_names_are_checked(work: Path, names: object) -> None:
    with pytest.raises(UsageError):
        label_zero_shot(work, names)  # type: ignore[arg-type]


def test_what_is_left_out_is_said(work: Path) -> None:
    messages: list[str] = []
    label_zero_shot(work, "red,,blue,red", progress=CollectedMessages(messages))
    assert messages == ["2 names are empty or there twice, and left out"]


def test_a_trained_model_suggests_the_right_names(two_towers: TwoTowers, tmp_path: Path) -> None:
    work = two_towers.copy_workspace(tmp_path / "w.unpool")
    name_of = {each.file: str(each) for each in CAPTIONS}
    result = label_zero_shot(work, list(name_of.values()))
    rows = ImageTable(work).arrow(["path", "suggestion"]).to_pylist()
    right = [row["suggestion"] == name_of[row["path"]] for row in rows if row["suggestion"]]
    assert len(right) == result["suggested"] >= 0.8 * len(CAPTIONS)
    assert sum(right) >= 0.9 * len(right)
    assert result["unlike"] <= 0.05 * len(CAPTIONS)
