"""Masks keep their exact values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.masks.mask_file import pack_rgb, read_mask

VALUES = np.array([[0, 1, 2], [7, 254, 255]], np.uint8)


def saved(path: Path, image: Image.Image, **more: object) -> Path:
    image.save(path, **more)
    return path


def test_grey_palette_and_wide_values(tmp_path: Path) -> None:
    grey = read_mask(saved(tmp_path / "g.png", Image.fromarray(VALUES)))
    assert (grey.value_HW == VALUES).all()
    assert (grey.is_coloured, grey.is_lossy, grey.in_colours) == (False, False, False)
    image = Image.fromarray(VALUES, "P")
    image.putpalette([value for index in range(256) for value in (index, 255 - index, 9)])
    palette = read_mask(saved(tmp_path / "p.png", image))
    assert (palette.value_HW == VALUES).all()
    assert palette.palette_HW is not None
    assert palette.palette_HW[1, 0] == 0x07F809
    wide = VALUES.astype(np.uint16) * 200
    assert (read_mask(saved(tmp_path / "w.png", Image.fromarray(wide))).value_HW == wide).all()


def test_one_bit_is_0_and_1(tmp_path: Path) -> None:
    mask = read_mask(saved(tmp_path / "b.png", Image.fromarray(VALUES > 3)))
    assert mask.value_HW.dtype == np.uint8
    assert mask.value_HW.tolist() == [[0, 0, 0], [1, 1, 1]]


def test_colours_are_packed_and_grey_ones_stay_numbers(tmp_path: Path) -> None:
    rgb = np.stack([VALUES, VALUES // 2, VALUES * 0], axis=2)
    mask = read_mask(saved(tmp_path / "c.png", Image.fromarray(rgb)))
    assert mask.is_coloured
    assert (mask.value_HW == pack_rgb(rgb)).all()
    grey = read_mask(saved(tmp_path / "d.png", Image.fromarray(np.repeat(VALUES[..., None], 3, 2))))
    assert (grey.is_coloured, grey.in_colours) == (False, True)
    assert (grey.value_HW == VALUES).all()


def test_transparency_is_left_out(tmp_path: Path) -> None:
    rgba = np.dstack([VALUES, VALUES // 2, VALUES * 0, np.zeros_like(VALUES)])
    mask = read_mask(saved(tmp_path / "a.png", Image.fromarray(rgba)))
    assert (mask.value_HW == pack_rgb(rgba[..., :3])).all()


@pytest.mark.parametrize(("name", "more", "lossy"), [
    ("a.jpg", {}, True), ("a.webp", {}, True), ("b.webp", {"lossless": True}, False), ("a.png", {}, False),
])  # fmt: skip
def test_formats_that_change_values_are_marked(
    tmp_path: Path, name: str, more: dict[str, object], lossy: bool
) -> None:
    image = Image.fromarray(np.random.default_rng(0).integers(0, 255, (9, 9, 3), np.uint8))
    assert read_mask(saved(tmp_path / name, image, **more)).is_lossy is lossy


def test_fractions_are_no_classes(tmp_path: Path) -> None:
    file = saved(tmp_path / "f.tif", Image.fromarray(VALUES.astype(np.float32)))
    with pytest.raises(UnreadableImageError, match="a mask of mode F has no classes"):
        read_mask(file)
