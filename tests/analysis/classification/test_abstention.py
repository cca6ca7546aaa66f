"""A threshold keeps its promise on images that it was not chosen by, and not by giving no answers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binomtest

from unpool.analysis.classification.abstention import NEVER, choose_threshold, interval, withhold


def drawn_answers(num: int, seed: int, overconfidence: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities as those of a good classifier, and which answers are right."""
    rng = np.random.default_rng(seed)
    true_N = 1 - 0.7 * rng.random(num) ** 2.5
    return np.clip(true_N + overconfidence, 0, 0.999), rng.random(num) < true_N


@pytest.mark.parametrize("overconfidence", [0.0, 0.02])
@pytest.mark.parametrize("num", [100, 1000])
def test_promise_is_kept_on_other_images(num, overconfidence):
    errors, shares = [], []
    for seed in range(40):
        found = choose_threshold(*drawn_answers(num, seed, overconfidence), 0.05)
        other_M, right_M = drawn_answers(4000, 1000 + seed, overconfidence)
        is_given_M = ~found.withholds(other_M)
        shares.append(is_given_M.mean())
        errors.append((~right_M[is_given_M]).mean() if is_given_M.any() else 0.0)
    assert np.mean(np.array(errors) <= 0.07) > 0.95
    assert np.mean(shares) > (0.2 if num == 100 else 0.4)


def test_few_images_prove_nothing():
    assert choose_threshold([0.99] * 5, [True] * 5, 0.05).threshold == NEVER
    assert choose_threshold([0.99] * 5, [True] * 5, 0.05).answered == 0
    assert choose_threshold([0.9] * 100, [False] * 100, 0.5).threshold == NEVER


def test_probabilities_count_where_they_expect_more_errors_than_there_were():
    assert choose_threshold([0.93] * 200, [True] * 200, 0.05).answered == 0
    assert choose_threshold([0.93] * 200, [True] * 200, 0.1).error == pytest.approx(0.07)


def test_equal_probabilities_are_answered_together():
    confidence_N, is_right_N = np.array([0.9] * 100 + [0.5] * 100), np.arange(200) < 100
    found = choose_threshold(confidence_N, is_right_N, 0.3)
    assert found.threshold == pytest.approx(0.9)
    assert found.answered == 0.5
    assert choose_threshold([0.8] * 10, [True] * 9 + [False], 0.01).answered == 0


def test_threshold_answers_the_images_that_it_was_chosen_by():
    confidence_N, is_right_N = drawn_answers(500, 3)
    found = choose_threshold(confidence_N, is_right_N, 0.1)
    assert (~found.withholds(confidence_N)).mean() == pytest.approx(found.answered)
    assert choose_threshold(confidence_N, is_right_N, 0.2).threshold < found.threshold


def test_nothing_is_answered_at_the_threshold_of_one():
    assert withhold(np.float32([0.2, 1.0]), NEVER).all()


@pytest.mark.parametrize(("right", "num"), [(0, 5), (9, 10), (700, 713)])
def test_interval_is_wilsons(right, num):
    expected = binomtest(right, num).proportion_ci(0.95, method="wilson")
    assert interval(right, num) == pytest.approx((expected.low, expected.high), abs=1e-6)
