"""Decoders fit their image to the size asked for."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from unpool.errors import UnpoolError
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.catalogue import build_network
from unpool.networks.decoders.base import NoDecoder, interpolate


def test_any_module_may_decode_and_is_fitted_to_the_image() -> None:
    decoder = nn.ConvTranspose2d(4, 1, 4, stride=4)
    autoencoder = Autoencoder(nn.Conv2d(1, 4, 4, stride=4), decoder)
    x_BCHW = torch.rand(1, 1, 18, 17)
    assert autoencoder(x_BCHW).shape == x_BCHW.shape
    code = autoencoder.encode(x_BCHW)
    assert torch.equal(autoencoder.decode(code), decoder(code))


def test_interpolation_is_linear_between_pixel_centres() -> None:
    x_BCL = torch.tensor([[[0.0, 1.0]]])
    assert interpolate(x_BCL, (4,)).flatten().tolist() == [0, 0.25, 0.75, 1]
    assert interpolate(x_BCL.reshape(1, 1, 1, 2), (2, 4))[0, 0].tolist() == [[0, 0.25, 0.75, 1]] * 2
    assert interpolate(x_BCL, (2,)) is x_BCL


def test_a_network_without_a_decoder_embeds_and_says_so() -> None:
    network = build_network("conv", size=16, decoder="none")
    assert isinstance(network.decoder, NoDecoder)
    assert network.embed(torch.rand(1, 3, 16, 16)).shape == (1, 256)
    with pytest.raises(UnpoolError, match="this network has no decoder; build it with decoder="):
        network(torch.rand(1, 3, 16, 16))
