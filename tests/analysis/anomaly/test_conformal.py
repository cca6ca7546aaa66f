"""Thresholds that keep the rate of false alarms that was asked for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

from unpool.analysis.anomaly.conformal import choose_threshold

DRAWS = 200


def test_unseen_images_are_above_as_often_as_promised() -> None:
    rng, alarms, shares, held = np.random.default_rng(0), 0, [], 0
    for _ in range(DRAWS):
        threshold = choose_threshold(rng.random(99), 0.05)
        share = 1 - threshold.value  # of scores that are uniform
        alarms += bool(rng.random() > threshold.value)
        held += bool(threshold.low <= share <= threshold.high)
        shares.append(share)
        assert (threshold.rate, threshold.is_kept) == (pytest.approx(0.05), True)
    low, high = binom.interval(0.99, DRAWS, 0.05)
    assert low <= alarms <= high
    low, high = binom.interval(0.99, DRAWS, 0.95)
    assert low <= held <= high
    assert np.mean(shares) == pytest.approx(
        0.05, abs=4 * 0.022 / DRAWS**0.5
    )  # 0.022: the spread of Beta(5, 95)


@pytest.mark.parametrize("rate", [0.01, 0.05, 0.2, 0.5])
def test_whatever_the_scores_are_distributed_like(rate: float) -> None:
    rng, num = np.random.default_rng(1), 120
    scores = np.exp(3 * rng.standard_normal((DRAWS, num + 50)))
    above = [(each[num:] > choose_threshold(each[:num], rate).value).mean() for each in scores]
    error = 4 * (rate * (1 - rate) * (1 / num + 1 / 50) / DRAWS) ** 0.5  # four standard errors
    assert rate - 1 / num - error <= np.mean(above) <= rate + error


def test_the_lowest_score_that_keeps_the_rate() -> None:
    scores = np.arange(1, 20) / 20  # 19 images: each is worth 5 %
    assert choose_threshold(scores, 0.05).value == 0.95
    assert choose_threshold(scores, 0.1).value == 0.9
    assert choose_threshold(scores, 0.099).value == 0.95
    assert choose_threshold(scores[::-1], 0.1).value == 0.9


def test_too_few_images_promise_nothing() -> None:
    scores = np.arange(10.0)
    threshold = choose_threshold(scores, 0.05)
    assert not threshold.is_kept
    assert scores[-1] < threshold.value < scores[-1] + 1
    assert threshold.rate == pytest.approx(1 / 11)
    assert threshold.low < 0.05 < threshold.high < 0.4
    assert choose_threshold(scores, 1 / 11).is_kept


def test_more_images_know_the_rate_better() -> None:
    widths = []
    for num in (19, 99, 999):
        threshold = choose_threshold(np.arange(num), 0.05)
        assert threshold.low < threshold.rate < threshold.high
        widths.append(threshold.high - threshold.low)
    assert widths == sorted(widths, reverse=True)
    assert widths[-1] < 0.03


def test_one_image_and_equal_ones() -> None:
    assert choose_threshold(np.array([3.0]), 0.5).value == 3
    assert choose_threshold(np.full(30, 2.0), 0.01).value == 2
