"""How many steps a time allows, measured on a clock that the test moves."""

from __future__ import annotations

import pytest

from unpool.training import plan
from unpool.training.plan import MAX_MEASURED, NUM_WARM_UP, seconds_a_step, seconds_to_validate


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def perf_counter(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(plan, "time", clock)
    return clock


def test_the_median_of_the_steps_after_the_warm_up(clock: Clock) -> None:
    costs = [9e-1, 5e-1, *[0.01] * (MAX_MEASURED - NUM_WARM_UP - 1), 0.4]
    seen = []

    def step(number: int) -> None:
        seen.append(number)
        clock.now += costs[number]

    assert seconds_a_step(step, lambda seconds: seconds) == pytest.approx(0.01)
    assert seen == list(range(MAX_MEASURED))


def test_slow_steps_are_measured_once_and_still_give_a_time(clock: Clock) -> None:
    def step(_: int) -> None:
        clock.now += 60

    assert seconds_a_step(step, lambda seconds: seconds) == 60


def test_all_processes_stop_measuring_at_the_same_step(clock: Clock) -> None:
    seen = []
    # This process is quick, but another one's sum is past the limit at the third step.
    sums = iter([1.0, 2.0, 99.0])
    seconds_a_step(seen.append, lambda _: next(sums))
    assert seen == [0, 1, 2]


def test_a_validation_costs_its_second_batch_times_all(clock: Clock) -> None:
    costs = iter([5.0, 0.5])

    def validate() -> None:
        clock.now += next(costs)

    assert seconds_to_validate(validate, 8) == pytest.approx(4.0)
