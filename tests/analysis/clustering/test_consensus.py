"""Groups of all from the groups of some."""

from __future__ import annotations

import numpy as np

from unpool.analysis.clustering.consensus import consensus_clustering
from unpool.analysis.metrics.supervised import accuracy


def blobs(spread: float) -> tuple[np.ndarray, np.ndarray]:
    label_N = np.arange(300) % 3
    return np.eye(3, 6)[label_N] + spread * np.random.default_rng(0).normal(size=(300, 6)), label_N


def test_a_sample_speaks_for_all():
    vectors_ND, label_N = blobs(0.1)
    for sample in (90, 10_000):
        group_N, share_N = consensus_clustering(vectors_ND, groups=3, sample=sample)
        assert accuracy(group_N, label_N) > 0.99
        assert share_N.mean() > 0.95


def test_where_groups_run_together_fewer_are_sure():
    vectors_ND, label_N = blobs(0.45)
    group_N, share_N = consensus_clustering(vectors_ND, groups=3, sample=200)
    sure_N = share_N >= 0.85
    assert 0.2 < sure_N.mean() < 0.95
    assert accuracy(group_N[sure_N], label_N[sure_N]) > accuracy(group_N, label_N) + 0.02


def test_as_many_groups_come_back_as_are_asked_for():
    """Also where groups are hardly larger than the voters, or a look finds others than the looks before."""
    chance = np.random.default_rng(0)
    for count, groups in ((4, 2), (4, 4), (30, 10), (120, 20), (300, 25)):
        group_N, share_N = consensus_clustering(chance.normal(size=(count, 6)), groups=groups)
        assert len(set(group_N)) == groups
        assert np.bincount(group_N).min() * groups * 8 > count, "a group of next to nothing is none"
        assert ((share_N >= 0) & (share_N <= 1)).all()
