"""Wrong labels, found by the labels of similar images.

Confident learning: the probabilities of an image come from a fit to all others. They are calibrated together with the
share of wrong labels, by the likelihood of the labels that were given: a label is right, or with that share any other
one. So few wrong labels lead to few findings, and none to hardly any.

Source: Northcutt, Jiang, Chuang 2021, Confident learning: estimating uncertainty in dataset labels; Sukhbaatar et al.
2015, Training convolutional networks with noisy labels (labels exchanged by a matrix, here with one number).

Shapes: N labelled images, D numbers a vector, K classes, S shares that are tried.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unpool.analysis.classification.heads import softmax
from unpool.analysis.classification.leave_one_out import LeaveOneOut
from unpool.analysis.neighbours import Floats, Indices

MIN_ERROR = 1 / 6  # that a label is wrong, from which on it is worth a look
MIN_CONFIDENCE = 0.5  # of the other class, relative to its own images: below, the image is like none
PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0)
SHARPNESSES: Floats = np.geomspace(2, 60, 14).astype(np.float32)  # what scores are multiplied by
SHARES: npt.NDArray[np.float64] = np.geomspace(0.002, 0.4, 24)  # of wrong labels
NUM_EXPECTED_RIGHT = 20  # labels to a wrong one, before any is seen; it decides where the images say nothing
MAX_COMPARED = 5000  # images whose likelihood decides on these three


@dataclass(frozen=True)
class LabelErrors:
    """What labels are likely wrong.

    Attributes:
        error_N: the probability that the label is wrong.
        other_N: the most probable class beside the label.
        probability_N: how probable that class is.
        rows: images worth a look, the likeliest first.
        share: of all labels that are wrong, estimated.
        agreement: Cohen's kappa of labels and best classes; 0 where classes cannot be distinguished.
    """

    error_N: Floats
    other_N: Indices
    probability_N: Floats
    rows: list[int]
    share: float
    agreement: float


@dataclass(frozen=True)
class _Calibration:
    """How scores become probabilities, and how likely the labels are then."""

    penalty: float
    sharpness: float
    share: float
    likelihood: float


def find_label_errors(vector_ND: npt.ArrayLike, class_N: npt.ArrayLike, *, seed: int = 0) -> LabelErrors:
    """Find images that look unlike their label.

    Args:
        vector_ND: Finite numbers.
        class_N: Whole numbers from 0, of two classes or more with several images each.
        seed: Of the images that decide, where there are many.

    Returns:
        What is wrong, by image.
    """
    number_N: Indices = np.asarray(class_N, np.int64)
    fit = LeaveOneOut(vector_ND, number_N, seed)
    found = _calibrate(fit, number_N, seed)
    score_NK = fit.scores(found.penalty).astype(np.float32)
    probability_NK = softmax(score_NK * np.float32(found.sharpness))
    every_N = np.arange(len(number_N))
    own_N = probability_NK[every_N, number_N]
    error_N = _estimate_error(own_N, found.share, fit.num_classes)
    typical_K = np.bincount(number_N, own_N, fit.num_classes) / np.bincount(
        number_N, minlength=fit.num_classes
    )
    agreement = _agreement(number_N, score_NK.argmax(axis=1), fit.num_classes)
    probability_NK[every_N, number_N] = -1
    other_N: Indices = probability_NK.argmax(axis=1)
    other_probability_N: Floats = probability_NK[every_N, other_N]
    is_like_other_N = other_probability_N >= MIN_CONFIDENCE * typical_K[other_N]
    rows = np.flatnonzero((error_N >= MIN_ERROR) & is_like_other_N)
    order = rows[np.lexsort((own_N[rows], -error_N[rows]))]
    return LabelErrors(error_N, other_N, other_probability_N, order.tolist(), found.share, agreement)


def _calibrate(fit: LeaveOneOut, number_N: Indices, seed: int) -> _Calibration:
    """The penalty, sharpness and share of wrong labels by which the given labels are most likely."""
    some_M = fit.fitted_F
    if len(some_M) > MAX_COMPARED:
        some_M = np.random.default_rng(seed).choice(some_M, MAX_COMPARED, replace=False)
    expected_S = (np.log(SHARES) + NUM_EXPECTED_RIGHT * np.log1p(-SHARES)) / len(some_M)
    best = _Calibration(PENALTIES[0], float(SHARPNESSES[0]), float(SHARES[0]), -np.inf)
    for penalty in PENALTIES:
        score_MK = fit.scores(penalty)[some_M].astype(np.float32)
        for sharpness in SHARPNESSES:
            own_M = softmax(score_MK * sharpness)[np.arange(len(some_M)), number_N[some_M]].astype(np.float64)
            other_M = (1 - own_M) / max(1, fit.num_classes - 1)
            likelihood_S = np.array([np.log((1 - s) * own_M + s * other_M + 1e-12).mean() for s in SHARES])
            place = int((likelihood_S + expected_S).argmax())
            if (likelihood := float((likelihood_S + expected_S)[place])) > best.likelihood:
                best = _Calibration(penalty, float(sharpness), float(SHARES[place]), likelihood)
    return best


def _estimate_error(own_N: Floats, share: float, num_classes: int) -> Floats:
    """By Bayes: a label that was given is the true one, or came in place of another."""
    wrong_N = share * (1 - own_N) / max(1, num_classes - 1)
    error_N: Floats = (wrong_N / (wrong_N + (1 - share) * own_N + 1e-12)).astype(np.float32)
    return error_N


def _agreement(number_N: Indices, best_N: Indices, num_classes: int) -> float:
    same = float((number_N == best_N).mean())
    shares = (np.bincount(each, minlength=num_classes) / len(number_N) for each in (number_N, best_N))
    expected = float(np.prod(list(shares), axis=0).sum())
    return (same - expected) / (1 - expected) if expected < 1 else 0.0
