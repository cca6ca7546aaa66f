"""Validation: means over all images held out, and the objective's figures."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from unpool.objectives.base import Objective
from unpool.training.data.datasets import PixelSet
from unpool.training.distributed import build_accelerator
from unpool.training.plan import Plan
from unpool.training.trainer import TrainingStep
from unpool.training.validator import Validator

PIXELS = np.random.default_rng(0).integers(0, 255, (9, 2, 2, 1), np.uint8)


class Watching(Objective):
    """The mean of the images, and how many were seen."""

    seen = 0

    def forward(self, network: nn.Module, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Any:
        assert not network.training
        self.seen += len(index_B)
        return x_BCHW.mean(), (x_BCHW.mean(dim=(1, 2, 3)) > 0).sum()

    def after_validation(self, accelerator: Any) -> dict[str, Any]:
        return {"seen": self.seen}


def validator(held: np.ndarray) -> Validator:
    data = PixelSet(PIXELS, (0.5,), (0.5,), torch.device("cpu"))
    step = TrainingStep(nn.Dropout(), Watching())
    return Validator(step, data, held, Plan(epochs=1, batch=4), build_accelerator())


def test_loss_and_accuracy_are_over_all_images_held_out() -> None:
    held = np.array([1, 3, 4, 6, 8])
    found = validator(held).validate()
    mean_N = PIXELS[held].mean(axis=(1, 2, 3)) / 127.5 - 1
    assert found.loss == pytest.approx(mean_N.mean(), abs=1e-6)
    assert found.accuracy == pytest.approx((mean_N > 0).mean())
    assert found.figures == {"seen": 5}


def test_nothing_held_out_is_nothing_found() -> None:
    empty = validator(np.zeros(0, int))
    assert empty.validate() == (None, None, {})
    assert empty.seconds() == 0.0
    assert validator(np.arange(5)).seconds() > 0
