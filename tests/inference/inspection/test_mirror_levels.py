"""Errors of a reconstruction, by scale, against NumPy.

B pictures, S side.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from support.striped import draw_spotted, draw_stripes
from unpool.core.progress import Progress
from unpool.inference.inspection.levels import GREY
from unpool.inference.inspection.mirror_levels import MirrorLevels, describe_errors, even_out
from unpool.inference.inspection.mirror_training import build_mirror, train_mirror

SPOTS = [True] * 16 + [False] * 16


def area(levels: MirrorLevels, stride: int) -> float:
    """How well the largest error of a picture tells those with a spot, as an area below the ROC."""
    drawn = [(draw_spotted if bad else draw_stripes)(100 + number) for number, bad in enumerate(SPOTS)]
    place = [str(name) for name in levels.names].index(f"error/{stride}")
    with torch.inference_mode():
        map_BChw = levels(torch.from_numpy(np.stack(drawn)))[place]
    return float(roc_auc_score(SPOTS, map_BChw[:, 3:].amax((1, 2, 3)).numpy()))


def test_a_trained_mirror_finds_a_spot_and_one_that_has_learnt_little_does_not(tmp_path: Path) -> None:
    good = [draw_stripes(number) for number in range(30)]
    little = train_mirror(good, 64, out=tmp_path / "little", progress=Progress(), steps=4)
    trained = train_mirror(good, 64, out=tmp_path / "trained", progress=Progress(), steps=120)
    assert area(little, 8) < 0.8
    assert area(trained, 8) >= 0.95


def test_maps_have_the_names_strides() -> None:
    levels = MirrorLevels(build_mirror(seed=0), 96).eval()
    maps = levels(torch.zeros(2, 96, 96, 3, dtype=torch.uint8))
    assert [str(name) for name in levels.names] == [
        "error/4", "error/8", "error/16", "error/32", "colours/4", "colours/16", "colours/32",
    ]  # fmt: skip
    assert [tuple(each.shape) for each in maps] == [
        (2, 6, 96 // name.stride, 96 // name.stride) for name in levels.names
    ]


def test_the_error_is_the_reconstruction_less_the_picture() -> None:
    levels = MirrorLevels(build_mirror(seed=1), 64).eval()
    x = torch.rand(2, 3, 64, 64)
    with torch.inference_mode():
        restored = levels.network(x * 2 - 1) / 2 + 0.5
        assert torch.allclose(levels.find_error(x), restored - x, atol=1e-5)


def test_windows_are_twice_the_stride() -> None:
    error = torch.randn(1, 3, 32, 32)
    found = describe_errors(error, 8)[0].numpy()
    window = error[0, :, 4:20, 12:28].numpy()
    assert found[:3, 1, 2] == pytest.approx(window.mean((1, 2)), abs=1e-5)
    assert found[3:, 1, 2] == pytest.approx(np.sqrt((window**2).mean((1, 2))), abs=1e-4)


def test_an_even_picture_has_the_one_brightness() -> None:
    x = torch.rand(3, 3, 16, 16) * torch.tensor([0.2, 0.5, 0.8]).view(3, 1, 1, 1)
    assert even_out(x).mean((1, 2, 3)).tolist() == pytest.approx([GREY] * 3, abs=0.03)


def test_nothing_but_the_code_reaches_the_decoder() -> None:
    levels = MirrorLevels(build_mirror(seed=2), 64).eval()
    x = torch.rand(1, 3, 64, 64)
    with torch.inference_mode():
        code = levels.network.encoder(x * 2 - 1)
        levels.network.encoder.forward = lambda _: code  # type: ignore[method-assign]
        other = torch.rand(1, 3, 64, 64)
        assert torch.allclose(levels.find_error(other) + other, levels.find_error(x) + x, atol=1e-5)
    assert code[0].numel() < x[0].numel() / 20
