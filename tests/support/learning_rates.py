"""Optimisers with two groups, and the rates that a schedule gives them over a run."""

from __future__ import annotations

import torch
from torch import nn, optim

from unpool.training.optimisation.optimisers import build_optimiser

PER_EPOCH, EPOCHS = 7, 10


TOTAL = PER_EPOCH * EPOCHS


LOSSES = [3.0, 2.0, 2.1, 2.2, 2.3, 1.9, 1.95, 1.96, 1.97, 1.98]


def two_groups(text: str = "sgd:momentum=0.9") -> optim.Optimizer:
    groups = [
        {"params": [nn.Parameter(torch.ones(2, 2))]},
        {"params": [nn.Parameter(torch.ones(2, 2))], "lr": 0.01},
    ]
    return build_optimiser(text, groups, lr=0.1)


def rates(optimiser: optim.Optimizer) -> list[float]:
    return [group["lr"] for group in optimiser.param_groups]


def walk(schedule, optimiser, first: int = 0, last: int = TOTAL) -> list[list[float]]:
    """The rates of the steps from `first` to `last`, as the loop of a run asks for them."""
    seen = []
    for step in range(first, last):
        schedule.before_step(step)
        seen.append(rates(optimiser))
        optimiser.step()
        if (step + 1) % PER_EPOCH == 0:
            schedule.after_epoch(LOSSES[step // PER_EPOCH])
    return seen
