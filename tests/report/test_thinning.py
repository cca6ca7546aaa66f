"""What is shown keeps its distance, and everything is shown in the end."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from unpool.report.thinning import NUM_LEVELS, assign_levels, level_for, separation


@pytest.fixture(name="place_N2")
def places() -> np.ndarray:
    return np.random.default_rng(0).random((300, 2))


def test_levels_that_do_not_matter_are_left_out_and_the_others_stay() -> None:
    place_N2 = np.random.default_rng(3).uniform(size=(300, 2))
    whole_N = assign_levels(place_N2, np.arange(-3, 297))
    some_N = assign_levels(place_N2, np.arange(-3, 297), finest=12)
    assert some_N.tolist() == np.where(whole_N <= 12, whole_N, NUM_LEVELS).tolist()
    assert (assign_levels(place_N2, np.arange(300), finest=-1) == NUM_LEVELS).all()


def test_each_level_keeps_its_distance(place_N2: np.ndarray) -> None:
    level_N = assign_levels(place_N2, np.arange(300))
    assert level_N.max() < NUM_LEVELS
    shown = [int((level_N <= level).sum()) for level in range(NUM_LEVELS)]
    for level in range(NUM_LEVELS):
        if shown[level] > 1:
            assert pdist(place_N2[level_N <= level], "chebyshev").min() >= separation(level)
    assert shown[level_for(0.05)] > 100, "a quarter or more of the 400 pictures that would fit"


def test_the_preferred_come_first_and_get_room(place_N2: np.ndarray) -> None:
    priority_N = np.arange(300)
    priority_N[[200, 250]] = -1
    level_N = assign_levels(place_N2, priority_N)
    apart = np.abs(place_N2[200] - place_N2[250]).max()
    assert min(level_N[[200, 250]]) == 0
    assert separation(level_N[[200, 250]].max() - 1) > apart or level_N[[200, 250]].max() == 0
    alone = np.abs(place_N2[level_N < NUM_LEVELS][:, None] - place_N2[[200, 250]]).max(axis=-1)
    assert np.sort(alone.ravel())[2] > 0


def test_same_place_and_no_place_wait_for_the_last_level() -> None:
    place_N2 = np.array([[0.5, 0.5], [0.5, 0.5], [np.nan, np.nan], [0.9, 0.1]])
    assert assign_levels(place_N2, np.arange(4)).tolist() == [0, NUM_LEVELS, NUM_LEVELS, 2]


def test_stops_when_enough(place_N2: np.ndarray) -> None:
    level_N = assign_levels(place_N2, np.arange(300), enough=50)
    assert 50 <= (level_N < NUM_LEVELS).sum() < 150
