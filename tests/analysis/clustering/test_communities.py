"""Communities of the neighbour graph: uneven groups, wanted numbers, and graphs that fall apart."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.clustering.communities import communities, fine_communities, separate_communities
from unpool.analysis.metrics.supervised import accuracy
from unpool.analysis.neighbours import normalise

SIZES = (300, 120, 60, 40, 20)


def uneven(spread: float = 0.25) -> tuple[np.ndarray, np.ndarray]:
    label_N = np.repeat(np.arange(5), SIZES)
    noise_ND = np.random.default_rng(0).normal(size=(len(label_N), 16))
    return normalise(np.eye(5, 16)[label_N] + spread * noise_ND), label_N


@pytest.mark.parametrize("groups", [5, "auto"])
def test_uneven_groups_are_found(groups):
    unit_ND, label_N = uneven()
    found_N, share_N = communities(unit_ND, groups)
    assert accuracy(found_N, label_N) > (0.95 if groups == 5 else 0.6)
    assert 0 <= share_N.min() <= share_N.max() <= 1 + 1e-5
    shuffled_N = np.random.default_rng(1).permutation(label_N)
    assert accuracy(found_N, shuffled_N) < 0.6


@pytest.mark.parametrize("groups", [2, 3, 8, 20])
def test_any_wanted_number_comes_back(groups):
    unit_ND, _ = uneven(0.6)
    assert len(np.unique(communities(unit_ND, groups)[0])) == groups


def test_parts_without_a_link_are_never_joined():
    unit_ND, label_N = uneven(0.01)
    found_N, share_N = communities(unit_ND, 2)
    assert accuracy(found_N, label_N) == 1
    assert (share_N > 0.99).all()


def test_equal_and_few_vectors():
    assert communities(np.ones((6, 1), np.float32), 2)[0].shape == (6,)
    assert communities(np.eye(2, dtype=np.float32), "auto")[0].shape == (2,)


def test_a_single_vector_is_a_community():
    labels_N, share_N = communities(np.array([[1.0, 0.0]], np.float32), "auto")
    assert labels_N.tolist() == [0]
    assert share_N.tolist() == [0]


def crowds(number: int, spread: float = 0.75, count: int = 600) -> tuple[np.ndarray, np.ndarray]:
    """Crowds in twelve dimensions that run into each other."""
    rng = np.random.default_rng(0)
    label_N = np.arange(count) % number
    centre_KD = rng.normal(size=(number, 12))
    return normalise(centre_KD[label_N] + spread * rng.normal(size=(count, 12))), label_N


def test_what_leiden_cuts_out_of_one_cloud_is_no_kind_of_its_own():
    unit_ND = normalise(np.random.default_rng(0).normal(size=(600, 12)))
    assert len(np.unique(communities(unit_ND, "auto")[0])) > 5
    assert len(np.unique(separate_communities(unit_ND))) <= 2


def test_kinds_that_run_into_each_other_stay_separate():
    unit_ND, label_N = crowds(6)
    found_N = separate_communities(unit_ND)
    assert len(np.unique(found_N)) == 6
    assert accuracy(found_N, label_N) > 0.9


def test_fine_communities_are_numbered_without_a_gap_and_inside_groups():
    unit_ND, _ = crowds(4)
    half_N = np.arange(600) // 4 % 2  # cuts each crowd in two
    free_N, bound_N = fine_communities(unit_ND), fine_communities(unit_ND, inside=half_N)
    assert len(np.unique(free_N)) == free_N.max() + 1 > 8
    assert len(np.unique(bound_N)) == bound_N.max() + 1
    assert len(np.unique(bound_N + 1j * half_N)) == bound_N.max() + 1
    assert len(np.unique(free_N + 1j * half_N)) > free_N.max() + 1, "without bounds they reach across"
