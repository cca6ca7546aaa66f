"""ONNX Runtime and torch give the same vectors, and which of them runs is decided in one place."""

from __future__ import annotations

import copy
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.inference.encoder import (
    DEVICE_BATCH,
    OnnxEncoder,
    TorchEncoder,
    export_encoder,
    open_encoder,
    open_runtime,
    pixels_to_vector,
    preferred_batch,
)
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.decoders.base import NoDecoder
from unpool.networks.encoders.agreement import cosine
from unpool.networks.preprocessing import Preprocessing

PREP = Preprocessing(size=6, channels=3, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
PIXELS = np.random.default_rng(1).integers(0, 256, (5, 6, 6, 3), np.uint8)


@pytest.fixture(scope="module")
def network() -> Autoencoder:
    torch.manual_seed(0)
    return Autoencoder(nn.Conv2d(3, 4, 3), NoDecoder(), preprocessing=PREP).eval()


@pytest.fixture(scope="module")
def exported(network: Autoencoder, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "encoder.onnx"
    assert export_encoder(network, path) > 0.9999
    return path


def by_hand(network: Autoencoder) -> np.ndarray:
    x = (PIXELS / 255 - np.array(PREP.mean)) / np.array(PREP.std)
    with torch.no_grad():
        return network.embed(torch.from_numpy(x.transpose(0, 3, 1, 2)).float()).numpy()


def test_torch_and_onnx_are_what_is_computed_by_hand(network: Autoencoder, exported: Path) -> None:
    expected = by_hand(network)
    np.testing.assert_allclose(TorchEncoder(network)(PIXELS), expected, atol=1e-5)
    np.testing.assert_allclose(OnnxEncoder(exported)(PIXELS), expected, atol=1e-5)


def test_half_precision_is_used_where_it_changes_nothing(network: Autoencoder) -> None:
    encoder = TorchEncoder(network, half=True)
    for _ in range(2):
        found = encoder(PIXELS)
        assert encoder.half
        assert cosine(found, by_hand(network)) > 0.9999
        assert np.abs(found - by_hand(network)).max() > 1e-5
    assert not TorchEncoder(network).half


def enlarged(network: Autoencoder, factor: float) -> Autoencoder:
    large = copy.deepcopy(network)
    with torch.no_grad():
        for value in large.parameters():
            value *= factor
    return large


def test_half_precision_is_given_up_where_it_fails(network: Autoencoder) -> None:
    large = enlarged(network, 1e6)
    encoder = TorchEncoder(large, half=True)
    for _ in range(2):
        np.testing.assert_allclose(encoder(PIXELS), by_hand(large), rtol=1e-4, atol=1)
        assert not encoder.half


def test_half_precision_is_given_up_where_numbers_become_too_large(network: Autoencoder) -> None:
    large = enlarged(network, 8e4)
    encoder = TorchEncoder(large, half=True)
    mean = np.rint(255 * np.array(PREP.mean)).astype(np.uint8)
    assert np.isfinite(encoder(np.zeros_like(PIXELS) + mean)).all()
    assert encoder.half
    np.testing.assert_allclose(encoder(PIXELS), by_hand(large), rtol=1e-4, atol=1)
    assert not encoder.half


def test_devices_take_batches(network: Autoencoder, exported: Path) -> None:
    assert preferred_batch(TorchEncoder(network)) is None
    assert preferred_batch(OnnxEncoder(exported)) is None
    assert preferred_batch(TorchEncoder(copy.deepcopy(network), "meta")) == DEVICE_BATCH


def test_any_batch_goes_through_the_export(exported: Path) -> None:
    encoder = OnnxEncoder(exported)
    together = encoder(PIXELS)
    for row in range(len(PIXELS)):
        np.testing.assert_allclose(encoder(PIXELS[row : row + 1])[0], together[row], atol=1e-5)


class Recorder(Progress):
    def __init__(self) -> None:
        self.messages: list[str] = []

    def message(self, text: str) -> None:
        self.messages.append(text)


def test_the_file_is_exported_once_and_the_network_loaded_only_then(
    network: Autoencoder, tmp_path: Path
) -> None:
    loaded = []

    def load() -> Autoencoder:
        loaded.append(1)
        return network

    for _ in range(2):
        encoder = open_encoder(load, tmp_path / "e.onnx", "cpu", Progress())
        assert isinstance(encoder, OnnxEncoder)
    assert loaded == [1]


class Unexportable(nn.Module):
    """What it does depends on the values, which an export cannot hold."""

    def forward(self, x_BCHW: Tensor) -> Tensor:
        return x_BCHW.flatten(1)[:, : 4 + int(x_BCHW.sum() > 1e9)]


def test_what_cannot_be_exported_runs_on_torch_and_says_why(tmp_path: Path) -> None:
    network = Autoencoder(Unexportable(), NoDecoder(), preprocessing=PREP)
    progress = Recorder()
    encoder = open_encoder(lambda: network, tmp_path / "e.onnx", "cpu", progress)
    assert isinstance(encoder, TorchEncoder)
    assert len(progress.messages) == 1
    assert progress.messages[0].startswith(
        "running on torch instead of ONNX Runtime: this network cannot be exported"
    )
    assert not (tmp_path / "e.onnx").exists()


def test_other_devices_never_export(tmp_path: Path) -> None:
    def fail(_: Path) -> None:
        raise AssertionError

    found = open_runtime(
        tmp_path / "e.onnx",
        "cuda",
        export=fail,
        on_onnx=lambda path: "onnx",
        on_torch=lambda device: f"torch on {device}",
        progress=Progress(),
    )
    assert found == "torch on cuda"


def test_where_nothing_can_be_written_the_export_serves_as_long_as_it_is_used(
    network: Autoencoder, tmp_path: Path
) -> None:
    tried: list[Path] = []

    def export(path: Path) -> None:
        tried.append(path)
        if path.parent == tmp_path:
            raise PermissionError(13, "Permission denied", str(path))
        export_encoder(network, path)

    encoder = open_runtime(
        tmp_path / "e.onnx",
        "cpu",
        export=export,
        on_onnx=OnnxEncoder,
        on_torch=lambda _: None,
        progress=Progress(),
    )
    assert isinstance(encoder, OnnxEncoder)
    np.testing.assert_allclose(encoder(PIXELS), by_hand(network), atol=1e-5)
    assert [path.exists() for path in tried] == [False, True]  # a segmenter reads it again for windows
    del encoder
    assert [path.exists() for path in (*tried, tried[1].parent)] == [False] * 3


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "e.onnx").write_bytes(b"no onnx")
    with pytest.raises(UnpoolError, match=r"e\.onnx cannot be read as an ONNX encoder; delete it"):
        OnnxEncoder(tmp_path / "e.onnx")


def test_normalisation_is_part_of_the_module(network: Autoencoder) -> None:
    assert not pixels_to_vector(network).training
