"""Reconstruction compares the network's output with its input, by any element-wise loss."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from unpool.errors import UsageError
from unpool.objectives.losses.registry import ELEMENTWISE
from unpool.objectives.losses.ssim import ssim
from unpool.objectives.reconstruction import Reconstruction, reconstruction_loss

X = torch.rand(3, 2, 16, 16, generator=torch.Generator().manual_seed(0))
INDEX = np.arange(3)


class Half(nn.Module):
    def forward(self, x_BCHW: torch.Tensor) -> torch.Tensor:
        return x_BCHW / 2


def test_mse_of_output_and_input() -> None:
    assert Reconstruction()(Half(), X, INDEX, 0).item() == pytest.approx(
        (X.numpy() ** 2).mean() / 4, rel=1e-6
    )
    assert Reconstruction("mse")(nn.Identity(), X, INDEX, 0).item() == 0


def test_ssim_knows_the_pixel_range() -> None:
    expected = 1 - ssim(X / 2, X, 2.0).mean()
    torch.testing.assert_close(Reconstruction("ssim", low=-1, high=1)(Half(), X, INDEX, 0), expected)


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_every_name_gives_a_gradient(name: str) -> None:
    network = nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.Sigmoid())
    value = Reconstruction(name, low=0, high=1)(network, X, INDEX, 0)
    value.backward()
    assert value.shape == ()
    assert network[0].weight.grad is not None
    assert network[0].weight.grad.abs().sum() > 0


def test_a_loss_that_cannot_take_the_pixels_is_refused_at_once() -> None:
    with pytest.raises(
        UsageError, match=r"--loss bce needs pixels in 0\.\.1, but conv-small works in -1\.\.1; use mse"
    ):
        Reconstruction("bce", low=-1, high=1, architecture="conv-small")
    with pytest.raises(UsageError, match="did you mean 'huber'"):
        reconstruction_loss("hubr")


def test_nothing_of_it_is_saved_or_trained() -> None:
    for name in ELEMENTWISE:
        objective = Reconstruction(name)
        assert objective.state_dict() == {}
        assert list(objective.parameters()) == []
