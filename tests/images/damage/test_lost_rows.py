"""Rows of zeros are lost ones where they begin within a row; black frames and shapes are pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from support.pictures import make_photograph
from unpool.errors import UnreadableImageError
from unpool.images.damage.lost_rows import has_lost_rows
from unpool.images.reading.decode import read_picture

SIZE = (150, 100)


def photograph(mode: str = "RGB") -> Image.Image:
    lit = np.asarray(make_photograph(1, *SIZE)) // 2 + 60
    return Image.fromarray(lit.astype(np.uint8)).convert(mode)


@pytest.mark.parametrize("fill", [b"\0", b"\xff"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("name", ["a.bmp", "a.ppm", "a.tga", "a.tif"])
def test_zeros_to_the_end_and_in_the_middle(tmp_path: Path, name: str, mode: str, fill: bytes) -> None:
    file = tmp_path / name
    photograph(mode).save(file, **({"strip_size": 10**6} if name == "a.tif" else {}))
    read_picture(file)
    content = file.read_bytes()
    pixel = 3 if mode == "RGB" else 1
    head = file.stat().st_size - 100 * (-(-150 * pixel // 4) * 4 if name == "a.bmp" else 150 * pixel)
    start = head + (41 * 150 + 60) * pixel
    for end in (start + 2000 * pixel, len(content) if name != "a.tif" else len(content) - 300):
        file.write_bytes(content[:start] + fill * (end - start) + content[end:])
        with pytest.raises(UnreadableImageError, match="the pixels have one value only"):
            read_picture(file)


def as_array(image: Image.Image) -> np.ndarray:
    return np.atleast_3d(np.asarray(image))


def test_pictures_with_black_are_whole() -> None:
    framed = Image.new("RGB", (170, 140))
    framed.paste(photograph(), (10, 10))
    letterboxed = Image.new("RGB", (150, 140))
    letterboxed.paste(photograph(), (0, 20))
    disc, steps = Image.new("L", SIZE), Image.new("L", SIZE)
    ImageDraw.Draw(disc).ellipse((30, 10, 100, 70), fill=255)
    ImageDraw.Draw(steps).polygon([(0, 0), (150, 0), (150, 40), (0, 60)], fill=255)
    text = Image.new("L", SIZE, 255)
    ImageDraw.Draw(text).text((5, 5), "the last line\nof a page", fill=0)
    for image in (framed, letterboxed, disc, steps, text, Image.new("RGB", SIZE)):
        assert not has_lost_rows(as_array(image))
        assert not has_lost_rows(as_array(image)[::-1])


def test_a_dark_corner_above_a_black_frame_is_no_damage() -> None:
    pixels = as_array(photograph("L")).copy()
    pixels[60:] = 0
    pixels[55:60, 100:] = np.random.default_rng(0).integers(0, 4, (5, 50, 1))
    pixels[59, 140:] = 0
    assert not has_lost_rows(pixels)
    pixels[55:60, 100:] += 60
    pixels[59, 140:] = 0
    assert has_lost_rows(pixels)


def test_a_pcx_stops_within_a_channel(tmp_path: Path) -> None:
    file = tmp_path / "a.pcx"
    noise = np.random.default_rng(0).integers(30, 190, (100, 150, 3), np.uint8)  # a byte each
    Image.fromarray(noise).save(file)
    read_picture(file)
    content = file.read_bytes()
    file.write_bytes(content[:9000] + bytes(len(content) - 9000))
    with pytest.raises(UnreadableImageError, match="the pixels have one value only"):
        read_picture(file)
