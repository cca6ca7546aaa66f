"""Samples of large TIFFs become the colours that Pillow gives small ones."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.tiff.colours import TiffColours, tiff_colours

tifffile = pytest.importorskip("tifffile")
RNG = np.random.default_rng(0)


def colours_of(values: np.ndarray, **more: Any) -> tuple[TiffColours, np.ndarray]:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **more)
    buffer.seek(0)
    with tifffile.TiffFile(buffer) as tiff:
        page = tiff.pages[0]
        samples = page.asarray()
        return tiff_colours(page), samples[..., None] if samples.ndim == 2 else samples


def test_rgb_and_grey_pass_through() -> None:
    for values in (RNG.integers(0, 255, (6, 7, 3), np.uint8), RNG.integers(0, 255, (6, 7), np.uint8)):
        colours, samples = colours_of(values)
        assert (colours.to_rgb(samples) == samples).all()


def test_white_is_zero_is_inverted() -> None:
    values = RNG.integers(0, 255, (6, 7), np.uint8)
    colours, samples = colours_of(values, photometric="miniswhite")
    assert colours.is_inverted
    assert (colours.to_rgb(samples)[..., 0] == 255 - values).all()


def test_cmyk_as_pillow_has_it() -> None:
    ink = RNG.integers(0, 255, (9, 9, 4), np.uint8)
    colours, samples = colours_of(ink, photometric="separated")
    expected = np.asarray(Image.fromarray(ink, "CMYK").convert("RGB"))
    assert np.abs(colours.to_rgb(samples).astype(int) - expected).max() <= 1


@pytest.mark.parametrize("kind", ["unassalpha", "assocalpha"])
def test_alpha_is_laid_on_white(kind: str) -> None:
    alpha = RNG.integers(0, 256, (9, 9, 1))
    straight = RNG.integers(0, 256, (9, 9, 3))
    stored = straight if kind == "unassalpha" else straight * alpha // 255
    values = np.concatenate([stored, alpha], axis=2).astype(np.uint8)
    colours, samples = colours_of(values, photometric="rgb", extrasamples=[kind])
    expected = straight * alpha / 255 + 255 - alpha
    assert np.abs(colours.to_rgb(samples) - expected).max() <= 1.5


def test_sixteen_bits_keep_the_upper_eight() -> None:
    values = RNG.integers(0, 65535, (6, 7, 3), np.uint16)
    colours, samples = colours_of(values, photometric="rgb")
    assert (colours.to_rgb(samples) == values >> 8).all()


def test_values_without_a_known_range_use_the_one_given() -> None:
    values = np.array([[100, 200, 300]], np.uint16)
    colours, samples = colours_of(values)
    assert colours.white is None
    assert colours.to_rgb(samples, (100, 300))[0, :, 0].tolist() == pytest.approx([0, 127, 255], abs=1)


@pytest.mark.parametrize("photometric", ["cielab", "ycbcr"])
def test_other_colours_are_refused_with_what_to_do(photometric: str) -> None:
    with pytest.raises(UnreadableImageError, match="save it again as RGB"):
        colours_of(RNG.integers(0, 255, (8, 8, 3), np.uint8), photometric=photometric)
