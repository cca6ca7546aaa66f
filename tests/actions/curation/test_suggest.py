"""Suggestions come from labelled neighbours, change no label, and cover what may be labelled."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unpool import Workspace
from unpool.actions.curation import decisions, edit
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


def test_neighbours_of_labelled_images_get_suggestions(work: Path) -> None:
    edit.label(work, PATHS[:2], "left")
    edit.label(work, PATHS[-2:], "right")
    edit.mark(work, PATHS[5:6])
    result = spread(work)
    frame = ImageTable(work).frame().set_index("path")
    assert result["images"] == 40
    assert (result["labelled"], result["labels"], result["suggested"]) == (4, 2, 35)
    assert result["sure"] == (frame["suggestion_confidence"] >= 0.8).sum() > 0
    assert frame["label"].dropna().to_dict() == dict.fromkeys(PATHS[:2], "left") | dict.fromkeys(
        [*PATHS[-2:], "broken.png"], "right"
    ) | {"broken.png": "lost"}
    assert set(frame["suggestion"][PATHS[2:5] + PATHS[6:20]]) == {"left"}
    assert set(frame["suggestion"][PATHS[20:-2]]) == {"right"}
    assert frame["suggestion"][[*PATHS[:2], PATHS[5], *PATHS[-2:]]].isna().all()
    assert frame["suggestion"].notna().equals(frame["suggestion_confidence"].notna())


def test_suggestions_follow_the_labels(work: Path) -> None:
    edit.label(work, PATHS[:1], "left")
    edit.label(work, PATHS[-1:], "right")
    spread(work)
    assert decisions.accept(work, PATHS[:20])["changed"] == 19
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
