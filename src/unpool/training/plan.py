"""How long and how to train, and how many steps a time allows: plain numbers, readable without torch."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

MEASURED, SECONDS = 12, 5.0  # steps at most, and after how long no more are measured
WARM = 2  # steps that come first make room and pick algorithms: they are not counted


@dataclass(frozen=True)
class Plan:
    """How long and how to train. Exactly one of `epochs`, `steps` and `minutes` is set.

    `batch` counts the images of a step over all processes. `optimizer` and `schedule` are names as in
    `training.optimisers`. `val` is the share of the images kept out for validation. Training stops early when
    the validation loss has not improved for `patience` epochs, never where that is None. `backbone_lr` is the
    learning rate of the network's encoder where it has one of its own.
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


def seconds_a_step(step: Callable[[int], None], agreed: Callable[[float], float]) -> float:
    """The median time of a few calls of `step(number)`; `agreed` makes a time the same in every process."""
    times: list[float] = []
    for number in range(MEASURED):
        times.append(_timed(lambda number=number: step(number)))  # type: ignore[misc]
        if agreed(sum(times)) > SECONDS:
            break
    return float(np.median(times[WARM:] or times))


def seconds_to_validate(validate: Callable[[], None], num_batches: float) -> float:
    """What a validation costs, from its first batch: whole images may be far larger than what is trained on."""
    validate()  # makes room and picks algorithms
    return _timed(validate) * num_batches


def _timed(act: Callable[[], None]) -> float:
    start = time.perf_counter()
    act()
    return time.perf_counter() - start
