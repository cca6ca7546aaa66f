"""Turning, reducing and laying on white go together."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from support.hostile_files import picture, save_turned
from unpool.images.reading.decode import read_picture
from unpool.images.reading.upright import averageable


def distance(a: np.ndarray, b: np.ndarray) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(float) - b).mean())


def test_turned_and_reduced_go_together(tmp_path: Path) -> None:
    save_turned(picture(480, 320), tmp_path / "a.jpg", 6, quality=97)
    read = read_picture(tmp_path / "a.jpg", min_side=20)
    assert read.pixels.shape == (40, 60, 3)
    assert (read.width, read.height) == (480, 320)
    assert distance(read.pixels, np.asarray(Image.fromarray(picture(480, 320)).reduce(8))) < 2.5


def test_a_reduced_transparent_picture_has_no_dark_rim(tmp_path: Path) -> None:
    hidden = np.zeros((32, 32, 4), np.uint8)
    hidden[:, 16:] = (
        255,
        0,
        0,
        255,
    )  # black where transparent, red where not: on white red is full everywhere
    file = tmp_path / "a.png"
    Image.fromarray(hidden).save(file)
    read = read_picture(file, min_side=3).pixels
    assert read[..., 0].min() == 255
    assert read[0, -1].tolist() == [255, 0, 0]


def test_grey_is_the_same_in_every_turn(tmp_path: Path) -> None:
    grey = picture(20, 12)[..., 0]
    for orientation in (1, 3, 6):
        save_turned(grey, tmp_path / "a.png", orientation)
        assert np.array_equal(read_picture(tmp_path / "a.png").pixels, np.dstack([grey] * 3))


def test_an_image_that_can_be_averaged_is_not_copied() -> None:
    for mode in ("L", "RGB", "RGBA", "CMYK"):
        image = Image.new(mode, (3, 2))
        assert averageable(image) is image
    assert averageable(Image.new("LA", (3, 2))).mode == "RGBA"
    assert averageable(Image.new("1", (3, 2))).mode == "RGB"
