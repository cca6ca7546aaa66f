"""Temperatures undo what was done to scores, and the error of calibration is the textbook's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import log_loss as sklearn_log_loss

from unpool.analysis.classification.calibration import (
    calibrate_across,
    calibration_error,
    fit_temperature,
    log_loss,
)
from unpool.analysis.classification.heads import softmax


def drawn_labels(num: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and classes drawn by their probabilities: so the scores are calibrated."""
    rng = np.random.default_rng(seed)
    logit_NK = (2 * rng.normal(size=(num, 4))).astype(np.float32)
    class_N = (softmax(logit_NK).cumsum(axis=1) < rng.random(num)[:, None]).sum(axis=1)
    return logit_NK, np.minimum(class_N, 3)


def test_log_loss_is_that_of_scikit_learn():
    logit_NK, class_N = drawn_labels(50)
    expected = sklearn_log_loss(class_N, softmax(logit_NK), labels=range(4))
    assert log_loss(logit_NK, class_N).mean() == pytest.approx(expected, rel=1e-5)
    assert log_loss(3 * logit_NK, class_N, 3).mean() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("factor", [0.4, 1.0, 5.0])
def test_temperature_undoes_a_factor(factor):
    logit_NK, class_N = drawn_labels(4000)
    assert fit_temperature(factor * logit_NK, class_N) == pytest.approx(factor, rel=0.1)


def test_few_images_hold_to_a_temperature_of_one():
    assert 0.3 < fit_temperature([[1.0, 0.0]] * 3, [0] * 3) < 1
    assert fit_temperature([[1.0, 0.0]] * 300, [0] * 300) < 0.25


def test_calibration_error_of_overconfident_answers():
    logit_NK, class_N = drawn_labels(4000)

    def error_of(probability_NK: np.ndarray) -> float:
        return calibration_error(probability_NK.max(axis=1), probability_NK.argmax(axis=1) == class_N)

    assert error_of(softmax(logit_NK)) < 0.03
    assert error_of(softmax(5 * logit_NK)) > 0.15
    fold_N = np.arange(4000) % 5
    assert error_of(calibrate_across(5 * logit_NK, class_N, fold_N)) < 0.03


def test_calibration_error_by_hand():
    # Bins of one fifteenth: 0.95 and 0.96 share the last, 0.5 is alone.
    assert calibration_error([0.95, 0.96, 0.5], [True, False, True]) == pytest.approx((0.91 + 0.5) / 3)
    assert calibration_error([1.0], [True]) == 0


def test_calibration_of_a_fold_comes_from_the_others():
    logit_NK, class_N = drawn_labels(200)
    fold_N = np.arange(200) % 2
    temperature = fit_temperature(logit_NK[fold_N == 1], class_N[fold_N == 1])
    found = calibrate_across(logit_NK, class_N, fold_N)
    np.testing.assert_allclose(found[fold_N == 0], softmax(logit_NK[fold_N == 0], temperature))
