"""Crops with defects against crops without.

B batch, N pictures, T side of a crop.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from unpool.objectives.restoration import MAX_DEFECTS, Restoration

PICTURES = np.random.default_rng(0).integers(100, 140, (6, 48, 48, 3), dtype=np.uint8)


class Seen(nn.Module):
    """A network that gives black, and keeps what it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.inputs: list[Tensor] = []

    def forward(self, x_BCHW: Tensor) -> Tensor:
        self.inputs.append(x_BCHW)
        return torch.full_like(x_BCHW, -1.0)


def build(**more: object) -> Restoration:
    return Restoration(PICTURES, 32, (0.5,) * 3, (0.5,) * 3, ("spot", "paste"), **more)  # type: ignore[arg-type]


def test_the_loss_is_against_the_clean_crop() -> None:
    network, objective, index = Seen(), build(seed=3), np.arange(6)
    loss = objective(network, torch.zeros(6, 3, 48, 48), index, 1)
    clean, damaged = objective.draw(index, 1)
    assert loss.item() == pytest.approx(np.mean((clean / 255 * 2 - 1 + 1) ** 2), rel=1e-5)
    shown = ((network.inputs[0].permute(0, 2, 3, 1) + 1) * 127.5).round().numpy()
    noisy = (shown == 0) | (shown == 255)
    assert (shown == damaged)[~noisy].mean() > 0.999
    assert 0 < noisy.mean() < 0.05
    assert (clean != damaged).any()


def test_crops_are_of_their_picture_and_differ_by_epoch_and_seed_alone() -> None:
    objective = build(seed=3)
    clean, damaged = objective.draw(np.array([4]), 2)
    places = np.lib.stride_tricks.sliding_window_view(PICTURES[4], (32, 32, 3))[:, :, 0]
    assert (places == clean[0]).all((2, 3, 4)).any()
    again = build(seed=3).draw(np.array([1, 4]), 2)
    assert (again[0][1] == clean[0]).all()
    assert (again[1][1] == damaged[0]).all()
    assert not (objective.draw(np.array([4]), 3)[0] == clean).all()
    assert not (build(seed=4).draw(np.array([4]), 2)[0] == clean).all()


def test_some_crops_have_no_defect() -> None:
    clean, damaged = (
        np.concatenate(each) for each in zip(*(build().draw(np.arange(6), n) for n in range(10)), strict=True)
    )
    share = (clean == damaged).all((1, 2, 3)).mean()
    assert 0.5 / (MAX_DEFECTS + 1) < share < 2.5 / (MAX_DEFECTS + 1)
