"""The images of a workspace, judged by a model of good ones."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.inspector import write_inspector
from support.messages import Messages
from support.small_networks import build_small_network
from unpool.actions.checks import inspected
from unpool.actions.curation.check import check
from unpool.actions.curation.settings import CheckSettings
from unpool.actions.embedding.embed import embed
from unpool.actions.embedding.settings import EmbedSettings
from unpool.errors import UnpoolError, UsageError
from unpool.store.findings import found_figures, found_problems
from unpool.store.inspection.inspector import read_inspector, remembered_folder
from unpool.store.table import ImageTable
from unpool.training.model_file import save_model


@pytest.fixture
def work(tmp_path: Path) -> Path:
    """Five grey images; two have dark corners, one of them darker."""
    folder = tmp_path / "parts"
    folder.mkdir()
    for number, dark in enumerate((None, 60, None, 0, None)):
        pixels = np.full((64, 64, 3), 200 + number, np.uint8)
        if dark is not None:
            pixels[:24, :24] = dark
        Image.fromarray(pixels).save(folder / f"{number}.png")
    save_model(tmp_path / "encoder", build_small_network())
    embed(str(folder), EmbedSettings(str(tmp_path / "encoder")), work=tmp_path / "work")
    return tmp_path / "work"


def test_what_is_not_good_is_listed_the_worst_first(work: Path, tmp_path: Path) -> None:
    model = write_inspector(tmp_path / "model")
    assert check(work)["not_good"] == 0
    assert check(work, CheckSettings(model=model))["not_good"] == 2
    assert (found_problems(work) or {})["not_good"] == ["3.png", "1.png"]
    assert found_figures(work)["not_good"] == pytest.approx({"3.png": 1.0, "1.png": 1 - 60 / 255}, abs=1e-3)
    with (work / "problems.csv").open() as file:
        listed = {row["path"]: row["detail"] for row in csv.DictReader(file) if row["problem"] == "not good"}
    assert listed["3.png"] == "score 1, above 0.5"


def test_what_was_scored_is_not_scored_again(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, seen = write_inspector(tmp_path / "model"), []
    real = inspected.score_pixels

    def note(inspector: object, pixels: np.ndarray) -> float | None:
        seen.append(pixels.shape)
        return real(inspector, pixels)  # type: ignore[arg-type]

    monkeypatch.setattr(inspected, "score_pixels", note)
    check(work, CheckSettings(model=model))
    assert len(seen) == 5
    file = work / "report" / "inspected.json"
    stored = json.loads(file.read_text())
    stored["scores"].popitem()  # as after a kill
    file.write_text(json.dumps(stored))
    assert check(work, CheckSettings(model=model))["not_good"] == 2
    assert len(seen) == 6
    file.write_text("{")
    check(work, CheckSettings(model=write_inspector(tmp_path / "other", threshold=0.9)))
    assert len(seen) == 11
    assert (found_problems(work) or {})["not_good"] == ["3.png"]


def test_images_that_are_gone_are_counted(work: Path, tmp_path: Path) -> None:
    (tmp_path / "parts" / "3.png").unlink()
    heard = Messages()
    assert (
        check(work, CheckSettings(model=write_inspector(tmp_path / "model")), progress=heard)["not_good"] == 1
    )
    assert "1 images could not be inspected: files gone or changed" in heard.texts


def test_another_model_is_an_error(work: Path, tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match="no model"):
        check(work, CheckSettings(model=tmp_path / "none"))


def test_a_workspace_keeps_its_inspector_until_told_otherwise(work: Path, tmp_path: Path) -> None:
    model = write_inspector(tmp_path / "model")
    check(work, CheckSettings(model=model))
    seen = read_inspector(work)
    assert seen is not None
    assert (seen.folder, seen.threshold, seen.moved_threshold) == (model.resolve(), 0.5, None)
    scores = ImageTable(work).arrow(["inspection_score"])["inspection_score"].to_pylist()
    assert scores[3] == pytest.approx(1.0)
    assert all(score is not None and score < 0.3 for score in scores[::2])
    assert check(work)["not_good"] == 2  # without naming it
    write_inspector(model, threshold=0.9)
    assert check(work)["not_good"] == 1
    assert check(work, CheckSettings(model=Path("none")))["not_good"] == 0
    assert remembered_folder(work) is None
    assert ImageTable(work).arrow(["inspection_score"])["inspection_score"].null_count == 5
    assert check(work)["not_good"] == 0


def test_a_threshold_is_kept_for_its_model(work: Path, tmp_path: Path) -> None:
    model = write_inspector(tmp_path / "model")
    assert check(work, CheckSettings(model=model, threshold=0.9))["not_good"] == 1
    assert check(work, CheckSettings(model=model))["not_good"] == 1
    assert check(work, CheckSettings(threshold=0.1))["not_good"] == 5
    assert check(work, CheckSettings(model=write_inspector(tmp_path / "other")))["not_good"] == 2
    assert check(work, CheckSettings(model=model, threshold=0.9))["not_good"] == 1
    assert check(work, CheckSettings(threshold="auto"))["not_good"] == 2


def test_a_threshold_without_an_inspector_is_an_error(work: Path) -> None:
    with pytest.raises(UsageError, match="--threshold needs an inspector"):
        check(work, CheckSettings(threshold=0.5))


def test_a_model_that_is_gone_leaves_what_it_said(work: Path, tmp_path: Path) -> None:
    model = write_inspector(tmp_path / "model")
    check(work, CheckSettings(model=model))
    shutil.rmtree(model)
    heard = Messages()
    assert check(work, progress=heard)["not_good"] == 2
    assert any("model is gone, so nothing new is inspected" in text for text in heard.texts)


def test_a_wrong_model_is_an_error_before_anything_is_computed(work: Path, tmp_path: Path) -> None:
    heard = Messages()
    with pytest.raises(UnpoolError, match="no inspector"):
        check(work, CheckSettings(model=tmp_path / "encoder"), progress=heard)
    assert not (work / "report" / "check.json").exists()
