"""Steps of a training: gradients, shares of batches, and what a measurement leaves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from unpool.errors import UsageError
from unpool.objectives.base import Objective
from unpool.training.data.datasets import PixelSet
from unpool.training.distributed import build_accelerator
from unpool.training.plan import Plan
from unpool.training.trainer import Trainer, TrainingStep, copy_state


class Mean(nn.Module):
    def forward(self, network: nn.Module, x_BCHW: Tensor, *_: object) -> Tensor:
        return network(x_BCHW).square().mean()


def trainer(
    count: int = 10, objective: nn.Module | None = None, network: nn.Module | None = None, **plan: object
) -> Trainer:
    pixels = np.random.default_rng(0).integers(0, 255, (count, 4, 4, 1), np.uint8)
    data = PixelSet(pixels, (0.5,), (0.5,), torch.device("cpu"))
    torch.manual_seed(0)
    step = TrainingStep(network or nn.Conv2d(1, 2, 3), objective or Mean())
    settings = {"batch": 4, "optimizer": "sgd", "lr": 0.1, "weight_decay": 0.0} | plan
    return Trainer(step, data, Plan(epochs=1, **settings), np.arange(count), build_accelerator())  # type: ignore[arg-type]


class Scaled(Objective):
    """The mean by a factor of its own, and how many images there were; keeps what its hooks were called with."""

    def __init__(self) -> None:
        super().__init__()
        self.factor = nn.Parameter(torch.ones(()))
        self.calls: list[tuple[Any, ...]] = []

    def forward(self, network: nn.Module, x_BCHW: Tensor, *_: object) -> tuple[Tensor, Tensor]:
        return self.factor * network(x_BCHW).square().mean(), torch.tensor(len(x_BCHW))

    def before_epoch(self, epoch: int, num_epochs: int) -> None:
        self.calls.append((epoch, num_epochs))

    def after_step(self) -> None:
        self.calls.append(("step", float(self.factor.detach())))


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
    assert one.meter.means()[0] == pytest.approx(float(copy(batch.x_BCHW).square().mean().detach()), rel=1e-5)


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


def test_hooks_are_those_of_an_objective_alone() -> None:
    plain, hooked = trainer(), trainer(objective=Scaled())
    assert plain.step_module.hooks is None
    plain.start_epoch(0, 3)  # a plain loss has none: nothing is called
    hooked.start_epoch(1, 3)
    hooked.backward(next(hooked.batches(0, 0, 1)), 0, 0)
    hooked.update()
    objective = hooked.step_module.objective
    assert objective.calls == [(1, 3), ("step", float(objective.factor.detach()))]
    assert objective.calls[1] != ("step", 1.0), "its own parameter is trained, and the hook comes after"
    assert hooked.meter.means()[1] == 1.0, "each of the images was counted as right"


def test_gradients_are_those_of_the_last_batch() -> None:
    one = trainer()
    batch = next(one.batches(0, 0, 1))
    one.backward(batch, 0, 0)
    once = one.step_module.network.weight.grad.clone()
    one.backward(batch, 0, 1)
    torch.testing.assert_close(one.step_module.network.weight.grad, once)


def test_a_share_weighs_as_its_images_and_counts_where_there_are_any() -> None:
    one = trainer()
    batch = next(one.batches(0, 0, 1))
    one.backward(batch, 0, 0)
    whole = one.step_module.network.weight.grad.clone()
    one.backward(batch._replace(weight=0.5), 0, 0)
    torch.testing.assert_close(one.step_module.network.weight.grad, whole / 2)
    one.reset_meter()
    one.backward(batch._replace(weight=0.0), 0, 0)
    assert not one.step_module.network.weight.grad.any()
    assert one.meter.means() == (None, None)


def test_processes_share_each_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    one = trainer()
    whole = [batch.index_B for batch in one.batches(0, 0, 3)]
    shares = []
    for rank in (0, 1):
        monkeypatch.setattr(
            one, "accelerator", type("World", (), {"process_index": rank, "num_processes": 2})
        )
        shares.append(list(one.batches(0, 0, 3)))
    assert [[*a.index_B, *b.index_B] for a, b in zip(*shares, strict=True)] == [list(each) for each in whole]
    assert [batch.num_images for batch in shares[1]] == [4, 4, 2]
    assert [batch.weight for batch in shares[1]] == [1.0, 1.0, 1.0]


def test_random_numbers_of_a_step_depend_on_seed_and_step() -> None:
    def loss(seed: int, step: int) -> float:
        torch.manual_seed(0)
        one = trainer(network=nn.Sequential(nn.Dropout(), nn.Conv2d(1, 2, 3)), seed=seed)
        one.backward(next(one.batches(0, 0, 1)), 0, step)
        return one.meter.means()[0] or 0.0

    first = loss(0, 5)
    torch.rand(3)
    assert first == loss(0, 5)
    assert first != loss(0, 6)


def test_a_step_of_one_image_that_cannot_be_normalised_is_refused_at_once() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 4), nn.BatchNorm2d(2))
    with pytest.raises(UsageError, match="9 images in batches of 4"):
        trainer(9, network=network).check_smallest_batch()
    trainer(10, network=network).check_smallest_batch()
    trainer(9).check_smallest_batch()


def test_the_encoder_learns_at_its_own_rate() -> None:
    network = nn.Module()
    network.encoder, network.decoder = nn.Conv2d(1, 2, 3), nn.Conv2d(2, 1, 3)
    rates = {group["lr"] for group in trainer(network=network, backbone_lr=0.01).optimizer.param_groups}
    assert rates == {0.1, 0.01}


def test_weights_are_copied_not_shared() -> None:
    network = nn.Conv2d(1, 2, 3)
    before = copy_state(network)
    with torch.no_grad():
        network.weight.add_(1)
    assert not torch.equal(before["weight"], network.weight)
