"""The steps of a training.

Forward, backward, the optimiser, over the processes that share each batch.

N images, B batch, C channels, H height, W width.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from unpool.errors import UsageError
from unpool.objectives.base import Objective
from unpool.training.data.datasets import Images, epoch_batches
from unpool.training.distributed import exclude_ddp_buffers, mean_over_processes, split_batch
from unpool.training.guards import check_batch_norm_batch, smallest_step
from unpool.training.meters import LossMeter
from unpool.training.optimisation.optimisers import build_optimiser, parameter_groups
from unpool.training.plan import Plan, seconds_a_step

if TYPE_CHECKING:
    from accelerate import Accelerator


class TrainingStep(nn.Module):
    """Network and objective as one module.

    Several processes wrap them together.
    """

    def __init__(self, network: nn.Module, objective: nn.Module) -> None:
        super().__init__()
        self.network, self.objective = network, objective

    @property
    def hooks(self) -> Objective | None:
        """The objective where it follows the run.

        None for a plain loss.
        """
        return self.objective if isinstance(self.objective, Objective) else None

    def forward(self, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> tuple[Tensor, Tensor | None]:
        """Compute the loss of a batch.

        Args:
            x_BCHW: the images, or what the objective takes in their place.
            index_B: their indices.
            epoch: from 0.

        Returns:
            The mean loss, and how many were classified right; None where the objective does not count them.
        """
        value = self.objective(self.network, x_BCHW, index_B, epoch)
        return value if isinstance(value, tuple) else (value, None)


class Batch(NamedTuple):
    """The share of a batch that this process computes.

    `index_B` into the data, `weight` of its mean loss.
    """

    x_BCHW: Tensor
    index_B: np.ndarray
    weight: float
    num_images: int  # of the whole batch, over all processes


class Trainer:
    """Take optimisation steps on a network over the training images.

    Args:
        step: network and objective; moved to the accelerator's device.
        data: the images, by index.
        plan: batch size, optimiser, rates and seed.
        train_index: indices of the images to train on, (N,).
        accelerator: device, precision and processes.

    Raises:
        UsageError: where the images are fewer than a batch that may not be dropped, or cannot be normalised.

    Attributes:
        meter: loss and hits of the epoch so far.
        optimizer: changes the parameters of network and objective.
        steps_per_epoch: steps in one pass over the images.
    """

    def __init__(
        self, step: TrainingStep, data: Images, plan: Plan, train_index: np.ndarray, accelerator: Accelerator
    ) -> None:
        self.data, self.plan, self.train_index, self.accelerator = data, plan, train_index, accelerator
        self.steps_per_epoch = _steps_per_epoch(len(train_index), plan)
        step.network.to(accelerator.device).to(memory_format=torch.channels_last)
        step.objective.to(accelerator.device)
        if accelerator.num_processes > 1 and accelerator.device.type == "cuda":
            step = nn.SyncBatchNorm.convert_sync_batchnorm(step)  # type: ignore[no-untyped-call]
        self.step_module = step
        replicated = step.hooks.replicated_buffers if step.hooks else ()
        exclude_ddp_buffers(step, [f"objective.{name}" for name in replicated])
        self.module: nn.Module = accelerator.prepare_model(step)
        self.optimizer = build_optimiser(
            plan.optimizer, parameter_groups(step, plan.backbone_lr), plan.lr, plan.weight_decay
        )
        self.meter = LossMeter(accelerator.device)

    def check_smallest_batch(self) -> None:
        """Raise `UsageError` where the smallest step cannot be normalised."""
        smallest = smallest_step(self.plan, len(self.train_index), self.steps_per_epoch)
        if smallest // self.accelerator.num_processes > 1:
            return
        index_1 = self.train_index[:1]
        x_1CHW = next(iter(self.data.batches([index_1], self.plan.seed, 0)))
        check_batch_norm_batch(
            self.step_module, x_1CHW, index_1,
            f"{len(self.train_index)} images in batches of {self.plan.batch}",
        )  # fmt: skip

    def batches(self, epoch: int, first: int, count: int) -> Iterator[Batch]:
        """Yield this process's share of some batches.

        Args:
            epoch: from 0; it fixes the order.
            first: number of the first batch.
            count: how many at most, to the end of the epoch.

        Yields:
            The shares.
        """
        plan, world = self.plan, self.accelerator
        every = list(epoch_batches(self.train_index, plan.batch, plan.seed, epoch, plan.drop_last))
        whole = every[first : first + count]
        own = [split_batch(index_B, world.process_index, world.num_processes) for index_B in whole]
        images = self.data.batches([index_B for index_B, _ in own], plan.seed, epoch)
        for x_BCHW, (index_B, weight), index_all in zip(images, own, whole, strict=True):
            yield Batch(x_BCHW, index_B, weight, len(index_all))

    def backward(self, batch: Batch, epoch: int, step: int) -> None:
        """Compute the gradients of a batch.

        Args:
            batch: its loss goes into the meter.
            epoch: from 0.
            step: from 0 over the whole run; it seeds the generators.
        """
        # Dropout, if a network has any; each process draws its own.
        self._seed_generators((self.plan.seed * 1_000_003 + step) * 1_009 + self.accelerator.process_index)
        loss, hits = self.module(batch.x_BCHW, batch.index_B, epoch)
        self.optimizer.zero_grad(set_to_none=True)
        self.accelerator.backward(loss * batch.weight if batch.weight != 1 else loss)
        if batch.weight:
            self.meter.add(loss, hits, len(batch.index_B))

    def update(self) -> None:
        """Change the weights by the gradients."""
        self.optimizer.step()
        if self.step_module.hooks:
            self.step_module.hooks.after_step()

    def start_epoch(self, epoch: int, num_epochs: int) -> None:
        """Announce to the objective that an epoch begins."""
        if self.step_module.hooks:
            self.step_module.hooks.before_epoch(epoch, num_epochs)

    def reset_meter(self) -> None:
        """Start the sums of the next epoch."""
        self.meter = LossMeter(self.accelerator.device)

    def seconds_per_step(self) -> float:
        """Measure a few forward and backward passes, in seconds.

        Call it within `state_kept`.
        """
        self.module.train()

        def pass_once(number: int) -> None:
            self.backward(next(self.batches(0, number % self.steps_per_epoch, 1)), 0, 0)

        return seconds_a_step(pass_once, lambda seconds: mean_over_processes(seconds, self.accelerator))

    @contextmanager
    def state_kept(self) -> Iterator[None]:
        """Restore weights, buffers, gradients and meter at the end."""
        before = copy_state(self.step_module)
        yield
        self.step_module.load_state_dict(before)
        self.optimizer.zero_grad(set_to_none=True)
        self.reset_meter()

    def _seed_generators(self, seed: int) -> None:
        """Seed the generators in use. `torch.manual_seed` would keep a stack trace for each call without a GPU."""
        torch.default_generator.manual_seed(seed)
        if self.accelerator.device.type == "cuda":
            torch.cuda.manual_seed(seed)
        elif self.accelerator.device.type == "mps":
            torch.mps.manual_seed(seed)


def copy_state(module: nn.Module) -> dict[str, Tensor]:
    """Copy the parameters and buffers of a module."""
    return {name: value.clone() for name, value in module.state_dict().items()}


def _steps_per_epoch(count: int, plan: Plan) -> int:
    steps = count // plan.batch if plan.drop_last else math.ceil(count / plan.batch)
    if not steps:
        raise UsageError(
            f"{count} images to train on are no batch of {plan.batch}; give more images, a smaller --batch or "
            "--val, or leave out --drop-last"
        )
    return steps
