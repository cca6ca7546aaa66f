"""An encoder that has learnt elsewhere is adapted by comparing: slower, and with the statistics it knows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from support.pictures import make_shapes
from support.training import train
from unpool.networks.catalogue import build_network
from unpool.objectives.contrastive import Contrast

ASKED: dict[str, Any] = {
    "network": "resnet18", "size": 64, "steps": 2, "batch": 16, "device": "cpu", "val": 0.0,
}  # fmt: skip


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("images")
    make_shapes(folder, each=12)
    return str(folder)


@pytest.fixture(scope="module")
def learnt(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of somebody else's, with statistics of their own."""
    network = build_network("resnet18", size=32, channels=1, decoder="none", seed=5)
    network.train()
    with torch.no_grad():
        network.encode(torch.randn(8, 1, 32, 32) * 3)
    path = tmp_path_factory.mktemp("weights") / "resnet18.safetensors"
    save_file(network.encoder.body.state_dict(), path)
    return path


def after(out: Path, name: str) -> dict[str, torch.Tensor]:
    return {
        key: value
        for key, value in load_file(out / "model.safetensors").items()
        if name in key and "body." in key
    }


def moved(out: Path, learnt: Path) -> float:
    """How far the first convolution went from where it began."""
    first = next(v for key, v in after(out, "conv1.weight").items() if key.endswith("body.conv1.weight"))
    return float((first - load_file(learnt)["conv1.weight"]).abs().mean())


@pytest.fixture
def temperatures(monkeypatch: pytest.MonkeyPatch) -> set[float]:
    """Those at which codes were compared."""
    seen: set[float] = set()
    compare = Contrast.compare

    def watched(self: Contrast, *words: Any) -> torch.Tensor:
        seen.add(self.temperature)
        return compare(self, *words)

    monkeypatch.setattr(Contrast, "compare", watched)
    return seen


@pytest.mark.parametrize("objective", [pytest.param("contrast", marks=pytest.mark.slow), "aggregate"])
def test_statistics_stay_and_the_encoder_learns_slowly(
    objective: str, images: str, learnt: Path, tmp_path: Path
) -> None:
    train(images, out=tmp_path / "m", objective=objective, weights=str(learnt), lr=1e-3, **ASKED)
    statistics = after(tmp_path / "m", "running_mean")
    assert statistics
    for key, value in statistics.items():
        assert torch.equal(value, load_file(learnt)[key.partition("body.")[2]]), key
    # Adam moves each weight by about its learning rate a step.
    assert 0.2e-4 < moved(tmp_path / "m", learnt) < 3e-4


@pytest.mark.slow
def test_a_learnt_encoder_is_contrasted_more_sharply(
    images: str, learnt: Path, tmp_path: Path, temperatures: set[float]
) -> None:
    train(images, out=tmp_path / "m", objective="contrast", weights=str(learnt), **ASKED)
    assert temperatures == {0.2}


@pytest.mark.slow
def test_from_random_weights_all_is_learnt_at_one_rate(
    images: str, tmp_path: Path, temperatures: set[float]
) -> None:
    train(images, out=tmp_path / "m", objective="contrast", weights="none", lr=1e-3, **ASKED)
    begun = build_network("resnet18", size=32, channels=1, decoder="none", seed=0).encoder.body.state_dict()
    assert temperatures == {0.5}
    statistics = after(tmp_path / "m", "running_mean")
    assert any(not torch.equal(value, begun[key.partition("body.")[2]]) for key, value in statistics.items())
    key, value = next((k, v) for k, v in after(tmp_path / "m", "conv1.weight").items() if "body.conv1" in k)
    assert (value - begun[key.partition("body.")[2]]).abs().mean() > 5e-4


@pytest.mark.slow
def test_what_does_not_compare_trains_as_ever(images: str, learnt: Path, tmp_path: Path) -> None:
    asked = {name: value for name, value in ASKED.items() if name != "decoder"}
    train(images, out=tmp_path / "m", objective="classify", weights=str(learnt), lr=1e-3, **asked)
    statistics = after(tmp_path / "m", "running_mean")
    kept = load_file(learnt)
    assert any(not torch.equal(value, kept[key.partition("body.")[2]]) for key, value in statistics.items())
