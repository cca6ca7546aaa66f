"""Merging and splitting groups."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage

from unpool.analysis.clustering.hierarchy import hierarchy, merge_groups, split
from unpool.analysis.neighbours import normalise
from unpool.errors import UsageError


def groups_on_a_circle() -> tuple[np.ndarray, np.ndarray]:
    """Four groups: two close pairs, uneven."""
    turns_K, sizes = (0.0, 0.3, 2.0, 2.5), (10, 4, 7, 3)
    turn_N = np.repeat(turns_K, sizes) + np.random.default_rng(0).normal(scale=0.02, size=sum(sizes))
    return np.stack([np.cos(turn_N), np.sin(turn_N)], axis=1), np.repeat([5, 0, 2, 3], sizes)


def test_heights_are_those_of_scipy_over_single_images():
    vectors_ND = normalise(np.random.default_rng(1).normal(size=(12, 5))).astype(np.float64)
    expected = linkage(vectors_ND, method="ward")
    found = hierarchy(vectors_ND, np.arange(12))
    np.testing.assert_allclose(found[:, 2:], expected[:, 2:], atol=1e-6)


def test_the_nearest_groups_are_joined_first():
    vectors_ND, group_N = groups_on_a_circle()
    merges = hierarchy(vectors_ND, group_N)  # the numbers that occur are 0, 2, 3, 5: places 0 to 3
    assert {tuple(sorted(row[:2].astype(int))) for row in merges[:2]} == {(0, 3), (1, 2)}
    assert merges[-1, 3] == 24
    assert (np.diff(merges[:, 2]) >= 0).all()
    two_N = merge_groups(group_N, merges, 2)
    assert len(np.unique(two_N)) == 2
    assert len({two_N[0], two_N[10]}) == 1
    assert len({two_N[0], two_N[14]}) == 2
    np.testing.assert_array_equal(np.unique(merge_groups(group_N, merges, 4), return_index=True)[1],
                                  np.unique(group_N, return_index=True)[1])  # fmt: skip


def test_noise_is_in_no_hierarchy():
    vectors_ND, group_N = groups_on_a_circle()
    group_N[:2] = -1
    merges = hierarchy(vectors_ND, group_N)
    assert merges[-1, 3] == 22
    assert merge_groups(group_N, merges, 1)[:2].tolist() == [-1, -1]


def test_one_group_is_parted_and_the_others_stay():
    vectors_ND, group_N = groups_on_a_circle()
    joined_N = np.where(group_N == 0, 5, group_N)
    parted_N = split(vectors_ND, joined_N, 5)
    assert parted_N[:10].tolist() == [5] * 10
    assert parted_N[10:14].tolist() == [6] * 4
    np.testing.assert_array_equal(parted_N[14:], joined_N[14:])


def test_what_cannot_be_merged_or_split_is_reported():
    vectors_ND, group_N = groups_on_a_circle()
    with pytest.raises(UsageError, match="--merge is 5, but there are 4 groups; ask for 1 to 4"):
        merge_groups(group_N, hierarchy(vectors_ND, group_N), 5)
    with pytest.raises(UsageError, match="there is no group 9"):
        split(vectors_ND, group_N, 9)
    with pytest.raises(
        UsageError, match="group 3 has 3 images, 3 of them different, and cannot be divided in 4"
    ):
        split(vectors_ND, group_N, 3, 4)
    with pytest.raises(
        UsageError, match="group 0 has 5 images, 1 of them different, and cannot be divided in 2"
    ):
        split(np.ones((5, 2)), np.zeros(5), 0)


def test_a_single_group_has_no_merges():
    assert hierarchy(np.eye(3), [0, 0, 0]).shape == (0, 4)


@pytest.mark.parametrize("seed", [0, 1])
def test_many_groups_are_joined_as_scipy_joins_their_images(seed: int):
    vectors_ND = normalise(np.random.default_rng(seed).normal(size=(150, 6))).astype(np.float64)
    expected = linkage(vectors_ND, method="ward")
    found = hierarchy(vectors_ND, np.arange(150))
    np.testing.assert_allclose(found[:, 2], expected[:, 2], atol=1e-6)
    np.testing.assert_array_equal(found[:, [0, 1, 3]], expected[:, [0, 1, 3]])
