"""The number of groups is found where it is plain."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.clustering import num_groups
from unpool.analysis.clustering.num_groups import num_groups_of_map


@pytest.mark.parametrize("true_number", [2, 3, 6, 9])
def test_number_of_groups_on_a_plane(true_number):
    rng = np.random.default_rng(true_number)
    angle_N = 2 * np.pi * rng.integers(true_number, size=150) / true_number
    xy_N2 = 20 * np.stack([np.cos(angle_N), np.sin(angle_N)], axis=1) + rng.normal(size=(150, 2))
    assert num_groups_of_map(xy_N2) == true_number
    assert num_groups_of_map(xy_N2[:25]) <= 5  # never above the root


def overlapping(number: int, count: int = 900) -> np.ndarray:
    """Crowds in twelve dimensions that run into each other; one is plain noise."""
    rng = np.random.default_rng(0)
    centre_KD = rng.normal(size=(number, 12)) * (number > 1)
    return centre_KD[np.arange(count) % number] + 0.75 * rng.normal(size=(count, 12))


@pytest.mark.parametrize(("number", "low", "high"), [(1, 2, 3), (3, 3, 3), (8, 8, 8), (12, 11, 12)])
def test_communities_are_counted_where_no_map_parts_clearly(monkeypatch, number: int, low: int, high: int):
    monkeypatch.setattr(num_groups, "_silhouettes", lambda _, tried, seed: {k: 0.4 - 0.01 * k for k in tried})
    plane_N2 = np.random.default_rng(1).normal(size=(900, 2))
    assert low <= num_groups_of_map(plane_N2, vectors_ND=overlapping(number)) <= high
    assert num_groups_of_map(plane_N2) == 2, "without vectors the map decides"


@pytest.mark.parametrize(
    ("scores", "communities", "expected"),
    [
        ({3: 0.8, 6: 0.797}, 6, 6),  # as good, and the communities reach it
        ({3: 0.8, 6: 0.797}, 5, 3),
        ({3: 0.8, 6: 0.785}, 6, 3),
        ({3: 0.8, 5: 0.797, 6: 0.785}, 8, 5),
        ({6: 0.8, 3: 0.797}, 4, 6),  # never coarser than the best
        ({3: 0.69, 6: 0.68}, 11, 11),  # not clear
        ({2: 0.35, 10: 0.46, 11: 0.457, 12: 0.44}, 13, 11),  # not clear, but no map of two or three halves
        ({2: 0.35, 10: 0.46, 11: 0.45, 12: 0.43}, 9, 9),
        ({3: 0.42, 10: 0.46}, 13, 13),
        ({3: 0.42, 5: 0.48}, 12, 12),
        ({3: 0.51, 4: 0.6}, 8, 8),
        ({3: 0.5, 10: 0.63, 11: 0.61}, 13, 10),
    ],
)
def test_the_finer_of_equals_is_taken_on_a_clear_map(monkeypatch, scores, communities: int, expected: int):
    monkeypatch.setattr(
        num_groups, "_silhouettes", lambda _, tried, seed: {k: scores.get(k, 0.1) for k in tried}
    )
    monkeypatch.setattr(num_groups, "_count_communities", lambda unit_ND, seed: communities)
    plane_N2 = np.random.default_rng(1).normal(size=(200, 2))
    assert num_groups_of_map(plane_N2, vectors_ND=np.ones((200, 2))) == expected
