"""The silhouette in closed form, sampled, and with noise."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.metrics import silhouette as separation


def blobs(num: int = 200, spread: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    label_N = rng.integers(4, size=num)
    return np.eye(4, 6)[label_N] + spread * rng.normal(size=(num, 6)), label_N


def test_silhouette_in_closed_form():
    vectors_ND = [[1, 0], [1, 0], [0, 1], [0, 1], [1, 1]]
    # Own group at distance 0 and the other at 1: four ones. The middle: own mean a = 1 − √½, other the same: 0.
    a = 1 - np.sqrt(0.5)
    own = [1 - (a / 2) / 1] * 2  # the middle is in group 0: its two fellows lie a/2 away on average
    others = [1 - 0 / ((1 + 1 + a) / 3)] * 2
    assert separation.silhouette(vectors_ND, [0, 0, 1, 1, 0]) == pytest.approx(
        np.mean([*own, *others, 0]), abs=1e-6
    )


def test_silhouette_leaves_noise_out_and_needs_two_groups():
    vectors_ND, label_N = blobs()
    assert separation.silhouette(vectors_ND, np.zeros(200)) is None
    assert separation.silhouette(vectors_ND, np.where(label_N, -1, 0)) is None
    assert separation.silhouette(np.eye(3), [0, 1, 2]) is None
    kept = label_N != 3
    noisy_N = np.where(kept, label_N, -1)
    assert separation.silhouette(vectors_ND, noisy_N) == separation.silhouette(
        vectors_ND[kept], label_N[kept]
    )


def test_a_sampled_silhouette_is_near_the_whole_one_and_repeats():
    vectors_ND, label_N = blobs(2000)
    whole, part = (separation.silhouette(vectors_ND, label_N, sample=size) for size in (5000, 500))
    assert part != whole
    assert part == pytest.approx(whole, abs=0.05)
    assert part == separation.silhouette(vectors_ND, label_N, sample=500)
