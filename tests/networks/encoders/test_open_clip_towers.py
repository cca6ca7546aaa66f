"""Two-tower models of OpenCLIP: loaded, built again, and errors that say what to do."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from support import two_towers as tiny
from unpool.errors import UnpoolError, UsageError
from unpool.networks.encoders.open_clip_names import read_name
from unpool.networks.encoders.open_clip_towers import (
    TextTower,
    build_images,
    find_preprocessing,
    load_towers,
    takes_short,
)

open_clip = pytest.importorskip("open_clip")
CONFIG = tiny.change_config(
    vision_cfg={"width": 16, "layers": 1, "head_width": 8, "patch_size": 8},
    text_cfg={"width": 8, "layers": 1},
    embed_dim=8,
)


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save_source(tiny.build_model(CONFIG), CONFIG, tmp_path_factory.mktemp("towers") / "tiny")


def test_a_local_folder_gives_the_vectors_of_the_source(source: Path) -> None:
    towers = load_towers(read_name(str(source)), None)
    expected = open_clip.create_model(f"local-dir:{source}").eval()
    x_BCHW = torch.rand(3, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(towers.images.embed(x_BCHW), expected.encode_image(x_BCHW, normalize=True))
        torch.testing.assert_close(towers.images.encode(x_BCHW), expected.encode_image(x_BCHW))
    assert towers.images.dimension() == 8
    assert towers.scale == pytest.approx(expected.logit_scale.exp().item())
    assert towers.bias is None
    assert towers.images.architecture == "open_clip:tiny"


def test_weights_of_a_file_take_the_place_of_the_folders(source: Path, tmp_path: Path) -> None:
    other = tiny.build_model(CONFIG, seed=1)
    torch.save(other.state_dict(), tmp_path / "other.pt")
    towers = load_towers(read_name(str(source)), tmp_path / "other.pt")
    torch.testing.assert_close(towers.images.visual.state_dict(), other.visual.state_dict())


def test_an_image_side_is_built_again_from_its_options(source: Path) -> None:
    images = load_towers(read_name(str(source)), None).images
    again = build_images(json.loads(json.dumps(images.built_with)), "x", images.preprocessing)
    again.load_state_dict(images.state_dict())
    assert {key.split(".")[0] for key in again.state_dict()} == {"visual"}  # as older model folders have them
    x_BCHW = torch.rand(2, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(again.eval().embed(x_BCHW), images.embed(x_BCHW))
    assert not again.has_decoder
    with pytest.raises(UnpoolError):
        again.reconstruct(x_BCHW)


CAUSAL: dict[str, Any] = {}
FULL = {"custom_text": True, "text_cfg": {"no_causal_mask": True, "pool_type": "last"}}


@pytest.mark.parametrize(
    ("changes", "is_short"),
    [
        (CAUSAL, True),
        ({"custom_text": True}, True),
        ({"custom_text": True, "text_cfg": {"pool_type": "eos", "eos_id": 49407}}, True),
        ({"custom_text": True, "text_cfg": {"proj_type": "none", "width": 32}}, True),
        ({"custom_text": True, "text_cfg": {"proj_bias": True}}, True),
        (FULL, False),
        ({"custom_text": True, "text_cfg": {"embed_cls": True}}, False),
        ({"text_cfg": {"pool_type": "last"}}, False),
    ],
)
def test_short_texts_give_what_filled_up_ones_give(changes: dict[str, Any], is_short: bool) -> None:
    model = tiny.build_model(tiny.change_config(**changes))
    assert takes_short(model) is is_short
    tokens_BL = open_clip.SimpleTokenizer(context_length=16)(
        ["a red star", "blue", "a green circle on grass"]
    )
    with torch.no_grad():
        expected = model.encode_text(tokens_BL, normalize=True)
        torch.testing.assert_close(TextTower(model, is_short=False)(tokens_BL), expected)
        if is_short:
            torch.testing.assert_close(TextTower(model, is_short=True)(tokens_BL[:, :8]), expected)


def test_quick_gelu_is_that_of_the_weights() -> None:
    torch.manual_seed(0)
    x_BCHW = torch.randn(2, 3, 32, 32)
    options = {"embed_dim": 8, "vision_cfg": CONFIG["model_cfg"]["vision_cfg"]}
    slow = build_images({**options, "quick_gelu": False}, "x", find_preprocessing(STATED)).eval()
    quick = build_images({**options, "quick_gelu": True}, "x", find_preprocessing(STATED)).eval()
    quick.load_state_dict(slow.state_dict())
    with torch.no_grad():
        assert not torch.allclose(quick.embed(x_BCHW), slow.embed(x_BCHW))


@pytest.mark.parametrize(("tag", "is_quick"), [("openai", True), ("laion2b_s34b_b79k", False)])
def test_a_tag_decides_about_quick_gelu(tag: str, is_quick: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    requested: dict[str, Any] = {}

    def create(*_: object, **options: Any) -> None:
        requested.update(options)
        raise OSError("no network")

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(open_clip, "create_model", create)
    with pytest.raises(UnpoolError, match="could not be fetched"):
        load_towers(read_name(f"open_clip:ViT-B-32/{tag}"), None)
    assert (requested["quick_gelu"], requested["require_pretrained"]) == (is_quick, True)


STATED = {
    "size": [32, 32],
    "mean": 0.5,
    "std": [0.1, 0.2, 0.3],
    "interpolation": "bilinear",
    "resize_mode": "squash",
}


def test_preprocessing_is_translated() -> None:
    found = find_preprocessing(STATED)
    assert (found.size, found.channels, found.interpolation, found.crop) == (32, 3, "bilinear", "squash")
    assert (found.mean, found.std) == ((0.5, 0.5, 0.5), (0.1, 0.2, 0.3))
    with pytest.raises(UnpoolError, match="takes pictures of 32 × 64 pixels; only squares are supported"):
        find_preprocessing({**STATED, "size": (32, 64)})


def test_names_that_are_not_there_are_named_with_the_nearest() -> None:
    with pytest.raises(
        UsageError, match="unknown architecture of OpenCLIP 'ViT-B-23'; did you mean 'ViT-B-32'"
    ):
        load_towers(read_name("open_clip:ViT-B-23/openai"), None)
    with pytest.raises(UsageError, match=r"unknown weights of ViT-B-32 'laion2b'.*laion2b_s34b_b79k"):
        load_towers(read_name("open_clip:ViT-B-32/laion2b"), None)
    with pytest.raises(
        UsageError, match=r"open_clip:ViT-B-32 names no weights; add one of openai, .*--weights FILE"
    ):
        load_towers(read_name("open_clip:ViT-B-32"), None)


def test_folders_without_a_model_are_errors(source: Path, tmp_path: Path) -> None:
    with pytest.raises(UnpoolError, match=r"is no model of OpenCLIP: it has no open_clip_config\.json"):
        load_towers(read_name(f"open_clip:local-dir:{tmp_path}"), None)
    (tmp_path / "open_clip_config.json").write_bytes((source / "open_clip_config.json").read_bytes())
    with pytest.raises(
        UnpoolError, match=r"holds no weights; put open_clip_model.safetensors or .*--weights FILE"
    ):
        load_towers(read_name(str(tmp_path)), None)
    with pytest.raises(UnpoolError, match=r"there is no weights file .*gone.pt; check the path"):
        load_towers(read_name(str(tmp_path)), tmp_path / "gone.pt")
    torch.save({"a": torch.zeros(1)}, tmp_path / "open_clip_pytorch_model.bin")
    with pytest.raises(UnpoolError, match=r"cannot be loaded \(.*\); copy the whole folder again"):
        load_towers(read_name(str(tmp_path)), None)
    with pytest.raises(
        UnpoolError, match=r"holds no weights of .* that can be read .*; check that the file is"
    ):
        load_towers(read_name(str(tmp_path)), tmp_path / "open_clip_pytorch_model.bin")
    (tmp_path / "open_clip_config.json").write_text('{"architecture": "resnet18"}')
    with pytest.raises(UnpoolError, match="has no 'model_cfg', so it is of another program"):
        load_towers(read_name(str(tmp_path)), None)
    (tmp_path / "open_clip_config.json").write_text("{")
    with pytest.raises(UnpoolError, match=r"open_clip_config\.json is damaged"):
        load_towers(read_name(str(tmp_path)), None)


class Harmful:
    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (Path("harmed"),)


def test_weights_run_no_code(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save({"state_dict": Harmful()}, tmp_path / "bad.pt")
    with pytest.raises(UnpoolError, match="holds no weights of"):
        load_towers(read_name(str(source)), tmp_path / "bad.pt")
    assert not Path("harmed").exists()


@pytest.mark.parametrize(
    ("name", "file"),
    [
        (
            "open_clip:ViT-B-32/laion2b_s34b_b79k",
            "fetch open_clip_model.safetensors of https://huggingface.co/laion/",
        ),
        (
            "open_clip:hf-hub:nobody/nothing",
            "open_clip_config.json and open_clip_model.safetensors of https://hugg",
        ),
    ],
)
def test_without_a_network_the_missing_file_is_named(
    name: str, file: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(UnpoolError) as caught:
        load_towers(read_name(name), None)
    message = str(caught.value)
    assert f"the weights of {name} could not be fetched" in message
    assert file in message
    assert "HF_ENDPOINT" in message
    assert "\n" not in message


def test_pictures_are_embedded_as_they_are(source: Path) -> None:
    images = load_towers(read_name(str(source)), None).images
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    vectors = images.embed([picture, picture])
    assert vectors.shape == (2, 8)
    torch.testing.assert_close(vectors.norm(dim=1), torch.ones(2))
