"""Label maps as they lie on the disk, small and large."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile

from support.annotations import COLOURS, pixels_of, speckled, write_request
from unpool.actions.sharing.annotations.predicted_masks import MaskRequest, PredictedMask


def test_a_large_map_is_read_in_rows_of_tiles(tmp_path: Path) -> None:
    label_HW = speckled(0, 70, 90)
    tifffile.imwrite(
        tmp_path / "a.tif", label_HW, tile=(32, 32), compression="zlib", photometric="minisblack"
    )
    position_of = np.array([2, 0, 1] + [255] * 253, np.uint8)
    mask = PredictedMask("a.tif", tmp_path / "x", "a", tmp_path / "a.tif", position_of)
    assert mask.size == (70, 90)
    strips = list(mask.strips())
    assert [len(strip) for strip in strips] == [32, 32, 6]
    assert (np.concatenate(strips) == position_of[label_HW]).all()


def test_values_become_positions(tmp_path: Path) -> None:
    request = write_request(tmp_path, [speckled(1)])
    (mask,) = request.masks
    assert mask.size == (24, 31)
    for region in mask.find_regions(request.grounds):
        assert (speckled(1)[pixels_of(region, 24, 31)] == region.value).all()


@pytest.mark.parametrize(("name", "grounds"), [("Background", [1]), ("_background_", [1]), ("sky", [])])
def test_the_ground_is_what_is_left_free(name: str, grounds: list[int]) -> None:
    request = MaskRequest([], ["a", name], COLOURS[:2], Path("out"), "model")
    assert request.grounds == grounds
    assert list(request.written) == [position for position in range(2) if position not in grounds]
