"""Wrong labels, found by the labels of similar images.

Confident learning: the probabilities of an image come from a fit to all others. They are calibrated together with the
share of wrong labels, by the likelihood of the labels that were given: a label is right, or with that share any other
one. What is calibrated is averaged over all that is likely. So few wrong labels lead to few findings, and none to
hardly any.

Source: Northcutt, Jiang, Chuang 2021, Confident learning: estimating uncertainty in dataset labels; Sukhbaatar et al.
2015, Training convolutional networks with noisy labels (labels exchanged by a matrix, here with one number).

Shapes: N labelled images, M of them compared, D numbers a vector, K classes; P penalties, H sharpnesses and S shares of
wrong labels that are tried.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unpool.analysis.classification.heads import softmax
from unpool.analysis.classification.leave_one_out import LeaveOneOut
from unpool.analysis.neighbours import Floats, Indices

MIN_ERROR = 0.15  # that a label is wrong, from which on it is worth a look
MIN_CONFIDENCE = 0.5  # of the other class, relative to its own images: below, the image is like none
PENALTIES = (0.3, 1.0, 3.0, 10.0, 30.0)
SHARPNESSES: Floats = np.geomspace(2, 60, 14).astype(np.float32)  # what scores are multiplied by
SHARES: npt.NDArray[np.float64] = np.geomspace(0.002, 0.4, 24)  # of wrong labels
NUM_EXPECTED_RIGHT = 20  # labels to a wrong one, before any is seen; it decides where the images say nothing
MIN_WEIGHT = 1e-3  # of a way of calibrating, below which it is left out
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
    found = _average(fit, number_N, _weigh(fit, number_N, seed))
    probability_NK, every_N = found.probability_NK, np.arange(len(number_N))
    own_N = probability_NK[every_N, number_N].copy()
    typical_K = np.bincount(number_N, own_N, fit.num_classes) / np.bincount(
        number_N, minlength=fit.num_classes
    )
    agreement = _measure_agreement(number_N, probability_NK.argmax(axis=1), fit.num_classes)
    probability_NK[every_N, number_N] = -1
    other_N: Indices = probability_NK.argmax(axis=1)
    other_probability_N: Floats = probability_NK[every_N, other_N]
    is_like_other_N = other_probability_N >= MIN_CONFIDENCE * typical_K[other_N]
    rows = np.flatnonzero((found.error_N >= MIN_ERROR) & is_like_other_N)
    order = rows[np.lexsort((own_N[rows], -found.error_N[rows]))]
    return LabelErrors(found.error_N, other_N, other_probability_N, order.tolist(), found.share, agreement)


@dataclass(frozen=True)
class _Averages:
    """Means over all ways of calibrating, each by how likely the labels are by it."""

    probability_NK: Floats
    error_N: Floats
    share: float


def _weigh(fit: LeaveOneOut, number_N: Indices, seed: int) -> npt.NDArray[np.float64]:
    """How much each penalty, sharpness and share weighs, (P, H, S); they sum to one."""
    some_M = np.arange(len(fit.fitted_F))
    if len(some_M) > MAX_COMPARED:
        some_M = np.random.default_rng(seed).choice(some_M, MAX_COMPARED, replace=False)
    class_M = number_N[fit.fitted_F[some_M]]
    every_M, log_weight_PHS = (
        np.arange(len(some_M)),
        np.empty((len(PENALTIES), len(SHARPNESSES), len(SHARES))),
    )
    for p, penalty in enumerate(PENALTIES):
        score_MK = fit.fitted_scores(penalty)[some_M]
        for h, sharpness in enumerate(SHARPNESSES):
            own_M = softmax(score_MK * sharpness)[every_M, class_M].astype(np.float64)
            wrong_M = (1 - own_M) / max(1, fit.num_classes - 1)
            log_weight_PHS[p, h] = [np.log((1 - s) * own_M + s * wrong_M + 1e-12).sum() for s in SHARES]
    log_weight_PHS += np.log(SHARES) + NUM_EXPECTED_RIGHT * np.log1p(-SHARES)
    weight_PHS = np.exp(log_weight_PHS - log_weight_PHS.max())
    return np.asarray(weight_PHS / weight_PHS.sum())


def _average(fit: LeaveOneOut, number_N: Indices, weight_PHS: npt.NDArray[np.float64]) -> _Averages:
    """By Bayes: a label that was given is the true one, or came in place of another."""
    probability_NK: Floats = np.zeros((len(number_N), fit.num_classes), np.float32)
    error_N, total = np.zeros(len(number_N)), 0.0
    for p, penalty in enumerate(PENALTIES):
        if weight_PHS[p].max() * weight_PHS[p].size < MIN_WEIGHT:
            continue
        score_NK = fit.scores(penalty)
        for h, sharpness in enumerate(SHARPNESSES):
            weight_S = weight_PHS[p, h]
            if (weight := float(weight_S.sum())) < MIN_WEIGHT:
                continue
            part_NK = softmax(score_NK * sharpness)
            own_N = part_NK[np.arange(len(number_N)), number_N].astype(np.float64)
            wrong_N = (1 - own_N) / max(1, fit.num_classes - 1)
            for share, part in zip(SHARES, weight_S, strict=True):
                error_N += part * share * wrong_N / (share * wrong_N + (1 - share) * own_N + 1e-12)
            probability_NK += np.float32(weight) * part_NK
            total += weight
    share = float((weight_PHS.sum(axis=(0, 1)) * SHARES).sum())
    return _Averages(probability_NK / np.float32(total), (error_N / total).astype(np.float32), share)


def _measure_agreement(number_N: Indices, best_N: Indices, num_classes: int) -> float:
    same = float((number_N == best_N).mean())
    shares = (np.bincount(each, minlength=num_classes) / len(number_N) for each in (number_N, best_N))
    expected = float(np.prod(list(shares), axis=0).sum())
    return (same - expected) / (1 - expected) if expected < 1 else 0.0
