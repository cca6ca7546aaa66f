"""Regions and outlines against rasterisers that are not ours."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from support.annotations import (
    fill_by_centres,
    fill_by_coco,
    fill_by_pillow,
    pixels_of,
    regions_of,
    speckled,
)
from unpool.images.annotations.regions import find_regions, find_runs


@pytest.mark.parametrize("seed", range(4))
def test_every_rasteriser_gives_the_pixels_back(seed: int) -> None:
    label_HW = speckled(seed)
    size = label_HW.shape
    for region in regions_of(label_HW):
        own_HW = pixels_of(region, *size)
        for fill in (fill_by_centres, fill_by_coco):
            covered_HW = fill(region.outline_V2, *size)
            for hole_V2 in region.holes:
                covered_HW &= ~fill(hole_V2, *size)
            assert (covered_HW == own_HW).all()
        if not region.holes:
            assert (fill_by_pillow(region.outline_V2, *size) == own_HW).all()


def test_regions_are_those_of_scipy() -> None:
    label_HW = speckled(5)
    regions = regions_of(label_HW)
    together = np.zeros(label_HW.shape, int)
    for region in regions:
        own_HW = pixels_of(region, *label_HW.shape)
        assert (label_HW[own_HW] == region.value).all()
        assert region.area == own_HW.sum()
        together += own_HW
        _, num_parts = ndimage.label(own_HW)
        assert num_parts == 1
        _, num_holes = ndimage.label(np.pad(~own_HW, 1, constant_values=True), np.ones((3, 3)))
        assert len(region.holes) == num_holes - 1
    assert (together == 1).all()
    assert len(regions) == sum(ndimage.label(label_HW == value)[1] for value in range(3))


def test_a_rectangle_has_four_corners_just_inside() -> None:
    label_HW = np.zeros((5, 6), np.uint8)
    label_HW[1:3, 2:5] = 1
    (region,) = regions_of(label_HW, skip=[0])
    assert region.outline_V2.tolist() == [[2.01, 1.01], [4.99, 1.01], [4.99, 2.99], [2.01, 2.99]]
    assert region.box == (2, 1, 3, 2)
    assert region.fill_box().tolist() == [[1, 1, 1], [1, 1, 1]]


def test_an_outline_encloses_nearly_the_pixels() -> None:
    label_HW = np.zeros((100, 100), np.uint8)
    label_HW[10:90, 10:90] = 1
    (region,) = regions_of(label_HW, skip=[0])
    x_V, y_V = region.outline_V2.T
    area = float((x_V * np.roll(y_V, -1) - y_V * np.roll(x_V, -1)).sum()) / 2
    assert 0.999 < area / region.area < 1  # clockwise, a little smaller


def test_strips_are_the_same_as_the_whole() -> None:
    label_HW = speckled(6)
    whole, cut = find_runs([label_HW], [0]), find_runs([label_HW[:7], label_HW[7:8], label_HW[8:]], [0])
    assert all((one == other).all() for one, other in zip(whole, cut, strict=True))


def test_nothing_has_no_regions() -> None:
    assert list(find_regions(find_runs([np.zeros((3, 3), np.uint8)], [0]))) == []
