"""Names for images without one, where they are worth reading.

Shapes: N images, L of them labelled, U not, D numbers a vector, K classes.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unpool.analysis.classification.abstention import NEVER, PSEUDO_ERRORS, round_down
from unpool.analysis.classification.heads import fit_head, softmax, split_folds
from unpool.analysis.classification.quality import NUM_FOLDS, HeldOut, hold_out
from unpool.analysis.neighbours import Floats, Indices, normalise
from unpool.errors import UnpoolError

UNLABELLED = -1
FLOOR_SHARES = (
    0.0,
    0.05,
    0.1,
    0.2,
    0.3,
    0.4,
    0.5,
    0.6,
    0.7,
    0.8,
)  # of labelled images below a floor of likeness
NAMED_SHARES = (0.3, 0.4, 0.5, 0.6, 0.7)  # of labelled images below, where images of named kinds are counted
CERTAINTY = (
    0.5  # that errors are no more frequent than allowed: people read suggestions before they accept them
)
MIN_PROBABILITY = 0.5  # of a suggestion: it is rather right than wrong
HEAD = "linear"
ROWS_AT_ONCE = 65_536


@dataclass(frozen=True)
class Suggestions:
    """Names for images that have none.

    Attributes:
        class_N: the suggested class, −1 where there is no suggestion.
        confidence_N: its calibrated probability, 0 where there is none.
        threshold: the lowest probability of a suggestion; 1 where there is none.
        error: the expected share of wrong suggestions.
        num_unlike: unlabelled images that are too unlike all labelled ones.
    """

    class_N: Indices
    confidence_N: Floats
    threshold: float
    error: float
    num_unlike: int


@dataclass(frozen=True)
class _Answers:
    """What is known of some images: answer, probability, and likeness to the images of that class."""

    class_M: Indices
    confidence_M: Floats
    likeness_M: Floats


@dataclass(frozen=True)
class _Choice:
    """Bounds that suggestions must reach, and what they lead to."""

    threshold: float
    floor: float
    error: float
    count: int


def suggest_classes(
    vectors_ND: npt.ArrayLike, labels: npt.ArrayLike, *, error: float = 0.1, seed: int = 0
) -> Suggestions:
    """Suggest a class for images where few suggestions are wrong.

    A logistic regression names all images. How often it is wrong is seen on labelled images that are held out. How many
    images are of kinds without a label is seen from how like they are to the labelled images of the class that they
    would get: where that is less than among held-out images, there are others among them. Of all bounds of probability
    and likeness that keep the expected errors of both sorts rare enough, those with the most suggestions are taken.

    Args:
        vectors_ND: Finite numbers.
        labels: (N,) numbers from 0, −1 where there is none.
        error: The share of wrong suggestions that is allowed, 0…1.
        seed: Of folds.

    Returns:
        The suggestions.

    Raises:
        UnpoolError: Where no image has a label, or the numbers of vectors and labels differ.
    """
    unit_ND, label_N = normalise(vectors_ND), np.asarray(labels, np.int64)
    _check_labels(label_N, len(unit_ND))
    row_L, row_U = np.flatnonzero(label_N >= 0), np.flatnonzero(label_N < 0)
    class_N, confidence_N = np.full(len(label_N), UNLABELLED), np.zeros(len(label_N), np.float32)
    found = Suggestions(class_N, confidence_N, NEVER, 0.0, 0)
    if len(row_L) < 2 or not len(row_U):
        return found
    names, code_L = np.unique(label_N[row_L], return_inverse=True)
    held_out = hold_out(unit_ND[row_L], code_L, HEAD, seed=seed)
    mean_D = unit_ND.mean(axis=0)
    known = _answer_held_out(unit_ND[row_L], held_out, mean_D, seed)
    others = _answer_others(unit_ND, row_L, row_U, held_out, mean_D, seed)
    choice = _choose_bounds(known, held_out.is_right_N, others, error)
    if choice is None:
        return found
    is_like_U = others.likeness_M >= choice.floor
    is_given_U = is_like_U & (others.confidence_M >= choice.threshold)
    class_N[row_U] = np.where(is_given_U, names[others.class_M], UNLABELLED)
    confidence_N[row_U] = np.where(is_given_U, others.confidence_M, 0)
    return Suggestions(class_N, confidence_N, choice.threshold, choice.error, int((~is_like_U).sum()))


def _check_labels(label_N: Indices, num_images: int) -> None:
    if label_N.shape != (num_images,):
        raise UnpoolError(f"labels: shape {label_N.shape}, expected one for each of {num_images} vectors")
    if not (label_N >= 0).any():
        raise UnpoolError(f"labels: none for {len(label_N)} images, expected one at least; label some images")


def _answer_held_out(unit_LD: Floats, held_out: HeldOut, mean_D: Floats, seed: int) -> _Answers:
    """Answers for labelled images from the others; likeness to the labelled images of the other folds."""
    fold_L = split_folds(held_out.class_N, min(NUM_FOLDS, len(unit_LD)), seed)
    likeness_L: Floats = np.zeros(len(unit_LD), np.float32)
    for fold in np.unique(fold_L):
        is_out_L = fold_L == fold
        mean_KD = _class_means(
            unit_LD[~is_out_L], held_out.class_N[~is_out_L], held_out.logit_NK.shape[1], mean_D
        )
        likeness_L[is_out_L] = _likeness(unit_LD[is_out_L], held_out.answer_N[is_out_L], mean_KD, mean_D)
    return _Answers(held_out.answer_N, held_out.confidence_N, likeness_L)


def _answer_others(
    unit_ND: Floats, row_L: Indices, row_U: Indices, held_out: HeldOut, mean_D: Floats, seed: int
) -> _Answers:
    """Answers for unlabelled images from all labelled ones."""
    head = fit_head(unit_ND[row_L], held_out.class_N, held_out.kind, seed, weigh_as=held_out.num_fitted)
    mean_KD = _class_means(unit_ND[row_L], held_out.class_N, head.num_classes, mean_D)
    parts = []
    for start in range(0, len(row_U), ROWS_AT_ONCE):
        unit_MD = unit_ND[row_U[start : start + ROWS_AT_ONCE]]
        probability_MK = softmax(head.logits_of_unit(unit_MD), held_out.temperature)
        class_M = probability_MK.argmax(axis=1)
        parts.append((class_M, probability_MK.max(axis=1), _likeness(unit_MD, class_M, mean_KD, mean_D)))
    return _Answers(*(np.concatenate(values) for values in zip(*parts, strict=True)))


def _class_means(unit_LD: Floats, class_L: Indices, num_classes: int, mean_D: Floats) -> Floats:
    """The mean direction of the images of each class, seen from the mean of all images."""
    sum_KD = np.zeros((num_classes, unit_LD.shape[1]), np.float32)
    np.add.at(sum_KD, class_L, normalise(unit_LD - mean_D))
    return normalise(sum_KD)


def _likeness(unit_MD: Floats, class_M: Indices, mean_KD: Floats, mean_D: Floats) -> Floats:
    """The cosine of each image and the mean of its class, −1…1."""
    likeness_M: Floats = np.einsum("md,md->m", normalise(unit_MD - mean_D), mean_KD[class_M])
    return likeness_M


def _count_named(known: _Answers, others: _Answers) -> float:
    """How many of the other images are of a kind that has a label.

    Above a likeness that most images of other kinds do not reach, there are as many of them as their share among
    labelled images says.
    """
    counts = []
    for share in NAMED_SHARES:
        floor = np.quantile(known.likeness_M, share)
        counts.append((others.likeness_M >= floor).sum() / np.mean(known.likeness_M >= floor))
    return float(min(len(others.likeness_M), *counts))


def _choose_bounds(
    known: _Answers, is_right_L: npt.NDArray[np.bool_], others: _Answers, error: float
) -> _Choice | None:
    """The bounds with the most suggestions of those with few enough errors; None where there are none."""
    from scipy.stats import beta

    num_named, best = _count_named(known, others), None
    for share in FLOOR_SHARES:
        floor = float(np.quantile(known.likeness_M, share)) if share else -1.0
        is_like_L, is_like_U = known.likeness_M >= floor, others.likeness_M >= floor
        num_like = max(int(is_like_U.sum()), 1)
        unnamed = max(0.0, num_like - num_named * float(is_like_L.mean())) / num_like
        order_l = np.argsort(-known.confidence_M[is_like_L], kind="stable")
        confidence_l = known.confidence_M[is_like_L][order_l]
        number_l = np.arange(1, len(confidence_l) + 1)
        wrong_l = np.cumsum(~is_right_L[is_like_L][order_l]) + np.cumsum(1.0 - confidence_l)
        error_l = wrong_l / 2 / number_l * (1 - unnamed) + unnamed
        counted_l = error_l * number_l
        bound_l = beta.ppf(CERTAINTY, counted_l + PSEUDO_ERRORS, number_l - counted_l + PSEUDO_ERRORS)
        is_last_l = np.append(confidence_l[1:] < confidence_l[:-1], True)
        found = np.flatnonzero((bound_l <= error) & is_last_l)
        if not len(found):
            continue
        threshold = max(round_down(float(confidence_l[found[-1]])), MIN_PROBABILITY)
        count = int((is_like_U & (others.confidence_M >= threshold)).sum())
        if count > (best.count if best else 0):
            best = _Choice(threshold, floor, float(error_l[found[-1]]), count)
    return best
