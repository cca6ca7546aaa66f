"""Figures of scores agree with scikit-learn's and with those worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom
from sklearn.metrics import average_precision_score, f1_score, roc_auc_score, roc_curve

from unpool.analysis.metrics.detection import apply_threshold, binomial_interval, count_scores

SCORED = st.lists(st.tuples(st.integers(0, 9), st.booleans()), min_size=2, max_size=60)


@given(SCORED)
def test_areas_are_those_of_scikit_learn(scored: list[tuple[int, bool]]) -> None:
    scores, is_bad = [score / 3 for score, _ in scored], [bad for _, bad in scored]
    curve = count_scores(scores, is_bad)
    assert (curve.num_good, curve.num_bad) == (is_bad.count(False), is_bad.count(True))
    if all(is_bad) or not any(is_bad):
        assert curve.auroc() is None
    else:
        assert curve.auroc() == pytest.approx(roc_auc_score(is_bad, scores))
        alarms, found, _ = roc_curve(is_bad, scores, drop_intermediate=False)
        for ours, theirs in zip(curve.points(), (alarms, found), strict=True):
            np.testing.assert_allclose(ours, theirs)
    if any(is_bad):
        assert curve.average_precision() == pytest.approx(average_precision_score(is_bad, scores))


@given(SCORED)
def test_the_best_f1_is_that_of_the_best_threshold(scored: list[tuple[int, bool]]) -> None:
    scores, is_bad = [score for score, _ in scored], [bad for _, bad in scored]
    best = count_scores(scores, is_bad).best_f1()
    if not any(is_bad):
        assert best is None
        return
    tried = {limit: f1_score(is_bad, [score >= limit for score in scores]) for limit in set(scores)}
    assert best is not None
    assert best[0] == pytest.approx(max(tried.values()))
    assert tried[best[1]] == pytest.approx(best[0])


def test_a_score_at_the_threshold_is_good() -> None:
    scores, is_bad = [0.1, 0.5, 0.6, 0.5, 0.7, 0.9], [False, False, False, True, True, True]
    verdicts = apply_threshold(scores, is_bad, 0.5)
    assert (verdicts.num_good, verdicts.num_alarms, verdicts.num_bad, verdicts.num_found) == (3, 1, 3, 2)
    assert verdicts.false_alarm_rate == pytest.approx(1 / 3)
    assert verdicts.recall == verdicts.precision == verdicts.f1 == pytest.approx(2 / 3)
    assert verdicts.f1 == pytest.approx(f1_score(is_bad, np.array(scores) > 0.5))
    assert verdicts.false_alarm_interval() == binomial_interval(1, 3)


def test_figures_without_good_or_without_bad_images_are_none() -> None:
    good = apply_threshold([1, 2], [False, False], 1)
    assert (good.false_alarm_rate, good.recall, good.f1, good.precision) == (0.5, None, None, 0.0)
    bad = apply_threshold([1, 2], [True, True], 5)
    assert (bad.false_alarm_rate, bad.recall, bad.f1, bad.precision) == (None, 0.0, 0.0, None)
    assert bad.false_alarm_interval() is None
    assert count_scores([], []).auroc() is None


@pytest.mark.parametrize(("count", "total"), [(0, 10), (3, 20), (10, 10), (8, 165)])
def test_an_interval_holds_the_shares_that_could_give_the_count(count: int, total: int) -> None:
    low, high = binomial_interval(count, total)
    if count:
        assert binom.sf(count - 1, total, low) == pytest.approx(0.025)
    else:
        assert low == 0
    if count < total:
        assert binom.cdf(count, total, high) == pytest.approx(0.025)
    else:
        assert high == 1
