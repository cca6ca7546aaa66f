"""Pictures fitted exactly as published weights were measured, beside the transforms themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from unpool.images import exact_fit
from unpool.images.exact_fit import ExactFit

# Odd sizes: wide, tall, square, smaller than the input, a strip.
SIZES = [
    (301, 200),
    (97, 333),
    (128, 128),
    (40, 31),
    (9, 400),
    (511, 77),
    (225, 224),
    (224, 225),
    (1000, 613),
]


def make_pictures() -> list[Image.Image]:
    rng = np.random.default_rng(0)
    pictures = []
    for width, height in SIZES:
        rough = Image.fromarray(rng.integers(0, 256, (9, 11, 3), dtype=np.uint8))
        noise = rng.integers(-20, 20, (height, width, 3))
        smooth = np.asarray(rough.resize((width, height), Image.Resampling.BICUBIC)).astype(int)
        pictures.append(Image.fromarray(np.clip(smooth + noise, 0, 255).astype(np.uint8)))
    return pictures


def compare(fit: ExactFit, transform: Any, mean: float = 0.0) -> None:
    """The transform subtracts `mean` from pixels of 0 to 1."""
    for picture in make_pictures():
        expected = ((transform(picture) + mean) * 255).round().to(torch.int64).permute(1, 2, 0).numpy()
        found = fit.fit(np.asarray(picture)).astype(np.int64)
        assert found.shape == expected.shape == (fit.size, fit.size, 3), picture.size
        assert abs(found - expected).max() <= 1, picture.size


@pytest.mark.parametrize("mode", ["shortest", "squash", "longest"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_openclips_transform(mode: str, interpolation: str) -> None:
    transform_of = pytest.importorskip("open_clip.transform").image_transform
    crop = {"shortest": "centre", "squash": "squash", "longest": "pad"}[mode]
    compare(
        ExactFit(64, crop, interpolation=interpolation, fill=(7, 7, 7)),  # type: ignore[arg-type]
        transform_of(
            64,
            False,
            mean=(0.0,) * 3,
            std=(1.0,) * 3,
            resize_mode=mode,
            interpolation=interpolation,
            fill_color=7,
        ),
    )


@pytest.mark.parametrize("crop_pct", [0.875, 0.9, 0.95, 1.0])
@pytest.mark.parametrize("mode", ["center", "squash", "border"])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_timms_transform(crop_pct: float, mode: str, interpolation: str) -> None:
    from timm.data import create_transform

    crop = {"center": "centre", "squash": "squash", "border": "pad"}[mode]
    mean = (0.5, 0.5, 0.5)
    compare(
        ExactFit(56, crop, crop_pct, interpolation, fill=(128, 128, 128)),  # type: ignore[arg-type]
        create_transform(
            (3, 56, 56), interpolation=interpolation, mean=mean, std=(1.0,) * 3, crop_pct=crop_pct, crop_mode=mode,
        ),
        mean=0.5,
    )  # fmt: skip


def test_grey_pictures_become_colour() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (30, 20, 1), dtype=np.uint8)
    found = ExactFit(8).fit(grey)
    np.testing.assert_array_equal(found, ExactFit(8).fit(np.repeat(grey, 3, axis=2)))


def test_what_is_seen_of_a_picture() -> None:
    assert ExactFit(10, ratio=0.5).share(100, 100) == 0.25
    assert ExactFit(10, "pad").share(10, 100) == 1


@pytest.mark.parametrize("size", [(3, 6000), (6000, 3)])
def test_a_thin_picture_is_not_enlarged_as_a_whole(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rough = Image.fromarray(np.random.default_rng(0).integers(0, 256, (40, 40, 3), dtype=np.uint8))
    pixels = np.asarray(rough.resize(size, Image.Resampling.BICUBIC))
    fit = ExactFit(61, ratio=0.9)
    expected = fit.fit(pixels).astype(int)
    enlarged: list[int] = []
    resize = Image.Image.resize

    def spy(image: Image.Image, wanted: tuple[int, int], *rest: Any) -> Image.Image:
        enlarged.append(wanted[0] * wanted[1])
        return resize(image, wanted, *rest)

    monkeypatch.setattr(Image.Image, "resize", spy)
    monkeypatch.setattr(exact_fit, "MAX_RESIZED", 1 << 20)
    assert abs(fit.fit(pixels) - expected).max() <= 1
    assert enlarged == [61 * 61]
