"""The small encoders have the layers that were published."""

from __future__ import annotations

import pytest
import torch
import torchvision

from unpool.networks.catalogue import build_network
from unpool.networks.encoders import small as encoders

LETTERS = {11: "A", 13: "B", 16: "D", 19: "E"}


def numbers(network: torch.nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())


@pytest.mark.parametrize("depth", [11, 13, 16, 19])
def test_vgg_is_laid_out_as_torchvisions(depth) -> None:
    torchvisions = torchvision.models.vgg
    layers = torchvisions.make_layers(torchvisions.cfgs[LETTERS[depth]], batch_norm=True)
    ours = encoders.vgg(depth)
    assert [repr(layer) for layer in ours] == [repr(layer) for layer in layers]
    assert {k: v.shape for k, v in ours.state_dict().items()} == {
        k: v.shape for k, v in layers.state_dict().items()
    }


@pytest.mark.parametrize(
    ("size", "side"), [(8, 2), (16, 2), (28, 3), (32, 2), (64, 2), (96, 3), (5, 2), (2, 1)]
)
def test_the_depth_of_conv_follows_the_size(size, side) -> None:
    network = build_network("conv", size=size, channels=1, width=8, decoder="none")
    assert network.encode(torch.rand(1, 1, size, size)).shape == (1, 16, side, side)


def test_width_scales_the_small_ones() -> None:
    assert build_network("conv", size=16, width=16).dimension() == 128
    half = build_network("conv-small", width=16)
    assert half(torch.rand(1, 1, 28, 28)).shape == (1, 1, 28, 28)
    assert numbers(half) < 50_161 / 3
