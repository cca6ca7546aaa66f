"""The tree of groups: nested levels, the found one unchanged, and how stable each is."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.cluster.hierarchy import linkage

from unpool.analysis.clustering import group_tree
from unpool.analysis.clustering.group_tree import GroupTree, build_tree, measure_stability, number_groups
from unpool.analysis.memo import clear_memos
from unpool.analysis.neighbours import normalise


@pytest.fixture(scope="module")
def nested() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Three groups of 300, 180 and 120 images; each has two kinds, far from those of the others."""
    group_N = np.repeat([0, 1, 2], [300, 180, 120])
    kind_N = 2 * group_N + np.arange(600) % 2
    rng = np.random.default_rng(0)
    centre_KD = 3 * np.repeat(np.eye(3, 12), 2, axis=0) + 0.4 * rng.normal(size=(6, 12))
    return normalise(centre_KD[kind_N] + 0.15 * rng.normal(size=(600, 12))), group_N, kind_N


def levels(tree: GroupTree) -> dict[int, np.ndarray]:
    return {
        number: number_groups(tree.merges, tree.sizes, number)[tree.leaf_N]
        for number in range(1, len(tree.sizes) + 1)
    }


def test_each_level_has_its_number_of_groups_and_lies_within_the_next(nested):
    unit_ND, group_N, kind_N = nested
    tree = build_tree(unit_ND, group_N)
    assert tree is not None
    found = levels(tree)
    assert len(tree.sizes) > 6
    for number, label_N in found.items():
        assert len(np.unique(label_N)) == number
        sizes = np.bincount(label_N)
        assert (np.diff(sizes) <= 0).all(), "the largest comes first"
        if number > 1:
            pairs = np.unique(np.stack([label_N, found[number - 1]]), axis=1)
            assert pairs.shape[1] == number, "each group lies in one of the coarser level"
    np.testing.assert_array_equal(found[3], group_N)
    assert len(np.unique(np.stack([found[6], kind_N]), axis=1).T) == 6, "the kinds within groups come next"


def test_groups_are_joined_as_ward_joins_them(nested):
    unit_ND, _, kind_N = nested
    tree = build_tree(unit_ND, kind_N)
    assert tree is not None
    coarse = linkage(unit_ND, "ward")
    # Ward over all images makes the same six kinds; from there on both join the same ones at the same heights.
    np.testing.assert_allclose(tree.merges[-5:, 2], coarse[-5:, 2], rtol=1e-5)
    np.testing.assert_array_equal(tree.merges[-5:, 3], coarse[-5:, 3])


def test_noise_is_in_no_leaf_and_on_no_level(nested):
    unit_ND, group_N, _ = nested
    noisy_N = np.where(np.arange(600) % 10 == 0, -1, group_N)
    tree = build_tree(unit_ND, noisy_N)
    assert tree is not None
    np.testing.assert_array_equal(tree.leaf_N < 0, noisy_N < 0)
    assert tree.sizes.sum() == (noisy_N >= 0).sum() == tree.merges[-1, 3]


def test_of_many_images_some_make_the_leaves_and_the_others_join_them(nested, monkeypatch):
    unit_ND, group_N, kind_N = nested
    monkeypatch.setattr(group_tree, "SAMPLE", 150)
    group_N = group_N.copy()
    group_N[7] = 3  # a group that no sampled image need be in
    tree = build_tree(unit_ND, group_N)
    assert tree is not None
    found = levels(tree)
    np.testing.assert_array_equal(found[4], group_N)
    mixed = sum(len(np.unique(kind_N[tree.leaf_N == leaf])) > 1 for leaf in range(len(tree.sizes)))
    assert mixed == 0, "an image joins a leaf of its own kind"


def test_few_images_and_many_groups():
    assert build_tree(np.eye(3), [-1, -1, -1]) is None
    assert build_tree(np.eye(201), np.arange(201)) is None
    tree = build_tree(np.eye(3), [0, 1, 2])
    assert tree is not None
    assert tree.sizes.tolist() == [1, 1, 1]
    alone = build_tree(np.ones((1, 4)), [0])
    assert alone is not None
    assert alone.merges.shape == (0, 4)
    same = build_tree(np.ones((12, 4)), [0] * 12)
    assert same is not None
    assert same.sizes.sum() == 12


def test_plain_groups_are_stable_and_random_ones_are_not(nested):
    unit_ND, group_N, kind_N = nested
    shuffled_N = np.random.default_rng(0).permutation(kind_N)
    noise_ND = np.random.default_rng(0).normal(size=(600, 12))
    three, six, mixed = measure_stability(unit_ND, [group_N, kind_N, shuffled_N])
    assert three == pytest.approx((1, 0), abs=0.02)
    assert six == pytest.approx((1, 0), abs=0.02)
    assert mixed is not None
    assert abs(mixed[0]) < 0.05
    (of_noise,) = measure_stability(noise_ND, [kind_N])
    assert of_noise is not None
    assert of_noise[0] < 0.2


def test_the_parts_serve_any_groups_of_the_same_images(nested, monkeypatch):
    unit_ND, group_N, kind_N = nested
    clear_memos()
    expected = measure_stability(unit_ND, [kind_N])
    clear_memos()
    measure_stability(unit_ND, [group_N])
    asked, find = [], group_tree.fine_communities
    monkeypatch.setattr(
        group_tree, "fine_communities", lambda *args, **options: asked.append(1) or find(*args, **options)
    )
    assert measure_stability(unit_ND, [kind_N]) == expected
    assert not asked
    for others_ND, seed in ((unit_ND, 1), (unit_ND[::-1], 0)):
        asked.clear()
        measure_stability(others_ND, [kind_N], seed=seed)
        assert len(asked) == 4


def test_what_cannot_be_measured_has_no_stability(nested):
    unit_ND, group_N, _ = nested
    one, each = measure_stability(unit_ND, [np.zeros(600, int), np.arange(600)])
    assert one is None
    assert each is None, "there are no 600 communities"
    assert measure_stability(unit_ND[:9], [group_N[:9]]) == [None]


def test_the_error_says_how_far_the_parts_differ(nested):
    unit_ND, _, kind_N = nested
    blurred_ND = unit_ND + 0.35 * np.random.default_rng(1).normal(size=unit_ND.shape)
    (measured,) = measure_stability(blurred_ND, [kind_N])
    assert measured is not None
    assert 0 < measured[1] < 0.2
