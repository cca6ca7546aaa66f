"""Steps of a training: gradients, shares of batches, and what a measurement leaves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from unpool.errors import UsageError
from unpool.training.data.datasets import PixelSet
from unpool.training.distributed import build_accelerator
from unpool.training.plan import Plan
from unpool.training.trainer import Trainer, TrainingStep, copy_state


class Mean(nn.Module):
    def forward(self, network: nn.Module, x_BCHW: Tensor, *_: object) -> Tensor:
        return network(x_BCHW).square().mean()


def trainer(count: int = 10, **plan: object) -> Trainer:
    pixels = np.random.default_rng(0).integers(0, 255, (count, 4, 4, 1), np.uint8)
    data = PixelSet(pixels, (0.5,), (0.5,), torch.device("cpu"))
    torch.manual_seed(0)
    step = TrainingStep(nn.Conv2d(1, 2, 3), Mean())
    settings = {"batch": 4, "optimizer": "sgd", "lr": 0.1, "weight_decay": 0.0} | plan
    return Trainer(step, data, Plan(epochs=1, **settings), np.arange(count), build_accelerator())  # type: ignore[arg-type]


def test_a_step_is_that_of_plain_gradient_descent() -> None:
    one = trainer()
    batch = next(one.batches(0, 0, 1))
    weight = one.step_module.network.weight.detach().clone()
    copy = nn.Conv2d(1, 2, 3)
    copy.load_state_dict(one.step_module.network.state_dict())
    copy(batch.x_BCHW).square().mean().backward()
    one.backward(batch, 0, 0)
    one.update()
    expected = weight - 0.1 * copy.weight.grad
    torch.testing.assert_close(one.step_module.network.weight.detach(), expected)
    assert one.meter.means()[0] == pytest.approx(float(copy(batch.x_BCHW).square().mean()), rel=1e-5)


def test_batches_go_on_where_a_run_was_stopped() -> None:
    one = trainer()
    assert one.steps_per_epoch == 3
    whole = [batch.index_B.tolist() for batch in one.batches(2, 0, 3)]
    assert [batch.index_B.tolist() for batch in one.batches(2, 1, 9)] == whole[1:]
    assert [batch.num_images for batch in one.batches(0, 0, 3)] == [4, 4, 2]


def test_measuring_leaves_no_trace() -> None:
    one = trainer()
    before = copy_state(one.step_module)
    with one.state_kept():
        assert one.seconds_per_step() > 0
        with torch.no_grad():
            one.step_module.network.weight.add_(1)
    assert all(torch.equal(before[name], value) for name, value in one.step_module.state_dict().items())
    assert one.meter.means() == (None, None)
    assert one.step_module.network.weight.grad is None


def test_no_batch_at_all_is_an_error() -> None:
    with pytest.raises(UsageError, match="3 images to train on are no batch of 4"):
        trainer(3, drop_last=True)
