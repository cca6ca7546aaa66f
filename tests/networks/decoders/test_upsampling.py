"""The upsampling decoder reaches every size."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from unpool.errors import UnpoolError
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.decoders.upsampling import UpsamplingDecoder


def test_an_encoder_that_is_no_sequential_takes_an_upsampling_decoder() -> None:
    class Encoder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 5, 3, stride=4, padding=1)

        def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
            return self.conv(x_BCHW)

    with pytest.raises(UnpoolError, match="cannot mirror Encoder"):
        Autoencoder(Encoder())
    autoencoder = Autoencoder(Encoder(), UpsamplingDecoder(5, reduction=4), merge="mean")
    x_BCHW = torch.rand(2, 3, 21, 34)
    assert autoencoder(x_BCHW).shape == x_BCHW.shape
    assert autoencoder.dimension((30, 40)) == 5


@pytest.mark.parametrize("form", ["upsample", "transpose"])
def test_upsampling_reaches_every_size(form) -> None:
    decoder = UpsamplingDecoder(6, reduction=8, form=form).eval()
    with torch.no_grad():
        for height in range(9, 17):
            assert decoder(torch.rand(1, 6, 2, 3), size=(height, 20)).shape == (1, 3, height, 20)
        assert decoder(torch.rand(1, 6, 2, 3)).shape == (1, 3, 9, 17)
    with pytest.raises(UnpoolError, match="the code is 1×6; an image needs"):
        decoder(torch.rand(1, 6))


def test_upsampling_has_no_checkerboard() -> None:
    """Two steps from a constant code give a constant inside; the border alone sees the zero padding."""
    torch.manual_seed(0)
    decoder = UpsamplingDecoder(4, reduction=4).eval()
    with torch.no_grad():
        image_HW = decoder(torch.ones(1, 4, 12, 12), size=(48, 48))[0, 0]
    inside = image_HW[12:-12, 12:-12]
    assert inside.std() < 1e-6 * inside.abs().mean()
    assert image_HW.std() > 1e-4 * inside.abs().mean()
