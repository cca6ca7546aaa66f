"""Groups of all from the groups of some."""

from __future__ import annotations

import numpy as np

from unpool.analysis.confident import confident_groups
from unpool.analysis.quality import accuracy


def blobs(spread: float) -> tuple[np.ndarray, np.ndarray]:
    label_N = np.arange(300) % 3
    return np.eye(3, 6)[label_N] + spread * np.random.default_rng(0).normal(size=(300, 6)), label_N


def test_a_sample_speaks_for_all():
    vectors_ND, label_N = blobs(0.1)
    for sample in (90, 10_000):
        group_N, share_N = confident_groups(vectors_ND, groups=3, sample=sample)
        assert accuracy(group_N, label_N) > 0.99
        assert share_N.mean() > 0.95


def test_where_groups_run_together_fewer_are_sure():
    vectors_ND, label_N = blobs(0.45)
    group_N, share_N = confident_groups(vectors_ND, groups=3, sample=200)
    sure_N = share_N >= 0.85
    assert 0.2 < sure_N.mean() < 0.95
    assert accuracy(group_N[sure_N], label_N[sure_N]) > accuracy(group_N, label_N) + 0.02
