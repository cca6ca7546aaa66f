"""Opening and copying model folders, and which runtime they run on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from support.messages import Messages
from unpool.core.user_cache import clear_entries
from unpool.errors import UnpoolError
from unpool.inference import encoder, exports, model
from unpool.inference.encoder import TorchEncoder
from unpool.inference.model import copy_model, load_encoder, pick_device
from unpool.networks.catalogue import build_network
from unpool.training.model_file import describe_model, load_model, save_model


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("model") / "m"
    save_model(path, build_network("conv", size=8, channels=1, width=4, decoder="none", seed=0))
    return path


def test_a_failed_export_leaves_the_vectors_to_torch(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> float:
        raise UnpoolError("cannot be exported")

    monkeypatch.setattr(encoder, "export_encoder", fail)
    messages = Messages()
    loaded = load_encoder(folder, "cpu", messages)
    assert isinstance(loaded.encoder, TorchEncoder)
    assert messages.texts == ["running on torch instead of ONNX Runtime: cannot be exported"]
    pixels_BHWC = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 1), dtype=np.uint8)
    network = load_model(folder)
    x_BCHW = (torch.from_numpy(pixels_BHWC).permute(0, 3, 1, 2) / 255 - 0.5) / 0.5
    with torch.no_grad():
        expected = network.embed(x_BCHW).numpy()
    np.testing.assert_allclose(loaded.encoder(pixels_BHWC), expected, atol=1e-5)
    assert loaded.dimension == expected.shape[1]
    assert (loaded.preprocessing.size, loaded.preprocessing.channels) == (8, 1)


def test_a_copy_is_the_same_model(folder: Path, tmp_path: Path) -> None:
    copy_model(folder, tmp_path / "copy")
    for name in ("model.json", "model.safetensors"):
        assert (tmp_path / "copy" / name).read_bytes() == (folder / name).read_bytes()
    with pytest.raises(UnpoolError):
        copy_model(tmp_path, tmp_path / "other")


def test_devices_that_are_not_there_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    assert pick_device("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UnpoolError, match="no cuda device"):
        pick_device("cuda")
    monkeypatch.setattr(model.shutil, "which", lambda _: "/usr/bin/nvidia-smi")
    assert pick_device("auto") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert pick_device("auto") == "cuda"


@pytest.fixture
def converted(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The networks that were converted for a cache of the test's own."""
    names: list[str] = []

    def convert(name: str, part: Path) -> None:
        names.append(name)
        copy_model(folder, part)

    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(model, "save_pretrained_in_subprocess", convert)
    return names


def test_a_pretrained_network_is_converted_once_per_user(
    converted: list[str], folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        model.copy_pretrained("resnet18", tmp_path / name)
        assert (tmp_path / name / "model.json").read_bytes() == (folder / "model.json").read_bytes()
    model.copy_pretrained("resnet34", tmp_path / "third")
    assert converted == ["resnet18", "resnet34"]
    monkeypatch.setattr(exports, "version", lambda package: "another")
    model.copy_pretrained("resnet18", tmp_path / "fourth")
    assert converted[2:] == ["resnet18"]


@pytest.mark.parametrize("is_described", [False, True])
def test_a_cache_that_is_cleared_meanwhile_is_filled_again(
    is_described: bool, converted: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def describe(source: Path) -> dict[str, Any]:
        described = describe_model(source) if is_described else {}
        if source.is_relative_to(tmp_path / "cache") and len(converted) == 1:
            clear_entries()
        return described or describe_model(source)

    monkeypatch.setattr(model, "describe_model", describe)
    model.copy_pretrained("resnet18", tmp_path / "copy")
    assert converted == ["resnet18", "resnet18"]
    assert (tmp_path / "copy" / "model.json").is_file()


def test_a_conversion_gets_weights_where_there_are_some(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    converted: list[tuple[str, ...]] = []
    monkeypatch.setattr(model, "convert", lambda *texts: converted.append(texts))
    model.save_pretrained_in_subprocess("resnet18", tmp_path)
    model.save_pretrained_in_subprocess("resnet18", tmp_path, tmp_path / "a.pt")
    assert converted == [("resnet18", str(tmp_path)), ("resnet18", str(tmp_path), str(tmp_path / "a.pt"))]
