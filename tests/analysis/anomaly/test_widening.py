"""What further good images add."""

from __future__ import annotations

import numpy as np

from unpool.analysis.anomaly.widening import choose_further, nearest_squares, widen_spread

RNG = np.random.default_rng(0)


def test_nearest_squares_are_those_of_all_pairs() -> None:
    x, memory = RNG.normal(size=(30, 5)).astype(np.float32), RNG.normal(size=(7, 5)).astype(np.float32)
    expected = ((x[:, None] - memory) ** 2).sum(-1).min(1)
    np.testing.assert_allclose(nearest_squares(x, memory, chunk=4), expected, rtol=1e-4)


def test_what_is_chosen_brings_all_within_reach() -> None:
    memory = RNG.normal(size=(200, 3)).astype(np.float32)
    x = np.concatenate([RNG.normal(size=(100, 3)), RNG.normal(6, 1, (100, 3))]).astype(np.float32)
    chosen = choose_further(x, nearest_squares(x, memory), 0.8, 500)
    assert 5 < len(chosen) < 150
    assert len(set(chosen.tolist())) == len(chosen)
    joined = np.concatenate([memory, x[chosen]])
    assert nearest_squares(x, joined).max() <= 0.8**2 + 1e-5
    few = choose_further(x, nearest_squares(x, memory), 0.8, 4)
    assert len(few) <= 4
    assert (few >= 100).all()  # the farthest first
    assert len(choose_further(memory, nearest_squares(memory, memory), 0.8, 10)) == 0


def test_a_spread_widens_until_it_reaches_further_images() -> None:
    mean, whitening = np.zeros(4, np.float32), np.eye(4, dtype=np.float32)
    far = RNG.normal([12, 0, 0, 0], 0.5, (3, 4)).astype(np.float32)
    new_mean, new_whitening = widen_spread(mean, whitening, 300, far, 3.0)
    assert np.sqrt((((far - new_mean) @ new_whitening) ** 2).sum(1)).max() <= 3.0
    side = np.array([0, 6, 0, 0])
    assert np.linalg.norm((side - new_mean) @ new_whitening) > 5  # others are as far as before
    near = far * 0.1
    assert widen_spread(mean, whitening, 300, near, 3.0)[0] is mean
