"""Calibrate scores.

Answers of a probability of 0.9 are to be right nine times in ten.

Shapes: N labelled images, K classes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from unpool.analysis.classification.heads import softmax
from unpool.analysis.neighbours import Floats, Indices

NUM_BINS = 15
MAX_LOG_TEMPERATURE = 3.0
PRIOR_STRENGTH = 2.0  # how strongly few images hold to a temperature of one


def log_loss(logit_NK: npt.ArrayLike, class_N: npt.ArrayLike, temperature: float = 1.0) -> Floats:
    """Compute the negative logarithm of each true class's probability.

    Args:
        logit_NK: Scores.
        class_N: True classes.
        temperature: What scores are divided by.

    Returns:
        (N,) 0 for certainty.

    >>> [round(loss, 3) for loss in log_loss([[0.0, 0.0]], [0]).tolist()]
    [0.693]
    """
    scaled_NK = np.asarray(logit_NK, np.float64) / temperature
    scaled_NK = scaled_NK - scaled_NK.max(axis=1, keepdims=True)
    true_N = scaled_NK[np.arange(len(scaled_NK)), np.asarray(class_N)]
    loss_N: Floats = (np.log(np.exp(scaled_NK).sum(axis=1)) - true_N).astype(np.float32)
    return loss_N


def fit_temperature(logit_NK: npt.ArrayLike, class_N: npt.ArrayLike) -> float:
    """Find the number that scores are divided by.

    Scores are those of images that the head has not seen. It makes their true classes likeliest; a weak prior holds it
    near one where there are few images.

    Source: Guo et al. 2017, On calibration of modern neural networks.

    >>> 2.5 < fit_temperature(np.tile([[9.0, 0.0]], (100, 1)), [0] * 95 + [1] * 5) < 3.5
    True
    """
    from scipy.optimize import minimize_scalar

    logit_NK, number_N = np.asarray(logit_NK), np.asarray(class_N)

    def cost(log_temperature: float) -> float:
        loss_N = log_loss(logit_NK, number_N, float(np.exp(log_temperature)))
        return float(loss_N.sum(dtype=np.float64) + PRIOR_STRENGTH * log_temperature**2)

    bounds = (-MAX_LOG_TEMPERATURE, MAX_LOG_TEMPERATURE)
    return float(np.exp(minimize_scalar(cost, bounds=bounds, method="bounded").x))


def calibrate_across(logit_NK: Floats, class_N: Indices, fold_N: Indices) -> Floats:
    """Compute probabilities whose temperature has not seen the image.

    Args:
        logit_NK: Scores of heads that have not seen the images.
        class_N: Their classes.
        fold_N: The fold of each; its temperature comes from the others.

    Returns:
        (N, K) probabilities.
    """
    probability_NK: Floats = np.empty(logit_NK.shape, np.float32)
    for fold in np.unique(fold_N):
        is_out_N = fold_N == fold
        temperature = fit_temperature(logit_NK[~is_out_N], class_N[~is_out_N])
        probability_NK[is_out_N] = softmax(logit_NK[is_out_N], temperature)
    return probability_NK


def calibration_error(confidence_N: npt.ArrayLike, is_right_N: npt.ArrayLike) -> float:
    """Compute the expected calibration error (ECE).

    It is the mean gap between confidence and share of right answers over fifteen bins, weighted by their images, 0…1.

    Source: Naeini et al. 2015, Obtaining well calibrated probabilities using Bayesian binning.

    >>> round(calibration_error([0.9] * 4, [True, True, True, False]), 2)
    0.15
    """
    value_N, right_N = np.asarray(confidence_N, np.float64), np.asarray(is_right_N, np.float64)
    bin_N = np.minimum((value_N * NUM_BINS).astype(int), NUM_BINS - 1)
    gap_B = np.bincount(bin_N, weights=value_N - right_N, minlength=NUM_BINS)
    return float(np.abs(gap_B).sum() / max(len(value_N), 1))
