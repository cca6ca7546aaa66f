"""Weights of a file: the same vectors as a network that is built with them, and nothing half made."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from safetensors.torch import save_file

from unpool.actions.embedding.embed import embed
from unpool.actions.embedding.run import run
from unpool.actions.embedding.settings import EmbedSettings, RunSettings
from unpool.actions.encoders.model_request import ModelRequest, check_request
from unpool.errors import UnpoolError, UsageError
from unpool.networks.catalogue import build_network
from unpool.store.table import ImageTable
from unpool.training.model_file import save_model


@pytest.fixture
def images(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    folder = tmp_path / "images"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for number in range(3):
        Image.fromarray(rng.integers(0, 256, (40, 50, 3), np.uint8)).save(folder / f"{number}.png")
    return folder


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    network = build_network("resnet18", decoder="none", seed=3)
    state = {name: value.contiguous() for name, value in network.encoder.body.state_dict().items()}
    save_file(state, tmp_path / "own.safetensors")
    return tmp_path / "own.safetensors"


def vectors_of(work: Path) -> np.ndarray:
    table = ImageTable(work).arrow(["path", "vector"]).sort_by("path")
    return np.stack(table["vector"].to_pylist())


@pytest.mark.slow
def test_weights_of_a_file_give_the_vectors_of_a_network_built_with_them(
    tmp_path: Path, images: Path, weights: Path
) -> None:
    save_model(tmp_path / "built", build_network("resnet18", weights=weights, decoder="none"))
    embed(str(images), EmbedSettings(str(tmp_path / "built")), work=tmp_path / "built.unpool")
    settings = EmbedSettings("resnet18", weights=weights)
    first = embed(str(images), settings, work=tmp_path / "named.unpool")
    assert (first["embedded"], first["network"]) == (3, "resnet18")
    assert np.array_equal(vectors_of(tmp_path / "named.unpool"), vectors_of(tmp_path / "built.unpool"))
    assert embed(str(images), settings, work=tmp_path / "named.unpool")["embedded"] == 0


def test_a_wrong_file_leaves_no_workspace(tmp_path: Path, images: Path) -> None:
    save_file(
        {"other": build_network("conv", size=8).encoder[0].weight.detach()}, tmp_path / "bad.safetensors"
    )
    for name, message in (
        ("bad.safetensors", "is not for resnet18"),
        ("gone.pth", "cannot be read .*check the path"),
    ):
        settings = EmbedSettings("resnet18", weights=tmp_path / name)
        with pytest.raises(UnpoolError, match=message) as found:
            embed(str(images), settings, work=tmp_path / "a.unpool")
        assert "\n" not in str(found.value)
        assert "--weights none" not in str(found.value)
    assert not (tmp_path / "a.unpool").exists()


def test_weights_need_the_name_of_their_network(images: Path, weights: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="needs the name of its network, not auto"):
        run(str(images), RunSettings(weights=weights), work=tmp_path / "a.unpool")
    assert not (tmp_path / "a.unpool").exists()


def test_other_weights_are_another_request(tmp_path: Path, weights: Path) -> None:
    other = tmp_path / "other.safetensors"
    other.write_bytes(weights.read_bytes() + b" ")
    keys = [ModelRequest("resnet18", weights=file).run_key() for file in (None, weights, other, weights)]
    assert keys[1] == keys[3]
    assert keys[0] != keys[1] != keys[2]


def test_a_network_that_has_no_weights_is_refused() -> None:
    with pytest.raises(UnpoolError, match="conv has no weights of its own"):
        check_request(ModelRequest("conv", may_train=False))
