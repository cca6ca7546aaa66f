"""The mirror from a folder of good pictures to verdicts: trained, held out, resumed, exported, chosen."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from support.messages import Messages
from support.striped import draw_spotted, draw_stripes, write_stripes
from unpool.actions.inspection.good_images import GoodImages
from unpool.actions.inspection.methods import CLEAR_AREA, check_method, mean_unseen, why_no_mirror
from unpool.actions.inspection.mirror import hold_out, train_mirror
from unpool.actions.inspection.settings import InspectTrainSettings
from unpool.cli.main import main
from unpool.core.progress import Progress
from unpool.errors import UsageError
from unpool.training import loop

STEPS = 12


def weights(out: Path, **more: int) -> np.ndarray:
    good = [draw_stripes(number) for number in range(12)]
    levels = train_mirror(good, 64, out=out, progress=Progress(), **{"steps": STEPS, **more})
    return torch.cat([each.flatten() for each in levels.parameters()]).numpy()


def test_the_command_line_makes_a_model_that_predicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, model = write_stripes(tmp_path / "good", 48), tmp_path / "model"
    words = ["--method", "mirror", "--size", "64", "--minutes", "0.2", "--false-alarms", "0.1", "--json"]
    with pytest.raises(SystemExit) as left:
        main(["inspect", "train", str(good), "--out", str(model), *words])
    assert left.value.code == 0
    trained = json.loads(capsys.readouterr().out)
    assert (trained["method"], trained["images"]) == ("mirror", 48)
    assert any("12 good images were held out of the mirror's training" in note for note in trained["notes"])
    described = json.loads((model / "model.json").read_text("utf-8"))
    assert (described["network"], len(described["inspection"]["good_scores"])) == ("conv", 12)
    assert not (model / "training").exists()

    (tmp_path / "new").mkdir()
    for number in range(12):
        Image.fromarray(draw_stripes(300 + number)).save(tmp_path / "new" / f"good{number}.png")
        Image.fromarray(draw_spotted(400 + number)).save(tmp_path / "new" / f"spot{number}.png")
    with pytest.raises(SystemExit) as left:
        main(
            [
                "inspect",
                "predict",
                str(tmp_path / "new"),
                "--model",
                str(model),
                "--out",
                str(tmp_path / "out"),
            ]
        )
    assert left.value.code == 0
    rows = list(csv.DictReader((tmp_path / "out" / "scores.csv").read_text("utf-8").splitlines()))
    scores = {
        kind: sorted(float(row["score"]) for row in rows if kind in row["path"]) for kind in ("good", "spot")
    }
    pairs = [good < bad for good in scores["good"] for bad in scores["spot"]]
    assert np.mean(pairs) >= 0.9


def test_a_stopped_training_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = weights(tmp_path / "whole")
    monkeypatch.setattr(loop.Trainer, "update", _stop_at(5, loop.Trainer.update))
    monkeypatch.setattr("unpool.training.checkpoint.SAVE_EVERY_SECONDS", 0.0)
    monkeypatch.setattr("unpool.training.checkpoint.SAVE_SHARE", 1e9)
    with pytest.raises(RuntimeError, match="stopped"):
        weights(tmp_path / "stopped")
    assert (tmp_path / "stopped" / "training" / "checkpoint.pt").is_file()
    monkeypatch.undo()
    messages = Messages()
    good = [draw_stripes(number) for number in range(12)]
    levels = train_mirror(good, 64, out=tmp_path / "stopped", progress=messages, steps=STEPS)
    found = torch.cat([each.flatten() for each in levels.parameters()]).numpy()
    assert np.array_equal(found, whole)
    assert any("went on after" in line for line in messages.texts)


def _stop_at(number: int, update):  # type: ignore[no-untyped-def]
    taken: list[int] = []

    def stop(self) -> None:  # type: ignore[no-untyped-def]
        taken.append(1)
        if len(taken) > number:
            raise RuntimeError("stopped")
        update(self)

    return stop


def test_the_seed_makes_the_weights(tmp_path: Path) -> None:
    first = weights(tmp_path / "a", steps=3)
    assert np.array_equal(first, weights(tmp_path / "b", steps=3))
    assert not np.array_equal(first, weights(tmp_path / "c", steps=3, seed=1))


def test_a_quarter_of_the_images_is_held_out_with_all_its_windows() -> None:
    owners = [owner for owner in range(40) for _ in range(2)]
    pictures = [np.full((2, 2, 3), owner, np.uint8) for owner in owners]
    trained, held = hold_out(GoodImages(pictures, owners, 40), seed=0)
    assert len(set(held.owners)) == 10
    assert [int(picture[0, 0, 0]) for picture in held.pictures] == held.owners
    assert {int(picture[0, 0, 0]) for picture in trained} == set(range(40)) - set(held.owners)
    assert len(trained) == 60


def test_of_few_images_none_is_held_out() -> None:
    images = GoodImages([np.zeros((2, 2, 3), np.uint8)] * 39, list(range(39)), 39)
    trained, held = hold_out(images, seed=0)
    assert held is images
    assert len(trained) == 39


def test_auto_says_why_the_mirror_was_not_tried() -> None:
    assert why_no_mirror({"spot": 0.5}, 1.0) == ""
    assert "finds made defects with a mean area of 0.970" in why_no_mirror({"spot": CLEAR_AREA}, None)
    assert "--minutes 1 compares it" in why_no_mirror({"spot": 0.9, "stain": 0.7}, None)
    assert "0.800" in why_no_mirror({"spot": 0.9, "stain": 0.7}, None)


def test_methods_are_compared_by_defects_that_none_was_trained_on() -> None:
    assert mean_unseen(
        {"spot": 1.0, "scratch": 1.0, "paste": 1.0, "stain": 0.5, "blur": 0.7}
    ) == pytest.approx(0.6)


def test_options_of_the_other_method_are_told() -> None:
    with pytest.raises(UsageError, match="--minutes is for the mirror"):
        check_method(InspectTrainSettings(method="memory", minutes=1.0))
    with pytest.raises(UsageError, match="--network is for the memory"):
        check_method(InspectTrainSettings(method="mirror", network="resnet18"))
    check_method(InspectTrainSettings(minutes=1.0, network="resnet18"))
