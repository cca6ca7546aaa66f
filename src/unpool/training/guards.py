"""Checks that abort a run.

Loss or weights not finite, a step that cannot be taken.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn

from unpool.errors import UnpoolError, UsageError
from unpool.training.plan import Plan


def check_loss_is_finite(loss: float | None, epoch: int, lr: float, what: str = "loss") -> None:
    """Raise `UnpoolError` with advice where a loss is not finite.

    None is none yet.

    Args:
        loss: the mean of an epoch so far.
        epoch: its number, from 0.
        lr: learning rate, for the advice.
        what: which loss.

    Raises:
        UnpoolError: where it is not finite.

    >>> check_loss_is_finite(0.5, 2, lr=0.1)
    >>> check_loss_is_finite(float("nan"), 2, lr=0.1)  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    unpool.errors.UnpoolError: the loss became nan in epoch 3; try a smaller learning rate (--lr, it was 0.1) or ...
    """
    if loss is not None and not math.isfinite(loss):
        raise UnpoolError(f"the {what} became {loss} in epoch {epoch + 1}; {_remedy(lr)}")


def check_weights_are_finite(network: nn.Module, step: int, lr: float) -> None:
    """Check that weights and running statistics are finite.

    The last step of a run may break them without a loss that shows it.

    Args:
        network: what was trained.
        step: the last step, for the message.
        lr: learning rate, for the advice.

    Raises:
        UnpoolError: where one is not finite.
    """
    trained = {name for name, _ in network.named_parameters()}
    for name, value in network.state_dict().items():
        counted = name in trained or name.endswith(("running_mean", "running_var"))
        if counted and not bool(value.isfinite().all()):
            raise UnpoolError(f"the weights {name} are no numbers any more after step {step}; {_remedy(lr)}")


def smallest_step(plan: Plan, count: int, per_epoch: int) -> int:
    """Count the images of the smallest step of a training.

    Args:
        plan: batch size and length.
        count: images to train on.
        per_epoch: steps in an epoch.

    Returns:
        The number of images.

    >>> smallest_step(Plan(epochs=1, batch=4), 9, 3), smallest_step(Plan(epochs=1, batch=4, drop_last=True), 9, 2)
    (1, 4)
    """
    ends_before = plan.drop_last or (plan.steps is not None and plan.steps < per_epoch)
    return min(plan.batch, count) if ends_before else count % plan.batch or min(plan.batch, count)


def check_batch_norm_batch(module: nn.Module, x_1CHW: Tensor, index_1: np.ndarray, batches: str) -> None:
    """Raise `UsageError` where batch normalisation cannot train on one image.

    Planes of 1×1 leave it one value per channel. The module is not changed.

    Args:
        module: network and objective, called as in a training step.
        x_1CHW: one image.
        index_1: its index.
        batches: which images in which batches leave such a step, for the message.

    Raises:
        UsageError: where it cannot.
    """
    before = {name: value.clone() for name, value in module.state_dict().items()}
    module.train()
    try:
        with torch.no_grad():
            module(x_1CHW, index_1, 0)
    except ValueError as error:
        if "more than 1 value per channel" not in str(error):
            raise
        raise UsageError(
            f"{batches} leave a step of one image, which the network's batch normalisation cannot train on; use "
            "--drop-last or another --batch of 2 or more"
        ) from error
    finally:
        module.load_state_dict(before)


def _remedy(lr: float) -> str:
    return f"try a smaller learning rate (--lr, it was {lr:g}) or another --seed"
