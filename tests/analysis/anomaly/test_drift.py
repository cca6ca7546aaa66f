"""A batch lies off where all images have changed, not where some have defects."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import ks_2samp

from unpool.analysis.anomaly.drift import BatchDrift, describe_batch_drift, measure_batch_drift

Rng = np.random.Generator


def good(rng: Rng, count: int) -> np.ndarray:
    return rng.gamma(9, 0.1, count)


def threshold_of(scores: np.ndarray) -> float:
    return float(np.quantile(scores, 0.99))


def defective(rng: Rng, count: int, share: float, by: float) -> np.ndarray:
    scores = good(rng, count)
    scores[: round(share * count)] += by
    return scores


def count_off(num_good: int, make: object, draws: int = 40) -> int:
    """In how many draws a batch lies off."""
    found = 0
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        held_out = good(rng, num_good)
        assert callable(make)
        drift = measure_batch_drift(make(rng), held_out, threshold_of(held_out))
        found += drift is not None and drift.is_off
    return found


@pytest.mark.parametrize("num_good", [20, 100, 2000])
@pytest.mark.parametrize(
    ("share", "by"), [(0.0, 0.0), (0.1, 0.4), (0.3, 0.4), (0.1, 3.0), (0.3, 3.0), (0.55, 3.0), (0.75, 3.0)]
)  # up to a third may be so faint that they are above the median and not above the threshold
def test_defects_are_no_drift(num_good: int, share: float, by: float) -> None:
    assert count_off(num_good, lambda rng: defective(rng, 1000, share, by)) == 0


@pytest.mark.parametrize("num_good", [20, 100, 2000])
@pytest.mark.parametrize("by", [0.5, 3.0], ids=["some", "all above the threshold"])
def test_scores_that_all_rise_are_drift(num_good: int, by: float) -> None:
    assert count_off(num_good, lambda rng: good(rng, 300) + by) == 40


def test_scores_that_fall_are_no_reason_to_worry_but_are_in_the_figures() -> None:
    rng = np.random.default_rng(0)
    held_out = good(rng, 200)
    drift = measure_batch_drift(good(rng, 200) - 0.5, held_out, threshold_of(held_out))
    assert drift is not None
    assert not drift.is_off
    assert drift.p < 1e-6
    assert drift.share < 0.2


def test_a_few_images_are_no_batch() -> None:
    rng = np.random.default_rng(0)
    held_out = good(rng, 2000)
    few = measure_batch_drift(np.full(9, 5.0), held_out, threshold_of(held_out))
    enough = measure_batch_drift(np.full(10, 5.0), held_out, threshold_of(held_out))
    assert few is not None
    assert enough is not None
    assert (few.is_off, enough.is_off) == (False, True)
    assert measure_batch_drift([], held_out, 1.0) is None
    assert measure_batch_drift([1.0], [], 1.0) is None


def test_the_figures_are_those_of_what_was_compared() -> None:
    scores, held_out = np.array([1.0, 2, 3, 9, 9]), np.array([1.0, 2, 2, 3, 8])
    drift = measure_batch_drift(scores, held_out, 4.0)
    expected = ks_2samp([1, 2, 3], [1, 2, 2, 3])
    assert drift is not None
    assert (drift.statistic, drift.p, drift.compared) == (expected.statistic, expected.pvalue, 3)
    assert drift.share == pytest.approx(0.5)
    assert set(drift.to_dict()) == {"off", "statistic", "p", "share", "compared"}


def test_images_that_score_as_those_learnt_from_are_said_to_do_so() -> None:
    rng = np.random.default_rng(0)
    held_out = good(rng, 60)
    low = good(rng, 30) * 0.3  # the memory holds their patches
    drift = measure_batch_drift(low, held_out, threshold_of(held_out))
    assert drift is not None
    text = describe_batch_drift(drift) or ""
    assert text.startswith("only 0% of 30 images score above the median of good ones")
    assert "if the model learnt from these" in text
    for few_or_usual in (low[:8], good(rng, 30), good(rng, 30) * 0.9):
        drift = measure_batch_drift(few_or_usual, held_out, threshold_of(held_out))
        assert drift is not None
        assert describe_batch_drift(drift) is None


def test_only_a_batch_that_lies_off_is_said() -> None:
    assert describe_batch_drift(BatchDrift(0.1, 0.5, 0.5, 100, is_off=False)) is None
    text = describe_batch_drift(BatchDrift(0.9, 0.0, 0.97, 1200, is_off=True))
    assert text is not None
    assert text.startswith("the images as a whole lie off: 97% of 1,200 score above the median of good ones")
    assert "p = 1e-300" in text
