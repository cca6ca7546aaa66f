"""One polygon for a region with holes, against rasterisers that are not ours."""

from __future__ import annotations

import numpy as np
import pytest

from support.annotations import (
    fill_by_centres,
    fill_by_coco,
    fill_by_pillow,
    pixels_of,
    regions_of,
    speckled,
)
from unpool.images.annotations.bridges import bridge_holes


@pytest.mark.parametrize("seed", range(4))
def test_every_rasteriser_gives_the_holes_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sieve_HW = (rng.random((21, 26)) < 0.8).astype(np.uint8)
    num_holed = 0
    for label_HW in (sieve_HW, speckled(seed, num_classes=2)):
        for region in regions_of(label_HW, skip=[0]):
            vertex_V2 = bridge_holes(region)
            num_holed += bool(region.holes)
            for fill in (fill_by_centres, fill_by_coco, fill_by_pillow):
                assert (fill(vertex_V2, *label_HW.shape) == pixels_of(region, *label_HW.shape)).all()
    assert num_holed


def test_two_holes_on_one_side() -> None:
    label_HW = np.ones((7, 4), np.uint8)
    label_HW[[1, 3, 5], 2] = 0
    (region,) = regions_of(label_HW, skip=[0])
    vertex_V2 = bridge_holes(region)
    assert len(vertex_V2) == 4 + 3 * (4 + 4)  # of each hole its corners, and the cut there and back
    assert (fill_by_centres(vertex_V2, 7, 4) == (label_HW == 1)).all()


def test_without_holes_the_outline_stays() -> None:
    (region,) = regions_of(np.ones((2, 2), np.uint8))
    assert bridge_holes(region) is region.outline_V2
