"""The worst region is what is connected with the hottest pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unpool.analysis.anomaly.regions import Region, find_worst_region


def test_of_two_regions_the_one_with_the_hottest_pixel_is_found() -> None:
    heat = np.zeros((20, 30), np.float32)
    heat[2:12, 2:12] = 1.0  # larger, but less hot
    heat[15:18, 20:24] = 1.0
    heat[16, 22] = 2.0
    assert find_worst_region(heat, 0.5, 20, 30) == Region(x=20, y=15, width=4, height=3, area=12)
    assert find_worst_region(heat, 1.5, 20, 30) == Region(x=22, y=16, width=1, height=1, area=1)


def test_nothing_above_the_threshold_is_no_region() -> None:
    heat = np.full((4, 4), 0.5, np.float32)
    assert find_worst_region(heat, 0.5, 40, 40) == Region() == Region(0, 0, 0, 0, 0)
    assert find_worst_region(heat, 0.49, 40, 40) == Region(0, 0, 40, 40, 1600)


def test_pixels_that_meet_at_a_corner_are_connected() -> None:
    heat = np.eye(5, dtype=np.float32)
    assert find_worst_region(heat, 0.5, 5, 5) == Region(0, 0, 5, 5, 5)


def test_box_and_area_are_in_pixels_of_the_picture() -> None:
    heat = np.zeros((10, 10), np.float32)
    heat[3:5, 6:7] = 1
    assert find_worst_region(heat, 0, 1000, 2000) == Region(1200, 300, 200, 200, 40_000)
    assert find_worst_region(heat, 0, 5, 5) == Region(x=3, y=1, width=1, height=2, area=1), "none is empty"
    assert find_worst_region(heat, 0, 1003, 10).to_dict() == {
        "x": 6, "y": 300, "width": 1, "height": 202, "area": 201
    }  # fmt: skip


@given(
    st.integers(1, 40), st.integers(1, 40), st.integers(1, 300), st.integers(1, 300), st.integers(0, 2**16)
)
def test_a_region_lies_in_the_picture_and_holds_the_hottest_pixel(
    rows: int, columns: int, height: int, width: int, seed: int
) -> None:
    heat = np.random.default_rng(seed).random((rows, columns), np.float32)
    region = find_worst_region(heat, 0.3, height, width)
    if heat.max() <= 0.3:
        assert region == Region()
        return
    assert 0 <= region.x < region.x + region.width <= width
    assert 0 <= region.y < region.y + region.height <= height
    y, x = np.unravel_index(heat.argmax(), heat.shape)
    assert region.x <= (x + 0.5) * width / columns <= region.x + region.width
    assert region.y <= (y + 0.5) * height / rows <= region.y + region.height
    assert 1 <= region.area <= max(1, round((heat > 0.3).mean() * height * width))


def test_the_area_counts_pixels_and_not_the_box() -> None:
    grid = np.indices((101, 101)) - 50
    disc = (np.hypot(*grid) <= 40).astype(np.float32)
    region = find_worst_region(disc, 0.5, 101, 101)
    assert (region.width, region.height) == (81, 81)
    assert region.area == pytest.approx(np.pi * 40.25**2, rel=0.02)
