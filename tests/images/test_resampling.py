"""Both libraries resize alike, and as an independent computation in floats."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from support.pictures import make_photograph
from unpool.images import resampling
from unpool.images.resampling import Box, resize

PHOTOGRAPH = np.asarray(make_photograph(1, 150, 110))


def exact(pixels: np.ndarray, width: int, height: int) -> np.ndarray:
    x_BCHW = torch.from_numpy(pixels.copy()).permute(2, 0, 1)[None].double()
    y_BCHW = torch.nn.functional.interpolate(x_BCHW, (height, width), mode="bicubic", antialias=True)
    return y_BCHW.clamp(0, 255)[0].permute(1, 2, 0).numpy()


@pytest.fixture(params=["fast", "pillow"])
def library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "pillow":
        monkeypatch.setattr(resampling, "fast", None)
    elif resampling.fast is None:
        pytest.skip("there is no wheel of cykooz_resizer for this machine")


@pytest.mark.parametrize("size", [(75, 55), (40, 70), (300, 200), (149, 110), (1, 1)])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.usefixtures("library")
def test_it_is_bicubic_and_antialiased(size: tuple[int, int], channels: int) -> None:
    pixels = PHOTOGRAPH[..., :channels]
    resized = resize(pixels, *size)
    assert resized.dtype == np.uint8
    assert resized.shape == (size[1], size[0], channels)
    error = resized - exact(pixels, *size)
    assert np.sqrt(np.square(error).mean()) < 0.6  # rounding of both passes alone: 0.29 to 0.41
    assert abs(error.mean()) < 0.1 or size == (1, 1)


@pytest.mark.parametrize("box", [(10, 20, 110, 100), (0.5, 3.25, 120.75, 109.5), (0, 0, 150, 110)])
def test_both_libraries_see_the_same_box(monkeypatch: pytest.MonkeyPatch, box: Box) -> None:
    first = resize(PHOTOGRAPH, 60, 50, box).astype(int)
    monkeypatch.setattr(resampling, "fast", None)
    difference = np.abs(first - resize(PHOTOGRAPH, 60, 50, box))
    assert difference.max() <= 2
    assert difference.mean() < 0.02  # 0.1 where columns come before rows
    shifted = (box[0], box[1], box[2] - 1, box[3] - 1)
    assert np.abs(first - resize(PHOTOGRAPH, 60, 50, shifted)).max() > 3


@pytest.mark.usefixtures("library")
def test_the_same_size_changes_nothing() -> None:
    assert resize(PHOTOGRAPH, 150, 110) is PHOTOGRAPH
    part = resize(PHOTOGRAPH, 60, 50, (10, 20, 70, 70))
    assert np.array_equal(part, PHOTOGRAPH[20:70, 10:70])


def test_threads_do_not_disturb_each_other() -> None:
    sizes = [(20 + number % 7, 30 + number % 5) for number in range(64)]
    with ThreadPoolExecutor(4) as pool:
        resized = list(pool.map(lambda size: resize(PHOTOGRAPH, *size), sizes))
    for pixels, size in zip(resized, sizes, strict=True):
        assert np.array_equal(pixels, resize(PHOTOGRAPH, *size))


def test_pixels_of_any_layout_are_read() -> None:
    turned = PHOTOGRAPH.transpose(1, 0, 2)
    assert np.array_equal(resize(turned, 30, 40), resize(np.ascontiguousarray(turned), 30, 40))
