"""YCbCr with fewer samples of colour, stored plainly."""

from __future__ import annotations

import io

import numpy as np
import pytest
import tifffile

from support.tiff_files import page, tiff
from unpool.errors import UnreadableImageError
from unpool.images.tiff.subsampling import read_subsampled

RNG = np.random.default_rng(0)
LIGHT = RNG.integers(0, 256, (5, 7), np.uint8)  # no multiple of any block
COLOURS = RNG.integers(0, 256, (5, 7, 2), np.uint8)


def blocks(rows: slice, wide: int, high: int) -> bytes:
    light = np.pad(LIGHT[rows], ((0, -len(LIGHT[rows]) % high), (0, -7 % wide)))
    content = b""
    for top in range(0, len(light), high):
        for left in range(0, light.shape[1], wide):
            content += light[top : top + high, left : left + wide].tobytes()
            content += COLOURS[rows][top, left].tobytes()
    return content


def stream(wide: int, high: int, strips: list[bytes]) -> io.BytesIO:
    return tiff(page((5, 7, 3), strips, 6, more={530: ("H", [wide, high]), 278: ("I", 4)}))


@pytest.mark.parametrize(("wide", "high"), [(2, 2), (2, 1), (4, 2), (1, 2)])
def test_blocks_become_pixels(wide: int, high: int) -> None:
    strips = [blocks(slice(0, 4), wide, high), blocks(slice(4, 5), wide, high)]
    with tifffile.TiffFile(stream(wide, high, strips)) as opened:
        found = read_subsampled(opened.pages[0])
    assert (found[..., 0] == LIGHT).all()
    for y, x in np.ndindex(5, 7):
        assert (found[y, x, 1:] == COLOURS[y // high * high, x // wide * wide]).all(), (y, x)


def test_a_short_strip_is_reported() -> None:
    strips = [blocks(slice(0, 4), 2, 2)[:-3], blocks(slice(4, 5), 2, 2)]
    with (
        tifffile.TiffFile(stream(2, 2, strips)) as opened,
        pytest.raises(UnreadableImageError, match="truncated"),
    ):
        read_subsampled(opened.pages[0])
