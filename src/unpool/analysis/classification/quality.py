"""What a classifier is worth, on images not seen.

Shapes: N labelled images, D numbers a vector, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from typing_extensions import TypedDict

from unpool.analysis.classification.abstention import Abstention, choose_threshold, interval
from unpool.analysis.classification.calibration import (
    calibrate_across,
    calibration_error,
    fit_temperature,
    log_loss,
)
from unpool.analysis.classification.heads import fit_some, out_of_fold, softmax, split_folds
from unpool.analysis.classification.learning_curve import CurvePoint
from unpool.analysis.neighbours import Floats, Indices, normalise

AUTO = "auto"
AUTO_KINDS = ("linear", "kernel", "knn")  # a hidden layer takes five times as long, and was never the best
NUM_FOLDS = 5


class ClassFigures(TypedDict):
    """How well a class is recognised."""

    precision: float | None
    recall: float | None
    images: int


class Confusion(TypedDict):
    """How many images of a label get another answer."""

    label: str
    answer: str
    images: int


@dataclass(frozen=True)
class HeldOut:
    """Answers of heads that have not seen the images.

    Attributes:
        kind: of the heads.
        class_N: the labels as numbers.
        logit_NK: their scores.
        probability_NK: calibrated, by temperatures that have not seen the image either.
        temperature: that of all images.
        loss_N: the negative logarithm of each label's probability.
        num_fitted: images that each of the heads was fitted to.
    """

    kind: str
    class_N: Indices
    logit_NK: Floats
    probability_NK: Floats
    temperature: float
    loss_N: Floats
    num_fitted: int

    @property
    def answer_N(self) -> Indices:
        """The class of the highest score."""
        best_N: Indices = self.logit_NK.argmax(axis=1)
        return best_N

    @property
    def is_right_N(self) -> npt.NDArray[np.bool_]:
        """Whether that is the label."""
        return np.asarray(self.answer_N == self.class_N)

    @property
    def confidence_N(self) -> Floats:
        """The probability of the answer."""
        best_N: Floats = self.probability_NK.max(axis=1)
        return best_N


@dataclass(frozen=True)
class Quality:
    """The figures of a classifier, all of images held out.

    Attributes:
        accuracy: share of right answers, with its 95 % interval `low` to `high`.
        calibration: expected calibration error.
        abstention: the threshold, and what it does.
        per_class: precision, recall and images of each class, by name.
        confusion_KK: rows labels, columns answers.
        curve: accuracy by number of labels.
    """

    accuracy: float
    low: float
    high: float
    calibration: float
    abstention: Abstention
    per_class: dict[str, ClassFigures]
    confusion_KK: Indices
    curve: list[CurvePoint] = field(default_factory=list)


def hold_out(vector_ND: npt.ArrayLike, class_N: npt.ArrayLike, kind: str, *, seed: int = 0) -> HeldOut:
    """Answer for each image by a head fitted to others.

    Args:
        vector_ND: Vectors of the labelled images, two or more.
        class_N: Their classes.
        kind: The head.
        seed: Of folds and heads.

    Returns:
        The answers, calibrated.
    """
    number_N = np.asarray(class_N, np.int64)
    folds = min(NUM_FOLDS, len(number_N))
    logit_NK = out_of_fold(vector_ND, number_N, kind, folds, seed)
    # The only image of a class says nothing of how sure a head may be of the classes that it knows.
    is_known_N = np.bincount(number_N)[number_N] > 1
    temperature = fit_temperature(logit_NK[is_known_N], number_N[is_known_N]) if is_known_N.any() else 1.0
    fold_N = np.where(is_known_N, split_folds(number_N, folds, seed), -1)
    probability_NK = softmax(logit_NK, temperature)
    if is_known_N.any() and len(np.unique(fold_N[is_known_N])) > 1:
        probability_NK[is_known_N] = calibrate_across(
            logit_NK[is_known_N], number_N[is_known_N], fold_N[is_known_N]
        )
    num_fitted = max(1, len(number_N) * (folds - 1) // folds)
    return HeldOut(
        kind, number_N, logit_NK, probability_NK, temperature, _loss(probability_NK, number_N), num_fitted
    )


def hold_part(
    vector_ND: npt.ArrayLike, class_N: npt.ArrayLike, is_held_N: npt.ArrayLike, kind: str, *, seed: int = 0
) -> HeldOut:
    """Answer for some images by a head of all others.

    Args:
        vector_ND: Vectors of the labelled images.
        class_N: Their classes.
        is_held_N: Which are held out.
        kind: The head.
        seed: Of the head.

    Returns:
        The answers for the images held out, calibrated.
    """
    unit_ND, number_N, held_N = (
        normalise(vector_ND),
        np.asarray(class_N, np.int64),
        np.asarray(is_held_N, bool),
    )
    head = fit_some(unit_ND[~held_N], number_N[~held_N], int(number_N.max()) + 1, kind, seed)
    logit_HK, number_H = head.logits_of_unit(unit_ND[held_N]), number_N[held_N]
    fold_H = split_folds(number_H, min(NUM_FOLDS, len(number_H)), seed)
    probability_HK = calibrate_across(logit_HK, number_H, fold_H)
    temperature = fit_temperature(logit_HK, number_H)
    loss_H, num_fitted = _loss(probability_HK, number_H), int((~held_N).sum())
    return HeldOut(kind, number_H, logit_HK, probability_HK, temperature, loss_H, num_fitted)


def _loss(probability_NK: Floats, number_N: Indices) -> Floats:
    return log_loss(np.log(np.maximum(probability_NK, 1e-9)), number_N)


def compare_heads(
    vector_ND: npt.ArrayLike, class_N: npt.ArrayLike, head: str, *, seed: int = 0
) -> list[HeldOut]:
    """Hold out images under each head that may be chosen.

    A head that is more than a straight line must be better by more than the standard error of the difference.

    Args:
        vector_ND: Vectors of the labelled images.
        class_N: Their classes.
        head: Its kind, or auto: all are compared by their log loss.
        seed: Of folds and heads.

    Returns:
        The chosen head first.
    """
    unit_ND = normalise(vector_ND)
    return put_best_first([hold_out(unit_ND, class_N, kind, seed=seed) for kind in kinds_of(head)])


def kinds_of(head: str) -> tuple[str, ...]:
    """List the kinds of heads that a choice leaves open.

    >>> kinds_of("knn")
    ('knn',)
    """
    return AUTO_KINDS if head == AUTO else (head,)


def put_best_first(found: Sequence[HeldOut]) -> list[HeldOut]:
    """Move the best answers to the front.

    Another than the first must be better by more than the standard error of the difference.

    Args:
        found: Answers for the same images.
    """
    chosen = min(found, key=lambda each: _handicapped(each, found[0]))
    return [chosen, *(each for each in found if each is not chosen)]


def _handicapped(held_out: HeldOut, first: HeldOut) -> float:
    difference_N = held_out.loss_N - first.loss_N
    error = float(difference_N.std() / np.sqrt(len(difference_N)))
    return float(difference_N.mean()) + (0 if held_out is first else error)


def measure_quality(held_out: HeldOut, names: Sequence[str], error: float) -> Quality:
    """Compute the figures of held-out answers.

    Args:
        held_out: The answers.
        names: Of the classes.
        error: The share of wrong answers that is allowed where one is given.

    Returns:
        The figures, without a learning curve.
    """
    is_right_N, confidence_N = held_out.is_right_N, held_out.confidence_N
    low, high = interval(int(is_right_N.sum()), len(is_right_N))
    table_KK = np.zeros((len(names), len(names)), np.int64)
    np.add.at(table_KK, (held_out.class_N, held_out.answer_N), 1)
    return Quality(
        float(is_right_N.mean()), low, high, calibration_error(confidence_N, is_right_N),
        choose_threshold(confidence_N, is_right_N, error), _describe_classes(table_KK, names), table_KK,
    )  # fmt: skip


def _describe_classes(table_KK: Indices, names: Sequence[str]) -> dict[str, ClassFigures]:
    figures: dict[str, ClassFigures] = {}
    for number, name in enumerate(names):
        right, answers = int(table_KK[number, number]), int(table_KK[:, number].sum())
        images = int(table_KK[number].sum())
        figures[name] = {
            "precision": round(right / answers, 4) if answers else None,
            "recall": round(right / images, 4) if images else None,
            "images": images,
        }
    return figures


def most_confused(table_KK: Indices, names: Sequence[str], num: int = 3) -> list[Confusion]:
    """Find the pairs of classes that are confused most.

    Args:
        table_KK: Counts, rows labels and columns answers.
        names: Of the classes.
        num: How many pairs at most.

    Returns:
        Label, answer and number of images of each pair.

    >>> most_confused(np.array([[3, 2], [0, 4]]), ["cat", "dog"])
    [{'label': 'cat', 'answer': 'dog', 'images': 2}]
    """
    wrong_KK = table_KK - np.diag(np.diag(table_KK))
    pairs = sorted(np.argwhere(wrong_KK > 0), key=lambda pair: -wrong_KK[tuple(pair)])
    return [
        {"label": names[row], "answer": names[column], "images": int(wrong_KK[row, column])}
        for row, column in pairs[:num]
    ]
