"""One map of features for each size."""

from __future__ import annotations

import torch

from unpool.networks.catalogue import build_network
from unpool.networks.segmentation.pyramid import Pyramid


def test_maps_are_the_last_of_their_size_and_not_what_lies_inside_blocks() -> None:
    timm_one = Pyramid(build_network("resnet18", decoder="none").encoder)
    assert [level.channels for level in timm_one.levels] == [64, 64, 128, 256, 512]
    other = Pyramid(build_network("mobilenet_v3_large", decoder="none").encoder)  # torchvision's
    assert [round(level.reduction) for level in other.levels] == [2, 4, 8, 16, 32]
    x = torch.rand(1, 3, 64, 64)
    for pyramid in (timm_one, other):
        pyramid.encoder.eval()
        maps = pyramid(x)
        assert [each.shape[1] for each in maps] == [level.channels for level in pyramid.levels]
        assert torch.equal(maps[-1], pyramid.encoder(x))
