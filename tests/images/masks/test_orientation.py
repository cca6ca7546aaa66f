"""EXIF turns of images and masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from unpool.images.masks.orientation import (
    Orientations,
    compare_orientation,
    rotate_to_shown,
    rotate_to_stored,
)

PIXELS = np.arange(6, dtype=np.uint8).reshape(2, 3) * 40


def write(file: Path, orientation: int, pixels: np.ndarray = PIXELS) -> Path:
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(pixels).save(file, exif=exif)
    return file


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_as_pillow_does_and_back(orientation: int, tmp_path: Path) -> None:
    with Image.open(write(tmp_path / "a.png", orientation)) as image:
        shown = np.asarray(ImageOps.exif_transpose(image))
    assert rotate_to_shown(PIXELS, orientation).tolist() == shown.tolist()
    assert rotate_to_stored(shown, orientation).tolist() == PIXELS.tolist()


@pytest.mark.parametrize("ending", ["png", "jpg", "webp"])
def test_sizes_say_where_the_mask_was_drawn(ending: str, tmp_path: Path) -> None:
    lying = write(tmp_path / f"a.{ending}", 6)
    assert compare_orientation(lying, (3, 2), 1) == Orientations(6, 1, fits_shown=True, fits_stored=False)
    assert compare_orientation(lying, (2, 3), 1) == Orientations(6, 1, fits_shown=False, fits_stored=True)
    over = compare_orientation(write(tmp_path / f"b.{ending}", 3), (2, 3), 1)
    assert over is not None
    assert over.is_open
    assert compare_orientation(lying, (3, 2), 6) is None  # both are turned


def test_exif_data_behind_the_pixels_of_a_png_counts(tmp_path: Path) -> None:
    content = write(tmp_path / "a.png", 3).read_bytes()
    start = content.index(b"eXIf") - 4
    end = start + 12 + int.from_bytes(content[start : start + 4], "big")
    close = content.index(b"IEND") - 4
    (tmp_path / "b.png").write_bytes(
        content[:start] + content[end:close] + content[start:end] + content[close:]
    )
    assert compare_orientation(tmp_path / "b.png", (2, 3), 1) is not None
    Image.fromarray(PIXELS).save(tmp_path / "c.png")
    assert compare_orientation(tmp_path / "c.png", (2, 3), 1) is None
    (tmp_path / "d.png").write_bytes(b"broken")
    assert compare_orientation(tmp_path / "d.png", (2, 3), 3) is None
