"""The maps that good images are compared by, and a mirror from good pictures to verdicts."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from support.small_networks import build_small_network
from support.striped import draw_spotted, draw_stripes, write_stripes
from support.tiny_levels import build_encoder, build_preprocessing
from unpool.actions.inspection import methods, train
from unpool.actions.inspection.good_images import GoodImages
from unpool.actions.inspection.methods import (
    CLEAR_AREA,
    build_levels,
    check_method,
    check_size,
    hold_out,
    load_encoder,
    mean_unseen,
    spread_of_brightness,
    why_no_mirror,
)
from unpool.actions.inspection.settings import InspectTrainSettings
from unpool.cli.main import main
from unpool.errors import UnpoolError, UsageError
from unpool.inference.inspection.mirror_training import train_mirror


def test_levels_are_of_the_network_named(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []

    def load(name: str, size: int) -> tuple[torch.nn.Module, object]:
        asked.append((name, size))
        return build_encoder(), build_preprocessing()

    monkeypatch.setattr(methods, "load_encoder", load)
    levels = build_levels(96, InspectTrainSettings(network="other"), evens=True)
    build_levels(64, InspectTrainSettings(), evens=False)
    assert asked == [("other", 96), ("efficientnet-lite0", 64)]
    assert (levels.size, levels.evens, levels.training) == (96, True, False)


def test_an_encoder_of_a_model_folder_learns_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = build_small_network()
    monkeypatch.setattr("unpool.training.model_file.has_model", lambda folder: folder == tmp_path)
    monkeypatch.setattr("unpool.training.model_file.load_model", lambda folder: network)
    encoder, preprocessing = load_encoder(str(tmp_path), 64)
    assert encoder is network.encoder
    assert preprocessing == network.preprocessing
    assert not encoder.training
    assert not any(each.requires_grad for each in encoder.parameters())


def test_names_that_give_no_encoder_are_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match="nosuchnetwork"):
        load_encoder("nosuchnetwork", 64)
    monkeypatch.setattr("unpool.training.model_file.has_model", lambda folder: True)
    monkeypatch.setattr("unpool.training.model_file.load_model", lambda folder: object())
    with pytest.raises(UnpoolError, match=r"has no encoder of convolutions; name another with --network"):
        load_encoder(str(tmp_path), 64)


@pytest.mark.parametrize(("size", "tile"), [(64, None), (256, 64), (1024, 4096)])
def test_sizes_that_can_be_seen(size: int, tile: int | None) -> None:
    check_size(size, tile)


@pytest.mark.parametrize(
    ("size", "tile", "said"),
    [(32, None, "--size is 32"), (100, None, "--size is 100"), (64, 63, "--tile is 63")],
)
def test_sizes_too_small_or_uneven_are_refused(size: int, tile: int | None, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        check_size(size, tile)


def test_brightness_spreads_as_a_share_of_itself() -> None:
    pictures = [np.full((8, 8, 3), grey, np.uint8) for grey in (80, 120)]
    assert spread_of_brightness(pictures) == pytest.approx(0.2)
    assert spread_of_brightness(pictures[:1]) == 0
    assert spread_of_brightness([np.zeros((8, 8, 3), np.uint8)] * 2) == 0


def test_the_command_line_makes_a_model_that_predicts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    minutes: list[float | None] = []

    def train_some_steps(*args: Any, **more: Any) -> Any:
        minutes.append(more["minutes"])
        return train_mirror(*args, **more | {"steps": 120})  # as many on a busy machine

    monkeypatch.setattr(train, "train_mirror", train_some_steps)
    good, model = write_stripes(tmp_path / "good", 48), tmp_path / "model"
    words = ["--method", "mirror", "--size", "64", "--minutes", "0.2", "--false-alarms", "0.1", "--json"]
    with pytest.raises(SystemExit) as left:
        main(["inspect", "train", str(good), "--out", str(model), *words])
    assert left.value.code == 0
    trained = json.loads(capsys.readouterr().out)
    assert (trained["method"], trained["images"], minutes) == ("mirror", 48, [0.2])
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


@pytest.mark.parametrize("name", ["conv-small", "lenet"])
def test_networks_without_weights_have_to_be_trained_first(name: str) -> None:
    with pytest.raises(
        UnpoolError, match=f"^there are no weights for --network {name}; train it by unpool train"
    ):
        load_encoder(name, 64)
    with pytest.raises(UsageError, match="unknown network 'conv-smal'; did you mean 'conv-small'"):
        load_encoder("conv-smal", 64)
