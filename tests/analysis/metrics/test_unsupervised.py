"""Figures without labels: high for groups that are there, low for groups that are not."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.metrics.unsupervised import collapse_warning, effective_rank, neighbour_purity, purity


@pytest.fixture(scope="module")
def blobs() -> tuple[np.ndarray, np.ndarray]:
    label_N = np.repeat([0, 1, 2], [60, 40, 20])
    return np.eye(3, 8)[label_N] + 0.1 * np.random.default_rng(0).normal(size=(120, 8)), label_N


def test_purity_is_high_for_true_groups_and_chance_for_shuffled_ones(blobs):
    vectors_ND, label_N = blobs
    shuffled_N = np.random.default_rng(0).permutation(label_N)
    assert purity(vectors_ND, label_N) == pytest.approx(1)
    assert purity(vectors_ND, shuffled_N) < 0.55
    assert neighbour_purity(vectors_ND, label_N).shape == (120,)


def test_purity_counts_by_hand():
    line = np.array([[1, turn] for turn in (0.0, 0.1, 0.25, 0.5)])
    assert neighbour_purity(line, [0, 0, 1, 1], k=1).tolist() == [1, 1, 0, 1]
    assert purity(line, [0, 0, 1, 1], k=1) == pytest.approx(0.75)
    assert purity(line, [0, 0, -1, 1], k=1) == pytest.approx(2 / 3)
    assert purity([[1, 0]], [0]) is None


def test_effective_rank_against_singular_values():
    vectors_ND = np.random.default_rng(0).normal(size=(40, 6)) * [5, 1, 1, 1, 0.1, 0.1]
    unit_ND = vectors_ND / np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    singular_D = np.linalg.svd(unit_ND - unit_ND.mean(axis=0), compute_uv=False) ** 2
    share_D = singular_D / singular_D.sum()
    assert effective_rank(vectors_ND) == pytest.approx(np.exp(-(share_D * np.log(share_D)).sum()), rel=1e-4)
    assert effective_rank(np.ones((5, 3))) == 1


def test_a_collapsed_embedding_is_reported():
    chance = np.random.default_rng(0)
    flat_ND = np.ones((50, 32)) + np.outer(chance.normal(size=50), np.eye(32)[0])
    assert "collapsed" in str(collapse_warning(effective_rank(flat_ND), 32))
    assert collapse_warning(effective_rank(chance.normal(size=(50, 32))), 32) is None
