"""Conformal p-values: as promised on good images, small on others."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.anomaly.probability import find_probability


def test_the_formula_by_counting() -> None:
    rng = np.random.default_rng(0)
    good, scores = rng.integers(0, 20, 37).astype(float), rng.integers(-5, 25, 50).astype(float)
    expected = [(1 + sum(each >= score for each in good)) / 38 for score in scores]
    np.testing.assert_allclose(find_probability(scores, good), expected)


def test_without_good_images_nothing_is_known() -> None:
    assert find_probability([3.0, -1.0], []).tolist() == [1.0, 1.0]


@pytest.mark.parametrize("level", [0.05, 0.2, 0.5])
def test_good_images_fall_below_a_level_no_more_often_than_it_says(level: float) -> None:
    rng = np.random.default_rng(1)
    below = [
        np.mean(find_probability(rng.gamma(2, size=50), rng.gamma(2, size=99)) <= level) for _ in range(400)
    ]
    assert np.mean(below) == pytest.approx(level, abs=0.01)


def test_the_probability_falls_with_the_score() -> None:
    rng = np.random.default_rng(2)
    found = find_probability(np.linspace(-4, 4, 100), rng.normal(size=60))
    assert (np.diff(found) <= 0).all()
    assert found[0] == 1.0
    assert found[-1] == pytest.approx(1 / 61)
