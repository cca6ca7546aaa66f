"""How many steps a time allows, from what a few of them cost."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

MEASURED, SECONDS = 12, 5.0  # steps at most, and after how long no more are measured
WARM = 2  # steps that come first make room and pick algorithms: they are not counted


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
