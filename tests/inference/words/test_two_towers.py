"""Model folders of two-tower models: both sides agree with OpenCLIP, whatever its options."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from support import two_towers as tiny
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.inference.encoder import OnnxEncoder, TorchEncoder
from unpool.inference.model import load_encoder
from unpool.inference.words import two_towers
from unpool.inference.words.text import has_text, load_text
from unpool.inference.words.two_towers import check_two_towers, digest_two_towers, write_two_towers
from unpool.networks.encoders.agreement import cosine
from unpool.training.model_file import describe_model, load_model

open_clip = pytest.importorskip("open_clip")

TEXTS = [
    "a red star", "", "a PHOTO of fish &amp; chips", "word " * 60, "一双红色的鞋", "😀 it's",
]  # fmt: skip
SMALL = {
    "vision_cfg": {"width": 16, "layers": 1, "head_width": 8, "patch_size": 8},
    "text_cfg": {"width": 8, "layers": 1},
}


def write(folder: Path, **changes: Any) -> tuple[Any, Path]:
    """OpenCLIP's own model of a folder, and the model folder that is written of it."""
    config = tiny.change_config(**SMALL)
    for key, value in changes.items():
        inner = config["preprocess_cfg"] if key == "preprocess_cfg" else config["model_cfg"].get(key)
        if isinstance(inner, dict):
            inner.update(value)
        else:
            config["model_cfg"][key] = value
    source = tiny.save_source(tiny.build_model(config), config, folder / "source")
    write_two_towers(str(source), folder / "model")
    return open_clip.create_model(f"local-dir:{source}").eval(), folder / "model"


@pytest.mark.parametrize(
    ("changes", "is_short"),
    [
        ({}, True),
        ({"custom_text": True, "text_cfg": {"context_length": 9, "vocab_size": 50000, "heads": 4}}, True),
        (
            {
                "custom_text": True, "quick_gelu": True, "init_logit_bias": -10,
                "text_cfg": {"no_causal_mask": True, "pool_type": "last", "proj_bias": True},
                "vision_cfg": {"image_size": 40, "pool_type": "avg"},
            },
            False,
        ),
        ({"vision_cfg": {"layers": [1, 1, 1, 1], "width": 8, "image_size": 64, "head_width": 32}}, True),
    ],
    ids=["clip", "custom", "siglip", "resnet"],
)  # fmt: skip
def test_both_sides_agree_with_the_source(changes: dict[str, Any], is_short: bool, tmp_path: Path) -> None:
    source, folder = write(tmp_path, **changes)
    text = load_text(folder)
    tokens_KL = open_clip.get_tokenizer(f"local-dir:{tmp_path / 'source'}")(TEXTS)
    with torch.no_grad():
        expected_KD = source.encode_text(tokens_KL, normalize=True).numpy()
    assert cosine(text.embed(TEXTS), expected_KD) >= 0.9999
    assert describe_model(folder)["text"]["tokens"]["is_short"] is is_short
    assert text.find_cut(TEXTS[:4]) == [3]
    assert text.scale == pytest.approx(source.logit_scale.exp().item())
    assert text.bias == (None if source.logit_bias is None else float(source.logit_bias))

    loaded = load_encoder(folder, "cpu", Progress())
    assert isinstance(loaded.encoder, OnnxEncoder)
    side = loaded.preprocessing.size
    pixels_BHWC = np.random.default_rng(0).integers(0, 256, (4, side, side, 3), dtype=np.uint8)
    mean, std = torch.tensor(loaded.preprocessing.mean), torch.tensor(loaded.preprocessing.std)
    x_BCHW = ((torch.from_numpy(pixels_BHWC) / 255 - mean) / std).permute(0, 3, 1, 2)
    with torch.no_grad():
        expected_BD = source.encode_image(x_BCHW, normalize=True).numpy()
    vectors_BD = loaded.encoder(pixels_BHWC)
    assert cosine(vectors_BD, expected_BD) >= 0.9999
    np.testing.assert_allclose(np.linalg.norm(vectors_BD, axis=1), 1, atol=1e-5)
    assert cosine(TorchEncoder(load_model(folder))(pixels_BHWC), expected_BD) >= 0.9999


def test_a_text_side_that_cannot_be_had_is_named_and_images_are_embedded(tmp_path: Path) -> None:
    _, folder = write(tmp_path, text_cfg={"hf_tokenizer_name": "nobody/tokenizer"})
    assert not has_text(folder)
    assert not (folder / "text.onnx").exists()
    (note,) = describe_model(folder)["encoder"]["notes"]
    assert (
        "words cannot be searched: its tokenizer is not there: put tokenizer.json of nobody/tokenizer" in note
    )
    assert load_encoder(folder, "cpu", Progress()).dimension == 32


def test_a_vocabulary_that_is_too_small_for_its_tokenizer_is_named(tmp_path: Path) -> None:
    _, folder = write(tmp_path, text_cfg={"vocab_size": 300})
    assert not has_text(folder)
    (note,) = describe_model(folder)["encoder"]["notes"]
    assert note.startswith("words cannot be searched: ")
    assert load_encoder(folder, "cpu", Progress()).dimension == 32


