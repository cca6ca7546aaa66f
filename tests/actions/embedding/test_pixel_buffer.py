"""Decoded images come back, from memory and from disk."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from unpool.actions.embedding import pixel_buffer
from unpool.actions.embedding.pixel_buffer import PixelBuffer


@pytest.mark.parametrize("limit", [0, 2**20])
def test_images_come_back(limit: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pixel_buffer, "MAX_PIXELS_IN_MEMORY", limit)
    pixels_NSSC = np.random.default_rng(0).integers(0, 256, (3, 4, 4, 3), dtype=np.uint8)
    buffer = PixelBuffer(tmp_path / "new", 5, 4)
    buffer.add([{"path": "a", "grey": True}, {"path": "b", "grey": True}], pixels_NSSC[:2])
    assert buffer.view().shape == (2, 4, 4, 1)
    buffer.add([{"path": "c", "grey": False}], pixels_NSSC[2:])
    np.testing.assert_array_equal(buffer.view(), pixels_NSSC)
    np.testing.assert_array_equal(buffer.pixels(), pixels_NSSC)
    assert buffer.paths == ["a", "b", "c"]
    assert list(tmp_path.rglob("*.*")) == []  # nothing lies there by name
