"""random-scale-crop: labels lie where their pixels lie."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torchvision import tv_tensors

from unpool.images.augment.transform_types import RandomScaleCrop

SIDE = 40


@pytest.mark.parametrize("factor", [0.6, 0.75, 1.0, 1.3, 1.5, 1.8])
def test_a_label_is_that_of_the_pixel_under_its_centre(factor: float) -> None:
    mask_HW = torch.arange(SIDE, dtype=torch.uint8).repeat(SIDE, 1)
    crop = RandomScaleCrop(24, [factor, factor])
    torch.manual_seed(0)
    params = crop.make_params([mask_HW])
    found_HW = np.asarray(crop.transform(tv_tensors.Mask(mask_HW), params))
    (_, left), (_, before), (_, seen), (_, kept) = (params[key] for key in ("at", "put", "seen", "kept"))
    centre_W = (np.arange(kept) + 0.5) * seen / kept
    assert (found_HW[12, before : before + kept] == left + np.floor(centre_W)).all()


def test_an_edge_is_at_the_same_place_in_image_and_mask() -> None:
    mask_HW = (torch.arange(SIDE) >= SIDE // 2).to(torch.uint8).repeat(SIDE, 1)
    image_CHW = 200 * mask_HW.repeat(3, 1, 1)
    crop = RandomScaleCrop(SIDE, [1.7, 1.7])
    params = crop.make_params([image_CHW])
    apart = []
    for left in range(15):
        params["at"] = [0, left]
        label_HW = np.asarray(crop.transform(tv_tensors.Mask(mask_HW), params))
        pixels_HW = np.asarray(crop.transform(tv_tensors.Image(image_CHW), params))[0]
        assert (label_HW != 255).all()
        # The pixels' mean tells where the edge is to a part of a pixel.
        apart.append(SIDE * (label_HW.mean() - (pixels_HW / 200).mean()))
    assert abs(np.mean(apart)) < 0.1
    assert np.max(np.abs(apart)) < 0.6
