"""The small published networks, each against the same network written out with torch's functions."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from unpool.errors import UnpoolError
from unpool.networks.catalogue import build_network


def weights_of(name: str) -> tuple[torch.nn.Module, list[Tensor]]:
    network = build_network(name, seed=3).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            torch.nn.init.uniform_(module.running_mean)
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    return network, [value for value in network.state_dict().values() if value.ndim]


def norm(x: Tensor, weights: list[Tensor]) -> Tensor:
    weight, bias, mean, variance = (weights.pop(0) for _ in range(4))
    return F.batch_norm(x, mean, variance, weight, bias)


def pair(weights: list[Tensor]) -> tuple[Tensor, Tensor]:
    return weights.pop(0), weights.pop(0)


def close(ours: Tensor, theirs: Tensor) -> None:
    assert theirs.std() > 1e-4
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-5)


def test_conv_small() -> None:
    network, w = weights_of("conv-small")
    x = torch.randn(4, 1, 28, 28)
    y = F.max_pool2d(F.conv2d(x, *pair(w), stride=3, padding=1).relu(), 2)
    y = F.max_pool2d(F.conv2d(y, *pair(w), stride=2, padding=1).relu(), 2, stride=1)
    assert y.shape == (4, 64, 2, 2)
    y = F.conv_transpose2d(y, *pair(w), stride=2).relu()
    y = F.conv_transpose2d(y, *pair(w), stride=3, padding=1).relu()
    close(network(x), F.conv_transpose2d(y, *pair(w), stride=2, padding=1).tanh())
    assert not w


def test_dense() -> None:
    network, w = weights_of("dense")
    x = torch.randn(4, 1, 28, 28)
    y = F.linear(x.reshape(4, 784), *pair(w)).relu()
    y = F.linear(F.linear(y, *pair(w)).relu(), *pair(w))
    assert y.shape == (4, 12)
    y = F.linear(F.linear(y, *pair(w)).relu(), *pair(w)).relu()
    close(network(x), F.linear(y, *pair(w)).tanh().reshape(x.shape))
    assert not w


def test_unpooling_and_strided() -> None:
    x = torch.rand(3, 1, 28, 28)
    network, w = weights_of("unpooling")
    y, indices = F.max_pool2d(F.conv2d(x, *pair(w)), 2, return_indices=True)
    close(network(x), F.conv_transpose2d(F.max_unpool2d(y, indices, 2), *pair(w)))
    network, w = weights_of("strided")
    y = F.conv2d(F.conv2d(x, *pair(w)), *pair(w), stride=2)
    close(network(x), F.conv_transpose2d(F.conv_transpose2d(y, *pair(w), stride=2), *pair(w)))


def test_denoiser() -> None:
    network, w = weights_of("denoiser")
    x = torch.rand(3, 3, 32, 32)
    y, indices = F.max_pool2d(norm(F.conv2d(x, *pair(w), padding=1).relu(), w), 2, return_indices=True)
    y = norm(F.conv_transpose2d(F.max_unpool2d(y, indices, 2), *pair(w), padding=1).relu(), w)
    close(network(x), F.conv_transpose2d(y, *pair(w), padding=1).relu())


def test_sequence() -> None:
    network, w = weights_of("sequence")
    x = torch.rand(3, 1, 28, 28)
    pool = {"kernel_size": 3, "stride": 3, "padding": 1}
    y, first = F.max_pool1d(
        norm(F.conv1d(x.reshape(3, 1, 784), *pair(w), padding=12), w).relu(), **pool, return_indices=True
    )
    y, second = F.max_pool1d(norm(F.conv1d(y, *pair(w), padding=12), w).relu(), **pool, return_indices=True)
    assert (first.shape[2], second.shape[2]) == (262, 88)
    code = F.linear(F.linear(y.flatten(1), *pair(w)), *pair(w))
    assert code.shape == (3, 30)
    y = F.linear(F.linear(code, *pair(w)), *pair(w)).reshape(3, 64, 88)
    y = norm(F.max_unpool1d(y, second, **pool, output_size=(262,)).relu(), w)
    y = F.conv_transpose1d(y, *pair(w), padding=12)
    y = norm(F.max_unpool1d(y, first, **pool, output_size=(784,)).relu(), w)
    close(network(x), F.conv_transpose1d(y, *pair(w), padding=12).reshape(x.shape))


def test_lenet() -> None:
    network, w = weights_of("lenet")
    x = torch.randn(4, 3, 32, 32)
    y = F.max_pool2d(F.conv2d(x, *pair(w)).relu(), 2)
    y = F.max_pool2d(F.conv2d(y, *pair(w)).relu(), 2).flatten(1)
    y = F.linear(F.linear(y, *pair(w)).relu(), *pair(w)).relu()
    close(network(x), F.linear(y, *pair(w)))


def test_sequence_decodes_to_its_own_size_alone() -> None:
    network = build_network("sequence", size=12)
    code = torch.randn(1, 30)
    assert network.decode(code).shape == network.decode(code, size=12).shape == (1, 1, 12, 12)
    with pytest.raises(UnpoolError, match="this network decodes to 12×12 pixels, not 12×13; leave size out"):
        network.decode(code, size=(12, 13))
