"""Smaller pictures, and measurements on them, against independent computations."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Literal

import numpy as np
import pytest
from PIL import Image, ImageFilter

from support.hostile_files import picture
from support.pictures import make_photograph
from unpool.images.resizing import brightness, num_strips, sharpness, square, thumbnail

RGB = picture()


def distance(a: np.ndarray, b: np.ndarray) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(float) - b).mean())


def test_square_takes_the_centre_or_all() -> None:
    stripes = np.zeros((10, 20, 3), np.uint8)
    stripes[:, :5], stripes[:, 5:15], stripes[:, 15:] = (255, 0, 0), (0, 255, 0), (0, 0, 255)
    assert np.array_equal(square(stripes, 10), stripes[:, 5:15])
    squashed = square(stripes, 30, crop="squash")
    assert squashed[15, [3, 15, 27]].tolist() == [[255, 0, 0], [0, 255, 0], [0, 0, 255]]
    assert (square(stripes, 5, channels=1)[:, 2, 0] == 150).all()  # 0.587 × 255
    assert np.array_equal(square(stripes[..., :1], 10), np.zeros((10, 10, 3)))
    with pytest.raises(ValueError, match="crop is 'center'"):
        square(stripes, 5, crop="center")  # type: ignore[arg-type]


@pytest.mark.parametrize("crop", ["centre", "squash"])
@pytest.mark.parametrize("size", [10, 6])
def test_a_square_is_a_copy_that_may_be_written_to(crop: Literal["centre", "squash"], size: int) -> None:
    pixels = np.full((10, 10, 3), 7, np.uint8)
    fitted = square(pixels, size, crop=crop)
    fitted[:] = 0
    assert (pixels == 7).all()


def test_square_is_antialiased() -> None:
    checks = np.indices((64, 64)).sum(0)[..., None].repeat(3, 2) % 2 * 255
    assert np.abs(square(checks.astype(np.uint8), 8).astype(int) - 127).max() <= 8


def test_thumbnails_keep_the_shape_and_never_grow() -> None:
    def opened(content: bytes) -> Image.Image:
        image = Image.open(io.BytesIO(content))
        assert image.format == "WEBP"
        return image.convert("RGB")

    large, small = picture(400, 200), picture(20, 10)
    assert opened(thumbnail(large)).size == (160, 80)
    assert opened(thumbnail(picture(1, 3000))).size == (1, 160)
    assert np.array_equal(np.asarray(opened(thumbnail(small))), small)
    assert np.array_equal(np.asarray(opened(thumbnail(small[..., :1])))[..., 0], small[..., 0])
    reference = np.asarray(Image.fromarray(large).reduce(2).resize((160, 80)))
    assert distance(np.asarray(opened(thumbnail(large))), reference) < 3


def independent_sharpness(grey: np.ndarray) -> float:
    from scipy.ndimage import laplace

    return float(laplace(grey.astype(float), mode="nearest").var())


def test_sharpness_is_the_variance_of_the_laplacian() -> None:
    luck = np.random.default_rng(1)
    noise = luck.integers(0, 256, (200, 256, 1), dtype=np.uint8)
    assert sharpness(noise) == pytest.approx(independent_sharpness(noise[..., 0]), rel=1e-5)
    assert sharpness(noise[:1, :1]) == 0.0
    blur: Callable[[float], np.ndarray] = lambda radius: np.asarray(  # noqa: E731
        Image.fromarray(noise[..., 0]).filter(ImageFilter.GaussianBlur(radius))
    )[..., None]
    assert sharpness(noise) > 10 * sharpness(blur(1)) > 100 * sharpness(blur(4))


def test_brightness_is_the_mean_luma() -> None:
    weights = np.array([0.299, 0.587, 0.114])
    assert brightness(RGB) == pytest.approx((RGB @ weights).mean() / 255, abs=0.002)
    assert brightness(np.zeros((3, 3, 1), np.uint8)) == 0.0


@pytest.mark.parametrize("height", [224, 297, 301, 450])
@pytest.mark.parametrize("width", [225, 400, 448])
def test_centre_square_is_that_of_torchvision(height: int, width: int) -> None:
    from torchvision.transforms import v2

    pixels = np.asarray(make_photograph(2, width, height))
    expected = v2.CenterCrop(224)(v2.Resize(224, v2.InterpolationMode.BICUBIC)(Image.fromarray(pixels)))
    difference = np.abs(square(pixels, 224).astype(int) - np.asarray(expected))
    assert difference.max() <= 2  # a quarter pixel of shift would make 6
    assert difference.mean() < 0.05


@pytest.mark.parametrize(("width", "height"), [(120, 1950), (1950, 100), (90, 250), (64, 1000), (1, 500)])
def test_long_pictures_are_seen_from_end_to_end(width: int, height: int) -> None:
    """Light grows from one end to the other, so that the strips show which part they are."""
    long = max(width, height)
    ramp = np.linspace(0, 255, long).astype(np.uint8)
    plane = np.tile(ramp[:, None], (1, width)) if height == long else np.tile(ramp, (height, 1))
    fitted = square(np.repeat(plane[..., None], 3, axis=2), 64).astype(int)
    assert (fitted.min(), fitted.max()) == (pytest.approx(0, abs=8), pytest.approx(255, abs=8))
    levels = np.unique(fitted)
    assert np.diff(levels).max() < 24  # nothing between the ends is left out
    along = fitted[..., 0] if height == long else fitted[..., 0].T
    edges = [64 * strip // num_strips(width, height) for strip in range(num_strips(width, height))]
    assert (np.diff(along[5, edges]) > 0).all()


def test_pictures_up_to_five_to_two_are_cut_from_the_middle() -> None:
    rng = np.random.default_rng(0)
    for width, height in ((200, 100), (100, 200), (130, 100), (250, 100), (404, 160)):
        pixels = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
        assert num_strips(width, height) == 1
        left, top = (width - min(width, height)) // 2, (height - min(width, height)) // 2
        side = min(width, height)
        middle = pixels[top : top + side, left : left + side]
        assert np.abs(square(pixels, side).astype(int) - middle).max() <= 1
    assert num_strips(300, 100) == num_strips(100, 400) == 2
    assert square(pixels[:90, :].repeat(1, axis=0), 32, crop="squash").shape == (32, 32, 3)
