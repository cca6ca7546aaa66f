"""Masks say where defects are, whatever their values, sizes and formats."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.actions.inspection.defect_mask import read_defects
from unpool.errors import UnreadableImageError
from unpool.images.reading.scan import ImageFile

DEFECT = np.zeros((40, 60), bool)
DEFECT[10:20, 30:50] = True


def file_of(path: Path) -> ImageFile:
    return ImageFile(path.name, path, 0, 0.0)


@pytest.mark.parametrize("value", [1, 7, 255])
@pytest.mark.parametrize("mode", ["L", "P", "RGB", "1"])
def test_any_value_but_zero_is_a_defect(value: int, mode: str, tmp_path: Path) -> None:
    image = Image.fromarray(DEFECT * np.uint8(value))
    if mode == "P":
        image.putpalette([0, 0, 0, 0, 0, 0] * 128)
    elif mode == "1":
        image = Image.fromarray(DEFECT)
    else:
        image = image.convert(mode)
    image.save(tmp_path / "a.png")
    found = read_defects(file_of(tmp_path / "a.png"), 40, 60)
    assert not found.is_lossy
    np.testing.assert_array_equal(found.mask_HW, DEFECT)


def test_what_is_transparent_is_no_defect(tmp_path: Path) -> None:
    white_HW4 = np.full((40, 60, 4), 255, np.uint8)
    white_HW4[..., 3] = 255 * DEFECT
    Image.fromarray(white_HW4).save(tmp_path / "a.png")
    np.testing.assert_array_equal(read_defects(file_of(tmp_path / "a.png"), 40, 60).mask_HW, DEFECT)


def test_a_lossy_mask_counts_large_values_alone(tmp_path: Path) -> None:
    Image.fromarray(DEFECT * np.uint8(255)).save(tmp_path / "a.jpg", quality=60)
    assert (
        np.asarray(Image.open(tmp_path / "a.jpg")) > 0
    ).sum() > DEFECT.sum()  # what the format leaves behind
    found = read_defects(file_of(tmp_path / "a.jpg"), 40, 60)
    assert found.is_lossy
    np.testing.assert_array_equal(found.mask_HW, DEFECT)


@pytest.mark.parametrize(("height", "width"), [(40, 60), (80, 120), (400, 605), (13, 20), (3, 5)])
def test_a_mask_may_be_of_another_size(height: int, width: int, tmp_path: Path) -> None:
    Image.fromarray(DEFECT).save(tmp_path / "a.png")
    assert read_defects(file_of(tmp_path / "a.png"), height, width).mask_HW.shape == (40, 60)


@pytest.mark.parametrize(("height", "width"), [(60, 40), (400, 400)])
def test_a_mask_of_another_shape_cannot_be_used(height: int, width: int, tmp_path: Path) -> None:
    Image.fromarray(DEFECT).save(tmp_path / "a.png")
    with pytest.raises(
        UnreadableImageError, match=f"it is 60×40 pixels and its image {width}×{height}: another shape"
    ):
        read_defects(file_of(tmp_path / "a.png"), height, width)


def test_a_broken_mask_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"nothing")
    with pytest.raises(UnreadableImageError):
        read_defects(file_of(tmp_path / "a.png"), 40, 60)
