"""Names of OpenCLIP's models: what each stands for."""

from __future__ import annotations

from pathlib import Path

import pytest

from unpool.networks.encoders.open_clip_names import CONFIG, OpenClipName, is_open_clip, read_name


@pytest.mark.parametrize(
    ("text", "source", "tag"),
    [
        ("open_clip:ViT-B-32/laion2b_s34b_b79k", "ViT-B-32", "laion2b_s34b_b79k"),
        ("open_clip:ViT-B-32", "ViT-B-32", None),
        ("open_clip:hf-hub:timm/ViT-B-16-SigLIP", "hf-hub:timm/ViT-B-16-SigLIP", None),
        ("open_clip:local-dir:models/mine", "local-dir:models/mine", None),
    ],
)
def test_a_name_is_read(text: str, source: str, tag: str | None) -> None:
    name = read_name(text)
    assert is_open_clip(text)
    assert (name.source, name.tag, name.text) == (source, tag, text)


@pytest.mark.parametrize("prefix", ["", "open_clip:", "open_clip:local-dir:"])
def test_a_folder_is_known_by_its_config(prefix: str, tmp_path: Path) -> None:
    folder = tmp_path / "my model"
    folder.mkdir()
    (folder / CONFIG).write_text("{}")
    text = f"{prefix}{folder}"
    assert is_open_clip(text)
    assert read_name(text) == OpenClipName(text, f"local-dir:{folder}", folder=folder)
    assert read_name(text).architecture == "open_clip:my model"


@pytest.mark.parametrize("text", ["resnet18", "vit_small_patch14_dinov2.lvd142m", ".", "auto", "openclip:x"])
def test_other_names_are_not_taken(text: str) -> None:
    assert not is_open_clip(text)
