"""Run lengths against pycocotools, and against plain loops."""

from __future__ import annotations

import numpy as np
import pytest
from pycocotools import mask as coco

from support.annotations import pixels_of, regions_of, speckled
from unpool.errors import UnreadableImageError
from unpool.images.annotations.run_lengths import (
    count_columns,
    count_rows,
    expand,
    fill_columns,
    read_lengths,
)


@pytest.mark.parametrize("seed", range(3))
def test_columns_are_read_by_pycocotools(seed: int) -> None:
    label_HW = speckled(seed)
    height, width = label_HW.shape
    for region in regions_of(label_HW):
        counts = count_columns(region, height, width)
        found = coco.decode(coco.frPyObjects({"counts": counts, "size": [height, width]}, height, width))
        assert (found == pixels_of(region, height, width)).all()
        assert all(counts[1:])  # no length of zero but the first
        text = coco.frPyObjects({"counts": counts, "size": [height, width]}, height, width)["counts"]
        lengths = read_lengths(text)
        assert lengths[: len(counts)].tolist() == counts
        covered_HW = np.zeros((height, width), bool)
        top, left, box_HW = fill_columns(lengths, height, width)
        covered_HW[top : top + box_HW.shape[0], left : left + box_HW.shape[1]] = box_HW
        assert (covered_HW == found).all()
        assert (top, left, *box_HW.shape[::-1]) == (region.box[1], region.box[0], *region.box[2:])


def test_rows_are_those_of_the_box() -> None:
    for region in regions_of(speckled(4)):
        _, _, width, height = region.box
        text: list[int] = []
        for place, count in enumerate(count_rows(region)):
            text += [place % 2] * count
        text += [0] * (width * height - len(text))
        assert text == region.fill_box().reshape(-1).tolist()


def test_full_columns_are_one_run() -> None:
    (region,) = regions_of(np.ones((3, 2), np.uint8))
    assert count_columns(region, 3, 2) == [0, 6]


@pytest.mark.parametrize("counts", [[1, -1], [3, 9], [[1], [2]]])
def test_what_does_not_fit_is_an_error(counts: list[int]) -> None:
    with pytest.raises(UnreadableImageError):
        expand(counts, 4)
