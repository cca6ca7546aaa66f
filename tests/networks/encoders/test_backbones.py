"""Any timm or torchvision network gives a map of features."""

from __future__ import annotations

import pytest
import torch

from unpool.networks.catalogue import build_network
from unpool.networks.encoders.backbones import Backbone


def test_a_timm_network_is_used_at_the_size_it_was_trained_at() -> None:
    assert build_network("mobilenetv3_small_050", decoder="none").size == 224
    assert build_network("swinv2_cr_tiny_ns_224", decoder="none").size == 224
    assert build_network("mobilevit_xxs", decoder="none").size == 256


@pytest.mark.parametrize(
    "name", ["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224", "mnasnet0_5", "shufflenet_v2_x0_5"]
)
def test_backbones_of_timm_and_torchvision(name) -> None:
    network = build_network(name, size=64 if "swin" not in name else 224, seed=0).eval()
    x_BCHW = torch.rand(1, 3, network.size, network.size)
    with torch.no_grad():
        code = network.encode(x_BCHW)
        assert code.shape[2] == code.shape[3] == network.size // network.encoder.reduction
        assert network(x_BCHW).shape == x_BCHW.shape
    assert network.dimension() == network.encoder.out_channels


def test_image_tokens_keep_their_places() -> None:
    """A vision transformer's tokens, in a grid: row by row, without the class token."""

    class Tokens(torch.nn.Module):
        def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
            patches_BND = x_BCHW.flatten(2).transpose(1, 2)
            return torch.cat([torch.full_like(patches_BND[:, :1], -1), patches_BND], 1)

    x_BCHW = torch.arange(2.0 * 3 * 4 * 6).reshape(2, 3, 4, 6)
    assert torch.equal(Backbone(Tokens(), 3, 1, 1)(x_BCHW), x_BCHW)