@pytest.mark.slow
def test_vit_b_32_agrees_with_the_source(tmp_path: Path) -> None:
    torch.manual_seed(0)
    source = open_clip.create_model("ViT-B-32").eval()
    torch.save(source.state_dict(), tmp_path / "weights.pt")
    write_two_towers("open_clip:ViT-B-32", tmp_path / "model", tmp_path / "weights.pt")
    tokens_KL = open_clip.get_tokenizer("ViT-B-32")(TEXTS)
    pixels_BHWC = np.random.default_rng(0).integers(0, 256, (3, 224, 224, 3), dtype=np.uint8)
    loaded = load_encoder(tmp_path / "model", "cpu", Progress())
    mean, std = torch.tensor(loaded.preprocessing.mean), torch.tensor(loaded.preprocessing.std)
    x_BCHW = ((torch.from_numpy(pixels_BHWC) / 255 - mean) / std).permute(0, 3, 1, 2)
    with torch.no_grad():
        texts_KD = source.encode_text(tokens_KL, normalize=True).numpy()
        images_BD = source.encode_image(x_BCHW, normalize=True).numpy()
    assert cosine(load_text(tmp_path / "model").embed(TEXTS), texts_KD) >= 0.9999
    assert cosine(loaded.encoder(pixels_BHWC), images_BD) >= 0.9999


def test_what_is_kept_is_json(tmp_path: Path) -> None:
    _, folder = write(tmp_path)
    described = json.loads((folder / "model.json").read_text("utf-8"))
    name = str(tmp_path / "source")
    assert described["encoder"] == {"kind": "open_clip", "name": name, "source": digest_two_towers(name)}
    assert sorted(path.name for path in folder.iterdir()) == [
        "encoder.onnx", "model.json", "model.safetensors", "text.onnx", "tokenizer.json",
    ]  # fmt: skip


def test_published_weights_are_converted_once_per_user(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    converted = []

    def convert(name: str, folder: str, weights: str | None = None) -> None:
        converted.append(name)
        Path(folder, "model.json").write_text('{"network": "x", "options": {}, "preprocessing": {"size": 1}}')

    def fetch(name: str) -> None:
        raise UnpoolError("no network")

    monkeypatch.setattr(two_towers, "convert", convert)
    monkeypatch.setattr(two_towers, "fetch", fetch)
    with pytest.raises(UnpoolError, match="no network"):
        check_two_towers("open_clip:ViT-B-32/openai")
    write_two_towers("open_clip:ViT-B-32/openai", tmp_path / "first")
    write_two_towers("open_clip:ViT-B-32/openai", tmp_path / "second")
    check_two_towers("open_clip:ViT-B-32/openai")  # needs no network now
    assert converted == ["open_clip:ViT-B-32/openai"]
    assert (tmp_path / "second" / "model.json").is_file()


def test_another_process_hands_its_error_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "modules", {name: each for name, each in sys.modules.items() if name != "torch"})
    with pytest.raises(
        UsageError, match=r"^unknown architecture of OpenCLIP 'ViT-B-23'; did you mean 'ViT-B-32'"
    ):
        write_two_towers("open_clip:ViT-B-23/openai", tmp_path / "model", tmp_path / "weights.pt")


def test_a_missing_package_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(two_towers, "find_spec", lambda name: None)
    with pytest.raises(
        UnpoolError, match=r"needs the package open_clip_torch, which is not installed; pip install"
    ):
        check_two_towers("open_clip:ViT-B-32/openai")


def test_a_folder_that_is_written_again_is_another_model(tmp_path: Path) -> None:
    config = tiny.change_config(**SMALL)
    source = tiny.save_source(tiny.build_model(config), config, tmp_path / "source")
    before = digest_two_towers(str(source))
    assert digest_two_towers(str(source)) == before
    tiny.save_source(tiny.build_model(config, seed=1), config, source)
    assert digest_two_towers(str(source)) != before


def test_a_text_side_is_tried_again_once_a_file_or_a_package_was_added(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny.change_config(**SMALL)
    source = tiny.save_source(tiny.build_model(config), config, tmp_path / "source")
    entries = [two_towers.entry_of(str(source))]
    assert two_towers.entry_of(str(source)) == entries[0]
    (source / "tokenizer.json").write_text("{}")
    entries.append(two_towers.entry_of(str(source)))
    monkeypatch.setattr(two_towers, "_version_of", lambda package: f"{package} 99")
    entries += [two_towers.entry_of(str(source)), two_towers.entry_of("open_clip:ViT-B-32/openai")]
    assert len(set(entries)) == 4


def test_a_folder_is_converted_once_per_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UNPOOL_CACHE", str(tmp_path / "cache"))
    config = tiny.change_config(**SMALL)
    source = tiny.save_source(tiny.build_model(config), config, tmp_path / "source")
    kept = two_towers.keep_two_towers(str(source))
    assert describe_model(kept)["encoder"]["source"] == digest_two_towers(str(source))
    monkeypatch.setattr(two_towers, "call_apart", lambda *_: pytest.fail("it is converted once more"))
    assert two_towers.keep_two_towers(str(source)) == kept
