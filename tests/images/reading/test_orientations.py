"""Every turn, and the way back."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from unpool.images.reading.orientations import AS_STORED, UPRIGHT

STORED = Image.fromarray(np.arange(6, dtype=np.uint8).reshape(2, 3))


@pytest.mark.parametrize("orientation", range(2, 9))
def test_pictures_turn_as_pillow_turns_them_and_back(orientation: int) -> None:
    stored = STORED.copy()
    stored.getexif()[0x0112] = orientation
    upright = STORED.transpose(UPRIGHT[orientation])
    assert np.array_equal(upright, ImageOps.exif_transpose(stored))
    assert np.array_equal(upright.transpose(AS_STORED[orientation]), STORED)
