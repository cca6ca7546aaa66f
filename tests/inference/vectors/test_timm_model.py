"""Networks of timm as model folders: embedded by ONNX Runtime, and found missing before any work."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file

from unpool.inference.encoder import OnnxEncoder
from unpool.inference.vectors.timm_model import digest_timm, write_timm
from unpool.networks.encoders.agreement import cosine
from unpool.networks.encoders.door import find_encoder, keep_encoder
from unpool.networks.image_batch import normalise
from unpool.training.model_file import ONNX, describe_model, has_model, load_model

OFFLINE = (
    {"HF_HUB_OFFLINE": "1"},
    {"HF_ENDPOINT": "http://127.0.0.1:9"},
    {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"},
)


@pytest.fixture
def folder_of_timm(tmp_path: Path) -> Path:
    torch.manual_seed(0)
    body = timm.create_model("test_vit", num_classes=5)
    timm.models.save_for_hf(body, tmp_path / "hub", safe_serialization=True)
    return tmp_path / "hub"


@pytest.mark.slow
def test_a_folder_as_timm_writes_it_becomes_a_model(tmp_path: Path, folder_of_timm: Path) -> None:
    name = str(folder_of_timm)
    kind = find_encoder(name)
    assert kind is not None
    assert kind.name == "timm"
    (tmp_path / "model").mkdir()
    write_timm(name, tmp_path / "model")
    assert has_model(tmp_path / "model")
    described = describe_model(tmp_path / "model")
    assert (described["network"], described["encoder"]["source"]) == ("hub", digest_timm(name))
    network = load_model(tmp_path / "model")
    side = network.preprocessing.size
    pixels = np.random.default_rng(0).integers(0, 256, (3, side, side, 3), np.uint8)
    vectors = OnnxEncoder(tmp_path / "model" / ONNX)(pixels)
    x_BCHW = normalise(torch.from_numpy(pixels).permute(0, 3, 1, 2), network.preprocessing)
    with torch.inference_mode():
        assert cosine(vectors, network.embed(x_BCHW).numpy()) >= 0.9999
    assert described["dimension"] == vectors.shape[1]


def test_other_weights_in_a_folder_are_another_digest(folder_of_timm: Path) -> None:
    before = digest_timm(str(folder_of_timm))
    torch.manual_seed(1)
    body = timm.create_model("test_vit", num_classes=5)
    state = {name: value.contiguous() for name, value in body.state_dict().items()}
    save_file(state, folder_of_timm / "model.safetensors")
    assert digest_timm(str(folder_of_timm)) != before
    assert digest_timm("vit_small_patch14_dinov2.lvd142m") == "vit_small_patch14_dinov2.lvd142m"


@pytest.mark.slow
def test_a_folder_without_weights_takes_those_of_a_file(tmp_path: Path, folder_of_timm: Path) -> None:
    name, weights = str(folder_of_timm), folder_of_timm / "model.safetensors"
    (tmp_path / "one").mkdir()
    write_timm(name, tmp_path / "one")
    before = digest_timm(name)
    weights = weights.rename(tmp_path / "weights.safetensors")
    assert digest_timm(name) not in (before, name)
    folder = keep_encoder(name, weights)
    # Where the source is what a name stands for, nothing is embedded again.
    assert describe_model(folder)["encoder"]["source"] == digest_timm(name)
    assert describe_model(folder)["weights"] == describe_model(tmp_path / "one")["weights"]


@pytest.mark.slow
@pytest.mark.parametrize("variables", OFFLINE)
@pytest.mark.parametrize(
    "name", ["test_vit.r160_in1k", "hf-hub:timm/test_vit.r160_in1k", "resnet18", "squeezenet1_1"]
)
def test_without_a_network_nothing_is_half_made(name: str, variables: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    Image.new("RGB", (20, 20)).save(tmp_path / "images" / "a.png")
    places = {
        "HF_HOME": tmp_path / "hub",
        "TORCH_HOME": tmp_path / "torch",
        "UNPOOL_CACHE": tmp_path / "cache",
    }
    environment = os.environ | {key: str(place) for key, place in places.items()} | variables
    command = [sys.executable, "-m", "unpool", "embed", "images", "--model", name, "--work", "a.unpool"]
    start = time.monotonic()
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    lines = done.stderr.strip().splitlines()
    assert (done.returncode, len(lines)) == (1, 1), done.stderr
    assert "--weights FILE" in lines[0] or "into a folder" in lines[0]
    assert not (tmp_path / "a.unpool").exists()
    assert time.monotonic() - start < 30
