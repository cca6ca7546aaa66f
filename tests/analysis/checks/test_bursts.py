from __future__ import annotations

import numpy as np

from unpool.analysis.checks.bursts import MAX_GAP, find_bursts

NAN = float("nan")


def chain(count: int) -> np.ndarray:
    """Each image has the one before and the one after it as neighbours."""
    rows = np.arange(count)
    return np.stack([rows - 1, np.where(rows + 1 < count, rows + 1, -1)], axis=1)


def test_the_sharpest_of_a_burst_comes_first() -> None:
    time = [0, 1, 2, 100, 101, 500]
    assert find_bursts(time, [0] * 6, chain(6), [0.1, 0.9, 0.5, 0.2, NAN, 1.0]) == [[1, 2, 0], [3, 4]]


def test_a_burst_needs_time_place_and_likeness() -> None:
    far = MAX_GAP + 0.1
    assert find_bursts([0, far], [0, 0], chain(2), [0, 0]) == []
    assert find_bursts([0, 1], [0, 1], chain(2), [0, 0]) == []
    assert find_bursts([0, 1], [0, 0], np.full((2, 1), -1), [0, 0]) == []
    assert find_bursts([0, NAN], [0, 0], chain(2), [0, 0]) == []
    assert find_bursts([0, MAX_GAP], [0, 0], chain(2), [0, 0]) == [[0, 1]]


def test_one_neighbourhood_is_enough_and_others_link() -> None:
    near = np.array([[-1], [0], [1], [-1]])
    assert find_bursts([5, 5, 6, 6], [3] * 4, near, [0.0, 0.1, 0.2, 0.3]) == [[2, 1, 0]]


def test_nothing_is_found_among_nothing() -> None:
    assert find_bursts([], [], np.zeros((0, 3), np.int64), []) == []
