"""Validation on the images held out.

N images, B batch, C channels, H height, W width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from unpool.training.data.datasets import Images
from unpool.training.distributed import broadcast_buffers, split_batch
from unpool.training.history import Entry
from unpool.training.meters import LossMeter
from unpool.training.plan import Plan, seconds_to_validate

if TYPE_CHECKING:
    from accelerate import Accelerator

    from unpool.training.trainer import TrainingStep

ORDER = 0x0DE2  # of the seed: the order of validation images


class Validation(NamedTuple):
    """Mean loss, accuracy, and the objective's own figures.

    Loss and accuracy are None where there is none.
    """

    loss: float | None
    accuracy: float | None
    figures: Entry


class Validator:
    """Evaluate a network on the images held out.

    All processes share them.

    Args:
        step: network and objective.
        data: the images, by index.
        held_index: indices of the images held out, (N,); none: nothing is validated.
        plan: batch size and seed.
        accelerator: device, precision and processes.
    """

    def __init__(
        self, step: TrainingStep, data: Images, held_index: np.ndarray, plan: Plan, accelerator: Accelerator
    ) -> None:
        self.step_module, self.data, self.plan, self.accelerator = step, data, plan, accelerator
        # In folder order a batch would be of one class, and harder to separate than in training.
        self.index_N = np.random.default_rng([plan.seed, ORDER]).permutation(held_index)

    @torch.no_grad()
    def validate(self) -> Validation:
        """Compute loss, accuracy and the objective's figures."""
        world, hooks = self.accelerator, self.step_module.hooks
        if not len(self.index_N):
            return Validation(None, None, {})
        own = [
            split_batch(
                self.index_N[start : start + self.plan.batch], world.process_index, world.num_processes
            )
            for start in range(0, len(self.index_N), self.plan.batch)
        ]
        self.step_module.eval()
        broadcast_buffers(self.step_module.network, world)
        meter = LossMeter(world.device)
        if hooks:
            hooks.before_validation()
        images = self.data.batches([index_B for index_B, _ in own], self.plan.seed)
        for x_BCHW, (index_B, weight) in zip(images, own, strict=True):
            if hooks:
                hooks.counted = bool(weight)
            # The same epoch number every time: the same views, so that losses can be compared.
            loss, hits = self.step_module(x_BCHW, index_B, 0)
            if weight:
                meter.add(loss, hits, len(index_B))
        if hooks:
            hooks.counted = True
        return Validation(*meter.means(world), hooks.after_validation(world) if hooks else {})

    @torch.no_grad()
    def seconds(self) -> float:
        """Estimate the seconds of one validation from its first batch."""
        if not len(self.index_N):
            return 0.0
        world, count = self.accelerator, min(self.plan.batch, len(self.index_N))
        index_B, _ = split_batch(self.index_N[:count], world.process_index, world.num_processes)

        def validate_one() -> None:
            self.step_module(next(iter(self.data.batches([index_B], self.plan.seed))), index_B, 0)

        self.step_module.eval()
        return seconds_to_validate(validate_one, len(self.index_N) / count)
