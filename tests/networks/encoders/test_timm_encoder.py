"""Networks of timm: their own pooling and preprocessing, weights of files, folders, and what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from torch import nn

from unpool.errors import UnpoolError, UsageError
from unpool.images.reading.decode import read_picture
from unpool.inference.encoder import OnnxEncoder
from unpool.inference.vectors.timm_model import convert
from unpool.networks.encoders.agreement import cosine
from unpool.networks.encoders.timm_encoder import build_timm, fetch_timm, find_preprocessing, load_timm
from unpool.networks.image_batch import normalise
from unpool.networks.preprocessing import Preprocessing
from unpool.training.model_file import ONNX, load_model

SMALL = "test_vit"  # timm's own small networks for tests
SIZES = (
    (300, 200), (200, 300), (1000, 90), (90, 1000), (31, 47), (224, 224), (513, 511), (640, 427), (1, 1), (3000, 37),
    (161, 160), (225, 223), (400, 399), (255, 77), (2, 500), (1023, 683), (96, 95), (700, 701), (50, 50), (333, 1111),
)  # fmt: skip


def source_of(name: str, seed: int = 0) -> Any:
    """A network of timm with random weights and a classifier, and statistics that are not the initial ones."""
    torch.manual_seed(seed)
    body = timm.create_model(name, num_classes=7).eval()
    for key, value in body.named_buffers():
        if key.endswith("running_mean"):
            nn.init.normal_(value, 0, 0.1)
        elif key.endswith("running_var"):
            nn.init.uniform_(value, 0.5, 1.5)
    return body


def save_source(body: Any, file: Path) -> Path:
    save_file({name: value.contiguous() for name, value in body.state_dict().items()}, file)
    return file


def draw_photograph(file: Path, size: tuple[int, int], seed: int) -> Path:
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 9, 3), np.uint8)).resize(size, Image.Resampling.BICUBIC)
    noise = rng.integers(-12, 13, (size[1], size[0], 3))
    pixels = np.clip(np.asarray(coarse).astype(int) + noise, 0, 255).astype(np.uint8)
    Image.fromarray(pixels).save(file, quality=92)
    return file


def check_transform(preprocessing: Preprocessing, transform: Any, files: list[Path]) -> None:
    """Our square is the source's own transform to 1 of 255."""
    for file in files:
        expected_CSS = transform(Image.open(file).convert("RGB"))
        ours = preprocessing.fit(read_picture(file, min_side=preprocessing.needed_side))
        ours_CSS = normalise(torch.from_numpy(ours).permute(2, 0, 1), preprocessing)
        std = torch.tensor(preprocessing.std).view(-1, 1, 1)
        assert ((ours_CSS - expected_CSS) * std * 255).abs().max() <= 1.01, file


@pytest.fixture(scope="module")
def photographs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("photographs")
    return [
        draw_photograph(folder / f"{number}.{'png' if number % 2 else 'jpg'}", size, number)
        for number, size in enumerate(SIZES)
    ]


@pytest.mark.parametrize("changed", [{}, {"crop_pct": 0.9}, {"crop_mode": "squash"}, {"crop_mode": "border"},
                                     {"interpolation": "bilinear", "crop_pct": 0.875}, {"crop_pct": 1.15}])  # fmt: skip
def test_preprocessing_is_that_of_the_source(changed: dict[str, Any], photographs: list[Path]) -> None:
    body = timm.create_model(SMALL, num_classes=0)
    body.pretrained_cfg.update(changed)
    stated = timm.data.resolve_data_config({}, model=body)
    check_transform(find_preprocessing(body), timm.data.create_transform(**stated), photographs)


def test_vectors_are_those_before_the_classifier(tmp_path: Path) -> None:
    body = source_of(SMALL)
    encoder = load_timm(SMALL, save_source(body, tmp_path / "own.safetensors"))
    side = encoder.preprocessing.size
    x_BCHW = torch.randn(2, 3, side, side)
    with torch.inference_mode():
        expected = body.forward_head(body.forward_features(x_BCHW), pre_logits=True)
        assert torch.equal(encoder.embed(x_BCHW), expected)
        again = build_timm(encoder.built_with, SMALL, encoder.preprocessing).eval()
        again.load_state_dict(encoder.state_dict())
        assert torch.equal(again.embed(x_BCHW), expected)
    assert encoder.dimension() == expected.shape[1]


def test_a_folder_as_timm_writes_it(tmp_path: Path) -> None:
    body = timm.create_model(SMALL, num_classes=7, img_size=96, global_pool="avg").eval()
    timm.models.save_for_hf(body, tmp_path, model_args={"img_size": 96, "global_pool": "avg"})
    encoder = load_timm(str(tmp_path))
    x_BCHW = torch.randn(2, 3, 96, 96)
    with torch.inference_mode():
        expected = body.forward_head(body.forward_features(x_BCHW), pre_logits=True)
        found = build_timm(encoder.built_with, "own", encoder.preprocessing).eval()
        found.load_state_dict(encoder.state_dict())
        assert torch.equal(found.embed(x_BCHW), expected)


def test_a_folder_runs_no_code_and_reads_no_other_file(tmp_path: Path) -> None:
    config = {"architecture": SMALL, "pretrained_cfg": {}, "model_args": {"checkpoint_path": "/etc/passwd"}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UnpoolError, match="no network of timm"):
        load_timm(str(tmp_path))
    options = {"architecture": SMALL, "arguments": {"checkpoint_path": "/etc/passwd"}, "dimension": 1}
    with pytest.raises(ValueError, match="timm has no network"):
        build_timm(options, "own", Preprocessing(8))


def test_weights_of_another_network_are_refused(tmp_path: Path) -> None:
    file = save_source(source_of("test_resnet"), tmp_path / "other.safetensors")
    with pytest.raises(
        UnpoolError, match=r"other\.safetensors is not for test_vit: .*; give the file of this"
    ):
        load_timm(SMALL, file)


def test_unknown_weights_are_named_with_those_that_there_are() -> None:
    with pytest.raises(UsageError, match=r"unknown weights of vit_small_patch14_dinov2 'nonsense'.*lvd142m"):
        load_timm("vit_small_patch14_dinov2.nonsense")


def test_without_a_network_one_line_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UnpoolError) as found:
        fetch_timm("vit_small_patch14_dinov2.lvd142m")
    line = str(found.value)
    assert "\n" not in line
    for part in (
        "model.safetensors",
        "timm/vit_small_patch14_dinov2.lvd142m",
        "--weights FILE",
        "HF_ENDPOINT",
    ):
        assert part in line


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    ["vit_small_patch14_dinov2", "vit_base_patch16_siglip_224", "convnext_tiny", "mobilenetv4_conv_small"],
)
def test_the_export_agrees_with_the_source(name: str, tmp_path: Path, photographs: list[Path]) -> None:
    body = source_of(name)
    (tmp_path / "model").mkdir()
    convert(name, str(tmp_path / "model"), str(save_source(body, tmp_path / "own.safetensors")))
    preprocessing = load_model(tmp_path / "model").preprocessing
    transform = timm.data.create_transform(**timm.data.resolve_data_config({}, model=body))
    with torch.inference_mode():
        x_BCHW = torch.stack([transform(Image.open(file).convert("RGB")) for file in photographs[:4]])
        expected = body.forward_head(body.forward_features(x_BCHW), pre_logits=True).numpy()
    fitted = [preprocessing.fit(read_picture(file, min_side=2**20)) for file in photographs[:4]]
    assert cosine(OnnxEncoder(tmp_path / "model" / ONNX)(np.stack(fitted)), expected) >= 0.9999
