"""Denoising against NumPy.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from unpool.errors import UsageError
from unpool.objectives.denoising import Denoising


class Seen(nn.Module):
    """A network that keeps what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(0.5))
        self.inputs: list[Tensor] = []

    def forward(self, x_BCHW: Tensor) -> Tensor:
        self.inputs.append(x_BCHW)
        return x_BCHW * self.weight


def test_the_loss_is_of_the_corrupted_input_against_the_clean_one() -> None:
    network, x = Seen(), torch.rand(6, 1, 12, 12) * 2 - 1
    denoising = Denoising("mse", "salt-pepper:snr=0.7", (0.5,), (0.5,), seed=4)
    loss = denoising(network, x, np.arange(6), 1)
    shown, clean = network.inputs[0].double().numpy(), x.double().numpy()
    changed = shown != clean
    assert set(np.unique(shown[changed])) == {-1.0, 1.0}
    assert 0.2 < changed.mean() < 0.4
    assert loss.item() == pytest.approx(np.mean((0.5 * shown - clean) ** 2), rel=1e-5)
    loss.backward()
    assert network.weight.grad is not None
    assert network.weight.grad.item() == pytest.approx(2 * np.mean((0.5 * shown - clean) * shown), rel=1e-4)


def test_noise_is_new_each_epoch_and_the_same_for_the_same_image() -> None:
    network, x, index = Seen(), torch.rand(4, 3, 8, 8), np.array([7, 3, 9, 4])
    denoising = Denoising("l1", "gaussian:sigma=0.2", (0.0,) * 3, (1.0,) * 3, seed=1)
    denoising(network, x, index, 1)
    denoising(network, x, index, 2)
    denoising(network, x.flip(0), index[::-1].copy(), 1)
    Denoising("l1", "gaussian:sigma=0.2", (0.0,) * 3, (1.0,) * 3, seed=2)(network, x, index, 1)
    first, later, turned, other_seed = network.inputs
    assert torch.equal(first, turned.flip(0))
    assert not torch.equal(first, later)
    assert not torch.equal(first, other_seed)


def test_wrong_words_are_reported() -> None:
    with pytest.raises(UsageError, match="unknown --corruption 'fog'"):
        Denoising("mse", "fog", (0.0,), (1.0,))
    with pytest.raises(UsageError, match="'msse'; did you mean 'mse'"):
        Denoising("msse", "mask", (0.0,), (1.0,))
