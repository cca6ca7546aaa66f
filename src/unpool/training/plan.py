"""Length, batch size and rates of a training.

Plain numbers, readable without torch.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

MAX_MEASURED, MAX_SECONDS = 12, 5.0  # steps that are measured, and time after which no more are
NUM_WARM_UP = 2  # steps that come first make room and pick algorithms: they are not counted


@dataclass(frozen=True)
class Plan:
    """How long and how to train.

    Exactly one of `epochs`, `steps` and `minutes` is set.

    Args:
        epochs, steps, minutes: the length.
        batch: images in a step, over all processes.
        drop_last: leave out the last batch of an epoch where it is not full.
        optimizer, schedule: names with their arguments, as in `training.optimisation`.
        lr: learning rate.
        weight_decay: None: the optimiser's own.
        val: share of the images held out for validation.
        patience: epochs without a better validation loss after which training stops; None: never.
        seed: of all randomness.
        backbone_lr: learning rate of the network's encoder; None: `lr`.
    """

    epochs: int | None = None
    steps: int | None = None
    minutes: float | None = None
    batch: int = 128
    drop_last: bool = False
    optimizer: str = "adamw"
    schedule: str = "cosine"
    lr: float = 2e-3
    weight_decay: float | None = 1e-5
    val: float = 0.1
    patience: int | None = None
    seed: int = 0
    backbone_lr: float | None = None


def seconds_a_step(step: Callable[[int], None], agree: Callable[[float], float]) -> float:
    """Measure the median seconds of a few steps.

    Args:
        step: takes the step of that number.
        agree: makes a time the same in every process.
    """
    times: list[float] = []
    for number in range(MAX_MEASURED):
        times.append(_seconds_of(lambda number=number: step(number)))  # type: ignore[misc]
        if agree(sum(times)) > MAX_SECONDS:
            break
    return median(times[NUM_WARM_UP:] or times)


def seconds_to_validate(validate: Callable[[], None], num_batches: float) -> float:
    """Estimate the seconds of a validation from its first batch.

    Whole images may be far larger than the crops that are trained on.
    """
    validate()  # makes room and picks algorithms
    return _seconds_of(validate) * num_batches


def _seconds_of(act: Callable[[], None]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start
