"""TIFFs beyond Pillow: their values, their turn, and what is wrong with them."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest

from unpool.errors import UnreadableImageError
from unpool.images.tiff.reader import read_tiff, tiff_size

tifffile = pytest.importorskip("tifffile")
RAMP = np.linspace(0, 1, 12 * 20).reshape(12, 20)


def written(values: np.ndarray, **more: Any) -> io.BytesIO:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **more)
    return buffer


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint32", "uint64", "int16"])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_grey_values_keep_their_order(dtype: str, byteorder: str) -> None:
    values = (RAMP * 30_000).astype(dtype)
    page = read_tiff(written(values, byteorder=byteorder, bigtiff=byteorder == ">"), 10**6)
    assert page.pixels.shape == (12, 20)
    assert page.pixels.dtype == np.uint8
    flat = page.pixels.ravel().astype(int)
    assert (np.diff(flat) >= 0).all()
    assert flat[-1] - flat[0] > 100


def test_colours_come_last_whatever_the_planes() -> None:
    rgb = np.stack([RAMP, RAMP[::-1], RAMP * 0], axis=0).astype(np.float32)
    page = read_tiff(written(rgb, photometric="rgb", planarconfig="separate"), 10**6)
    assert page.pixels.shape == (12, 20, 3)
    assert page.pixels[-1, -1, 0] > page.pixels[0, 0, 0]
    assert page.pixels[-1, -1, 1] < page.pixels[0, 0, 1]


def test_white_is_zero_is_inverted() -> None:
    values = (RAMP * 60_000).astype(np.uint32)
    dark_first = read_tiff(written(values), 10**6).pixels
    inverted = read_tiff(written(values, photometric="miniswhite"), 10**6).pixels
    assert np.corrcoef(dark_first.ravel(), inverted.ravel())[0, 1] < -0.99


def test_size_and_turn() -> None:
    tag = [(274, "H", 1, 6, True)]
    stream = written(RAMP.astype(np.float32), extratags=tag)
    assert tiff_size(stream) == (12, 20), "upright"
    assert read_tiff(stream, 10**6).orientation == 6


@pytest.mark.parametrize(
    ("values", "limit", "problem"),
    [
        (RAMP.astype(np.float32), 100, "too-large"),
        (np.zeros((4, 5), np.complex64), 10**6, "unsupported"),
        (np.zeros((2, 3, 4, 5), np.float32), 10**6, None),
    ],
)
def test_what_cannot_be_shown_is_refused(values: np.ndarray, limit: int, problem: str | None) -> None:
    stream = written(values)
    if problem is None:
        assert read_tiff(stream, limit).pixels.shape[:2] == (4, 5), "the first page of several"
        return
    with pytest.raises(UnreadableImageError) as caught:
        read_tiff(stream, limit)
    assert caught.value.problem == problem


def test_a_missing_end_is_no_black_rest() -> None:
    content = written(np.full((200, 200), 0.5, np.float32)).getvalue()
    with pytest.raises(UnreadableImageError, match="truncated"):
        read_tiff(io.BytesIO(content[:-1000]), 10**6)
