"""The number of groups is found where it is plain."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.clustering.num_groups import num_groups_of_map


@pytest.mark.parametrize("true_number", [2, 3, 6, 9])
def test_number_of_groups_on_a_plane(true_number):
    rng = np.random.default_rng(true_number)
    angle_N = 2 * np.pi * rng.integers(true_number, size=150) / true_number
    xy_N2 = 20 * np.stack([np.cos(angle_N), np.sin(angle_N)], axis=1) + rng.normal(size=(150, 2))
    assert num_groups_of_map(xy_N2) == true_number
    assert num_groups_of_map(xy_N2[:25]) <= 5  # never above the root


@pytest.mark.parametrize("number", [3, 8, 12])
def test_where_no_map_parts_clearly_communities_are_counted(number: int) -> None:
    """Crowds that run into each other, on a map that tells nothing of them."""
    chance = np.random.default_rng(0)
    centre_KD = chance.normal(size=(number, 12))
    vectors_ND = centre_KD[np.arange(900) % number] + 0.75 * chance.normal(size=(900, 12))
    plane_N2 = chance.normal(size=(900, 2))
    found = num_groups_of_map(plane_N2, vectors_ND=vectors_ND)
    assert abs(found - number) <= 1
    clear_N2 = np.repeat([[0, 0], [9, 0], [0, 9]], 300, axis=0) + chance.normal(size=(900, 2))
    assert num_groups_of_map(clear_N2, vectors_ND=vectors_ND) == 3, "a map that parts is believed"
