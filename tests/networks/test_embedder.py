"""Every network that embeds has the same face."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from unpool.errors import UnpoolError
from unpool.networks.autoencoder import Autoencoder
from unpool.networks.decoders.base import NoDecoder
from unpool.networks.embedder import Embedder
from unpool.networks.head import Head, with_head

FACE = [name for name in (*Embedder.__annotations__, *vars(Embedder)) if not name.startswith("_")]


def test_autoencoders_and_heads_have_all_of_it() -> None:
    network = Autoencoder(nn.Conv2d(3, 4, 3), merge="mean")
    for embedder in (network, with_head(network, 2), Head(with_head(network, 2))):
        assert [name for name in FACE if not hasattr(embedder, name)] == []


def test_only_a_network_with_a_decoder_reconstructs() -> None:
    x_BCHW = torch.rand(2, 3, 9, 9)
    network = Autoencoder(nn.Conv2d(3, 4, 3), merge="mean")
    assert network.has_decoder
    torch.testing.assert_close(network.reconstruct(x_BCHW), network(x_BCHW))
    bare = Autoencoder(nn.Conv2d(3, 4, 3), NoDecoder())
    assert not bare.has_decoder
    with pytest.raises(UnpoolError, match="no decoder"):
        bare.reconstruct(x_BCHW)
    head = Head(with_head(network, 2))
    assert not head.has_decoder
    with pytest.raises(UnpoolError, match="no decoder"):
        head.reconstruct(torch.rand(2, 4))
