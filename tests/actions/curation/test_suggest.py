"""Suggestions are given where few of them are wrong, and change no label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from support.messages import Messages
from unpool import Workspace
from unpool.actions.curation import decisions, edit
from unpool.actions.curation.settings import SpreadSettings
from unpool.actions.curation.suggest import spread
from unpool.errors import UnpoolError
from unpool.store.table import ImageTable

PATHS = [f"{i:02}.png" for i in range(40)]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Twenty images in one direction, twenty in another, and one that was skipped."""
    table = ImageTable.create(tmp_path / "w.unpool")
    table.upsert([{"path": path, "status": "ok"} for path in PATHS])
    table.reset_vectors(2)
    angle_N = np.arange(40) / 100 + (np.arange(40) >= 20)
    table.update(PATHS, {"vector": np.stack([np.cos(angle_N), np.sin(angle_N)], axis=1)})
    table.upsert([{"path": "broken.png", "status": "skipped", "label": "lost"}])
    return table.work


LEFT, RIGHT = PATHS[0:20:3], PATHS[20:40:3]


def test_images_like_labelled_ones_get_suggestions(work: Path) -> None:
    edit.label(work, LEFT, "left")
    edit.label(work, RIGHT, "right")
    edit.mark(work, PATHS[5:6])
    result = spread(work)
    frame = ImageTable(work).frame().set_index("path")
    assert result["images"] == 40
    assert (result["labelled"], result["labels"], result["suggested"]) == (14, 2, 25)
    assert result["sure"] == (frame["suggestion_confidence"] >= 0.8).sum() > 0
    assert result["threshold"] <= frame["suggestion_confidence"].min()
    assert 0 < result["expected_error"] <= 0.1
    labels = dict.fromkeys(LEFT, "left") | dict.fromkeys(RIGHT, "right") | {"broken.png": "lost"}
    assert frame["label"].dropna().to_dict() == labels
    free = [path for path in PATHS if path not in labels and path != PATHS[5]]
    assert frame["suggestion"][free].tolist() == ["left" if path < "20" else "right" for path in free]
    assert frame["suggestion"][[*LEFT, PATHS[5], *RIGHT]].isna().all()
    assert frame["suggestion"].notna().equals(frame["suggestion_confidence"].notna())


def test_kinds_that_nobody_labelled_get_no_suggestion(work: Path) -> None:
    far_N = np.arange(40) % 2 == 1
    angle_N = np.where(far_N, 4.0, 0) + np.arange(40) / 100 + (np.arange(40) >= 20)
    vectors_ND = np.stack([np.cos(angle_N), np.sin(angle_N)], axis=1)
    ImageTable(work).update(PATHS, {"vector": vectors_ND})
    edit.label(work, PATHS[0:20:4], "left")
    edit.label(work, PATHS[20:40:4], "right")
    result = spread(work, SpreadSettings(error=0.2))
    frame = ImageTable(work).frame().set_index("path").loc[PATHS]
    assert frame["suggestion"][far_N].isna().all()
    assert frame["suggestion"][~far_N].notna().sum() >= 5
    assert result["unlike"] >= 20


def test_nothing_is_suggested_where_nothing_is_known(work: Path) -> None:
    edit.label(work, PATHS[:1], "left")
    edit.label(work, PATHS[-1:], "right")
    messages = Messages()
    result = spread(work, progress=messages)
    assert (result["suggested"], result["threshold"]) == (0, 1.0)
    assert ImageTable(work).frame(["suggestion"])["suggestion"].isna().all()
    assert any("2 labels cannot show that 10 % of them are wrong at most" in text for text in messages.texts)


def test_suggestions_follow_the_labels(work: Path) -> None:
    edit.label(work, LEFT, "left")
    edit.label(work, RIGHT, "right")
    spread(work)
    assert decisions.accept(work, PATHS[:20])["changed"] == 13
    edit.label(work, PATHS[:20], "new name")
    found = Workspace(work).spread()
    assert found.columns.tolist() == ["path", "suggestion", "suggestion_confidence"]
    assert found["suggestion"].eq("right").all()
    assert found["suggestion_confidence"].is_monotonic_decreasing


def test_too_few_labels(work: Path) -> None:
    with pytest.raises(UnpoolError, match=r"no image of .* has a label yet; give some first.*unpool label"):
        spread(work)
    edit.label(work, PATHS[:3], "only")
    with pytest.raises(UnpoolError, match=r"all labels of .* are ‘only’; label images of another kind too"):
        spread(work)


def test_copies_and_images_marked_as_wrong_teach_nothing(work: Path) -> None:
    edit.label(work, LEFT, "left")
    edit.label(work, RIGHT, "right")
    before = spread(work)
    expected = ImageTable(work).frame().set_index("path")["suggestion_confidence"]
    same, odd = ["04.png", "05.png"], ["36.png", "37.png"]
    ImageTable(work).update([*LEFT[:1], *same], {"id": ["one"] * 3})
    edit.label(work, same, "left")
    edit.label(work, odd, "left")
    edit.mark(work, odd)
    after = spread(work)
    assert after["threshold"] == before["threshold"]
    assert after["labelled"] == before["labelled"] + 2
    frame = ImageTable(work).frame().set_index("path")
    found = frame["suggestion_confidence"].drop([*same, *odd])
    np.testing.assert_allclose(found, expected.drop([*same, *odd]), atol=2e-3)
    assert frame["suggestion"][[*same, *odd]].isna().all()


def test_labels_of_images_marked_as_wrong_are_no_names(work: Path) -> None:
    edit.label(work, LEFT, "left")
    edit.label(work, RIGHT, "right")
    edit.mark(work, RIGHT)
    with pytest.raises(UnpoolError, match="label images of another kind too"):
        spread(work)
