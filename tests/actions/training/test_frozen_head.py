"""`unpool train --freeze` by contrast or aggregation: a head is trained on features computed once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from support.training import train
from unpool.actions.embedding import adapt_features as adapt
from unpool.actions.training import frozen_head as head
from unpool.actions.training.frozen_head import num_views
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.source import open_source
from unpool.inference import encoder
from unpool.inference.encoder import TorchEncoder
from unpool.networks.catalogue import build_network
from unpool.networks.head import Head
from unpool.objectives.views import PrecomputedViews
from unpool.training.model_file import load_model, save_model
from unpool.training.run_folder import FEATURES

SHORT: dict[str, Any] = {"freeze": True, "steps": 12, "seed": 3, "device": "cpu"}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    save_model(folder, build_network("conv", size=8, channels=1, width=4, decoder="upsample", seed=0))
    return folder


@pytest.fixture(autouse=True)
def without_export(monkeypatch: pytest.MonkeyPatch) -> None:
    """The export takes seconds and is tested elsewhere; torch embeds as well."""
    monkeypatch.setattr(encoder, "export_encoder", _refused)


def _refused(*_: Any) -> float:
    raise UnpoolError("not now")


@pytest.mark.parametrize("objective", ["contrast", "aggregate"])
def test_the_head_learns_and_the_encoder_stays(objective: str, model: Path, tmp_path: Path) -> None:
    result = train("digits", out=tmp_path / "m", objective=objective, from_=model, **SHORT)
    before, after = load_model(model), load_model(tmp_path / "m")
    assert after.dimension() == 128
    for name, value in before.encoder.state_dict().items():
        assert torch.equal(value, after.encoder.state_dict()[name]), name
    assert result["parameters"] == sum(parameter.numel() for parameter in after.parameters())
    assert not (tmp_path / "m" / "training").exists()
    assert json.loads((tmp_path / "m" / "model.json").read_text())["options"]["head"] == 128


def test_training_makes_images_and_their_neighbours_more_alike(model: Path, tmp_path: Path) -> None:
    longer = SHORT | {"steps": 200, "schedule": "cosine"}
    train("digits", out=tmp_path / "short", objective="contrast", from_=model, **SHORT | {"steps": 1})
    result = train("digits", out=tmp_path / "long", objective="contrast", from_=model, **longer)
    first = json.loads((tmp_path / "short" / "model.json").read_text())["training"]
    assert result["train_loss"] < 0.93 * first["train_loss"]


def test_a_stopped_run_goes_on_with_the_features_it_has(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"objective": "aggregate", "from_": model, **SHORT}
    train("digits", out=tmp_path / "whole", **asked)
    seen: list[int] = []

    class Counting(TorchEncoder):
        stop_at = 900

        def __call__(self, pixels_BHWC: np.ndarray) -> np.ndarray:
            seen.append(len(pixels_BHWC))
            if sum(seen) > self.stop_at * 8:
                raise KeyboardInterrupt
            return super().__call__(pixels_BHWC)

    monkeypatch.setattr(encoder, "TorchEncoder", Counting)
    with pytest.raises(KeyboardInterrupt):
        train("digits", out=tmp_path / "m", **asked)
    assert (tmp_path / "m" / "training" / FEATURES).exists()
    seen.clear()
    Counting.stop_at = 10_000
    train("digits", out=tmp_path / "m", resume=True, **asked)
    assert 0 < sum(seen) < 8 * (1797 - 700), "features that were there were computed again"
    whole, resumed = (load_file(tmp_path / name / "model.safetensors") for name in ("whole", "m"))
    assert all(torch.equal(whole[name], resumed[name]) for name in whole)


def test_features_of_other_views_are_not_taken(model: Path, tmp_path: Path) -> None:
    source = open_source("digits")
    pixels = source.pixels(source.scan().files, 8)  # type: ignore[attr-defined]
    path, shape = tmp_path / FEATURES, (len(pixels), 2, 3)
    mark, other = np.arange(8, dtype=np.float16), np.ones(8, np.float16)
    kept = head._open_features(path, mark, shape)
    kept[8:] = 1
    kept.flush()
    assert bool((head._open_features(path, mark, shape)[8:] == 1).all())
    assert not head._open_features(path, other, shape)[8:].any()


def test_images_are_compared_with_the_nearest_that_are_trained_on() -> None:
    class Plain(torch.nn.Linear):
        embed = torch.nn.Linear.forward

    plain = Plain(2, 2)
    torch.nn.init.eye_(plain.weight)
    torch.nn.init.zeros_(plain.bias)
    angle_N = np.linspace(0, 1.2, 13)
    feature_N12 = np.stack([np.cos(angle_N), np.sin(angle_N)], axis=1)[:, None].astype(np.float16)
    trained = np.array([0, 1, 2, 4, 5, 6, 8, 9])
    found = adapt.find_neighbours(plain, feature_N12, trained, seed=0)
    assert found.shape == (13, 7)  # ten where there are so many others
    assert set(found.ravel()) <= set(trained)
    assert not (found == np.arange(13)[:, None]).any()
    assert found[12].tolist() == [9, 8, 6, 5, 4, 2, 1]  # nearest first
    assert found[0].tolist() == [1, 2, 4, 5, 6, 8, 9]
    assert adapt.find_neighbours(plain, feature_N12, trained[:3], seed=0).shape == (13, 2)
    assert adapt.find_neighbours(plain, feature_N12, np.arange(13), seed=0).shape == (13, 10)


def test_a_head_compares_an_image_with_one_alike(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[torch.Tensor] = []
    sample = PrecomputedViews.sample

    def watched(self: PrecomputedViews, x_BVD: torch.Tensor, *words: Any) -> torch.Tensor:
        picked = sample(self, x_BVD, *words)
        seen.append(
            (x_BVD[:, :8] == picked[:, None]).all(dim=2).any(dim=1)
        )  # whether it is a view of its own
        return picked

    monkeypatch.setattr(PrecomputedViews, "sample", watched)
    train("digits", out=tmp_path / "m", objective="contrast", from_=model, **SHORT)
    assert all(own.all() for own in seen[::2])
    assert not any(own.any() for own in seen[1::2])
    seen.clear()
    network = build_network("conv", size=8, width=5, seed=0)
    feature_NVD = np.random.default_rng(0).normal(size=(60, 8, network.dimension())).astype(np.float32)
    adapt.train_head(network, feature_NVD, seed=0, progress=Progress())
    assert all(own.all() for own in seen[::2])
    assert not any(own.any() for own in seen[1::2])


def test_fewer_views_of_more_images() -> None:
    assert [num_views(count) for count in (1, 8_000, 20_000, 64_000)] == [8, 8, 3, 2]


def test_a_collapse_is_reported(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    messages: list[str] = []

    class Told(Progress):
        def message(self, text: str) -> None:
            messages.append(text)

    asked = {"objective": "contrast", "from_": model, **SHORT}
    result = train("digits", out=tmp_path / "m", progress=Told(), **asked)
    assert result["effective_rank"] > 3
    assert not [text for text in messages if "collapsed" in text]
    monkeypatch.setattr(Head, "start", lambda head, _: head.head.weight.data.mul_(0))
    monkeypatch.setattr(Head, "embed", lambda head, code: head.head(code)[:, :1].expand(-1, 128))
    train("digits", out=tmp_path / "n", progress=Told(), **asked)
    assert [text for text in messages if "vary in only 1.0 directions: the embedding has collapsed" in text]
