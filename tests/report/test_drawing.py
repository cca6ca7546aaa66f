"""Thumbnails and labels land where they should."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from unpool.report.drawing import (
    MIN_SIDE,
    PAPER,
    draw_label,
    fit,
    label_box,
    open_thumbnail,
    paste_centred,
    png_bytes,
)


def encoded(image: Image.Image, kind: str = "WEBP") -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, lossless=True)
    return buffer.getvalue()


@pytest.mark.parametrize("content", [None, b"", b"not a picture", encoded(Image.new("RGB", (9, 9)))[:20]])
def test_what_cannot_be_read_is_none(content: bytes | None) -> None:
    assert open_thumbnail(content) is None


def test_transparency_is_laid_on_white() -> None:
    image = open_thumbnail(encoded(Image.new("RGBA", (4, 4), (255, 0, 0, 0))))
    assert image is not None
    assert image.getpixel((1, 1)) == PAPER
    half = open_thumbnail(encoded(Image.new("RGBA", (4, 4), (255, 0, 0, 128)), "PNG"))
    assert half is not None
    assert half.getpixel((1, 1)) == pytest.approx((255, 127, 127), abs=2)


def test_images_fit_their_square() -> None:
    assert fit(Image.new("RGB", (200, 100)), 50).size == (50, 25)
    assert fit(Image.new("RGB", (1000, 1)), 50).size == (50, MIN_SIDE)
    small = fit(Image.fromarray(np.array([[0, 255]], np.uint8)), 20)
    assert set(np.unique(np.asarray(small))) == {0, 255}, "enlarged pixels stay squares"


def test_pasting_centres() -> None:
    sheet = Image.new("L", (20, 20), 0)
    paste_centred(sheet, Image.new("L", (4, 2), 255), 5, 5, 10)
    rows, columns = np.nonzero(np.asarray(sheet))
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (9, 10, 8, 11)


def test_a_label_fills_its_box_and_its_text_can_be_read() -> None:
    for colour, ink in (("#f0e442", (0, 0, 0)), ("#0072b2", (255, 255, 255))):
        sheet = Image.new("RGB", (200, 80), (128, 0, 128))
        draw_label(ImageDraw.Draw(sheet), (100, 40), "dogs", colour, 24)
        left, _, right, _ = label_box((100, 40), "dogs", 24)
        pixels = np.asarray(sheet)
        rgb = tuple(int(colour[i : i + 2], 16) for i in (1, 3, 5))
        assert tuple(pixels[40, round(left) + 3]) == rgb == tuple(pixels[40, round(right) - 3])
        assert (pixels == ink).all(axis=2).any()


def test_png_gives_the_pixels_back() -> None:
    image = Image.fromarray(np.arange(48, dtype=np.uint8).reshape(4, 4, 3))
    assert (np.asarray(Image.open(io.BytesIO(png_bytes(image)))) == np.asarray(image)).all()


@pytest.mark.parametrize("lossless", [True, False])
def test_thumbnails_have_the_pixels_of_pillow(lossless: bool) -> None:
    pixels_HW3 = np.random.default_rng(0).integers(0, 256, (37, 50, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels_HW3).save(buffer, "WEBP", lossless=lossless, quality=70)
    image = open_thumbnail(buffer.getvalue())
    assert image is not None
    assert image.mode == "RGB"
    with Image.open(buffer) as expected:
        np.testing.assert_array_equal(np.asarray(image), np.asarray(expected.convert("RGB")))
