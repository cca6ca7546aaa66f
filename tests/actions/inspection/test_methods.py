"""The maps that good images are compared by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from support.small_networks import build_small_network
from support.tiny_levels import build_encoder, build_preprocessing
from unpool.actions.inspection import methods
from unpool.actions.inspection.methods import build_levels, check_size, load_encoder, spread_of_brightness
from unpool.actions.inspection.settings import InspectTrainSettings
from unpool.errors import UnpoolError, UsageError


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
