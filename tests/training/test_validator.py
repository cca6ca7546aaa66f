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


class Recording(Objective):
    """Keeps which images it sees, in which epoch, and whether they count."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[Any] = []

    def before_validation(self) -> None:
        self.calls.append("before")

    def forward(self, network: nn.Module, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Tensor:
        assert not torch.is_grad_enabled()
        self.calls.append((index_B.tolist(), epoch, self.counted))
        return network(x_BCHW).mean()


class World:
    """Two processes, of which this is one."""

    num_processes = 2
    device = torch.device("cpu")

    def __init__(self, rank: int) -> None:
        self.process_index = rank

    def reduce(self, sums: Tensor) -> Tensor:
        return sums


def recorded(held: np.ndarray, seed: int = 0, world: Any = None) -> list[Any]:
    """What an objective is called with in a validation."""
    objective = Recording()
    data = PixelSet(PIXELS, (0.5,), (0.5,), torch.device("cpu"))
    step = TrainingStep(nn.Conv2d(1, 1, 1), objective)
    validator = Validator(step, data, held, Plan(epochs=1, batch=4, seed=seed), world or build_accelerator())
    validator.validate()
    assert objective.counted
    return objective.calls


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


def test_images_come_in_an_order_of_the_seed_and_in_one_epoch() -> None:
    before, *batches = recorded(np.arange(9))
    assert before == "before"
    order = [index for index_B, _, _ in batches for index in index_B]
    assert [len(index_B) for index_B, _, _ in batches] == [4, 4, 1]
    assert sorted(order) == list(range(9))
    assert order != sorted(order)
    assert {epoch for _, epoch, _ in batches} == {0}
    assert recorded(np.arange(9)) == [before, *batches]
    assert recorded(np.arange(9), seed=1) != [before, *batches]


def test_a_process_without_images_of_its_own_computes_along_uncounted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("unpool.training.validator.broadcast_buffers", lambda *_: None)
    calls = [recorded(np.arange(5), world=World(rank))[1:] for rank in (0, 1)]
    assert [counted for _, _, counted in calls[0]] == [True, True]
    assert [counted for _, _, counted in calls[1]] == [True, False]
    assert calls[0][1][0] == calls[1][1][0], "the last image is counted by the first process alone"


def test_a_plain_loss_has_neither_accuracy_nor_figures() -> None:
    class Mean(nn.Module):
        def forward(self, network: nn.Module, x_BCHW: Tensor, *_: object) -> Tensor:
            return x_BCHW.mean()

    data = PixelSet(PIXELS, (0.5,), (0.5,), torch.device("cpu"))
    step = TrainingStep(nn.Dropout(), Mean())
    found = Validator(step, data, np.arange(3), Plan(epochs=1, batch=4), build_accelerator()).validate()
    assert found.loss == pytest.approx(PIXELS[:3].mean() / 127.5 - 1, abs=1e-6)
    assert (found.accuracy, found.figures) == (None, {})
