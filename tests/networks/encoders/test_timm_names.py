"""Names of timm's networks, without torch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from unpool.errors import UnpoolError
from unpool.networks.catalogue import CATALOGUE
from unpool.networks.encoders.timm_names import CATALOGUED, find_folder_weights, is_timm, timm_names


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("vit_small_patch14_dinov2.lvd142m", True), ("vit_base_patch16_siglip_224.v2_webli", True),
        ("convnext_tiny", True), ("hf-hub:timm/convnext_tiny.in12k_ft_in1k", True), ("resnet18", False),
        ("conv", False), ("efficientnet-lite0", False), ("vit_huge.onnx", False), ("colours:mean", False),
        ("", False),
    ],
)  # fmt: skip
def test_which_names_are_timms(name: str, expected: bool) -> None:
    assert is_timm(name) is expected


def test_the_names_are_those_that_timm_registers() -> None:
    import timm

    assert set(timm.list_models()) <= timm_names()
    assert {name for name in CATALOGUE if name in timm_names()} == CATALOGUED


def test_names_are_read_without_torch() -> None:
    code = "import sys; from unpool.networks.encoders.timm_names import is_timm; "
    code += "assert is_timm('resnet34'); sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_folder_says_its_network(tmp_path: Path) -> None:
    assert not is_timm(str(tmp_path))
    (tmp_path / "config.json").write_text(json.dumps({"architecture": "resnet10t"}))
    assert is_timm(str(tmp_path))
    with pytest.raises(UnpoolError, match=r"holds no weights; put model\.safetensors there"):
        find_folder_weights(tmp_path)
