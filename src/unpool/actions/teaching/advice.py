"""What labels say of images without one.

Which to label next, names for the others, and how far these hold.

Shapes: N images, L labelled ones, D numbers a vector, K names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unpool.analysis.classification.copies import first_of_copies
from unpool.analysis.classification.estimates import MAX_COMPARED, Estimate, estimate_accuracy
from unpool.analysis.classification.heads import Head, fit_head, softmax
from unpool.analysis.classification.next_labels import NUM_TYPICAL, Axes, Choice, choose_images
from unpool.analysis.neighbours import Floats, Indices

MAX_TYPICAL = 50  # labels up to which typical images come first, however many groups there are
FIRST_IMAGES = 10  # that are chosen together, before all others
MAX_LEARNT = 2_000  # labelled images that a classifier is fitted to: of more a sample


@dataclass(frozen=True)
class Labels:
    """The labels of images, as arrays.

    Attributes:
        names: the different labels, sorted.
        code_N: the place of each image's label among them, -1 where it has none.
        is_open_N: which images may be labelled, and taught by: not those marked as wrong.
        content_N: what is the same for copies, None where it is not known; a labelled image that is held out must not
            be known from a copy.
    """

    names: Sequence[str]
    code_N: Indices
    is_open_N: npt.NDArray[np.bool_]
    content_N: npt.NDArray[np.object_] | None = None

    @property
    def num_labelled(self) -> int:
        """How many images have a label."""
        return int((self.code_N >= 0).sum())

    def count(self) -> list[int]:
        """Count the images of each name."""
        counts: list[int] = np.bincount(self.code_N[self.code_N >= 0], minlength=len(self.names)).tolist()
        return counts


def fit_labels(unit_ND: Floats, labels: Labels, *, seed: int = 0) -> Head | None:
    """Fit a classifier to the labels.

    None before there are two different ones.
    """
    known_L = _sample_labelled(labels, seed)
    if len(np.unique(labels.code_N[known_L])) < 2:
        return None
    return fit_head(unit_ND[known_L], labels.code_N[known_L], seed=seed)


def try_labels(unit_ND: Floats, labels: Labels, *, seed: int = 0) -> Estimate | None:
    """Estimate how well the labels name the other images.

    None where there are too few.
    """
    known_L = _sample_labelled(labels, seed)
    other_M = np.flatnonzero(labels.is_open_N & (labels.code_N < 0))
    if labels.content_N is not None:
        known_L = known_L[first_of_copies(labels.content_N[known_L], labels.code_N[known_L])]
    if not len(known_L) or not len(other_M):
        return None
    codes = np.unique(labels.code_N[known_L], return_inverse=True)[1]
    if len(other_M) > MAX_COMPARED:
        other_M = np.sort(np.random.default_rng(seed).choice(other_M, MAX_COMPARED, replace=False))
    return estimate_accuracy(unit_ND[known_L], codes, unit_ND[other_M], seed=seed)


def _sample_labelled(labels: Labels, seed: int) -> Indices:
    known_L: Indices = np.flatnonzero((labels.code_N >= 0) & labels.is_open_N)
    if len(known_L) <= MAX_LEARNT:
        return known_L
    return np.sort(np.random.default_rng(seed).choice(known_L, MAX_LEARNT, replace=False))


def choose_next(
    unit_ND: Floats, labels: Labels, logit_NK: Floats | None, k: int, *, num_groups: int = 0, axes: Axes | None = None,
    seed: int = 0,
) -> list[Choice]:  # fmt: skip
    """Choose images to label next.

    The first ten are the same however many more are needed.

    Args:
        unit_ND: Vectors of length one.
        labels: Their labels.
        logit_NK: Scores of a classifier that was fitted to the labels, where there is one.
        k: How many.
        num_groups: Groups of the workspace: half as many labels are typical images, ten at least and fifty at most.
        axes: The directions in which the vectors vary most, where they are known.
        seed: Of samples and clusters.

    Returns:
        The images, the best first.
    """
    num_typical = min(max(NUM_TYPICAL, num_groups // 2), MAX_TYPICAL)
    code_N, num_labelled, choices = labels.code_N.copy(), labels.num_labelled, list[Choice]()
    while len(choices) < k:
        is_typical = logit_NK is None or num_labelled < num_typical
        number = min(FIRST_IMAGES, k) if is_typical and not choices else k - len(choices)
        found = choose_images(
            unit_ND, code_N, number, logit_NK=None if is_typical else logit_NK,
            is_open_N=labels.is_open_N, axes=axes, seed=seed + len(choices),
        )  # fmt: skip
        if not found:
            break
        choices += found
        code_N[[choice.row for choice in found]] = 0  # as if they had one
        num_labelled += len(found)
    return choices


def describe_choice(choice: Choice, labels: Labels, counts: Sequence[int]) -> str:
    """Say why an image is to be labelled.

    Args:
        choice: The image.
        labels: The labels that it was chosen by.
        counts: How many images have each of them.

    Returns:
        A few words.
    """
    if choice.reason == "typical":
        return "unlike the images that have a label" if choice.stands_for < 2 else (
            f"typical of {choice.stands_for:,} images without a label"
        )  # fmt: skip
    first = labels.names[choice.first]
    if choice.reason == "rare":
        count = counts[choice.first]
        return f"perhaps ‘{first}’, which has {count} label{'s' * (count != 1)}"
    others = f", nearest to {choice.stands_for - 1:,} others" if choice.stands_for > 1 else ""
    return f"‘{first}’ or ‘{labels.names[choice.second]}’{others}"


def probabilities(logit_NK: Floats, estimate: Estimate | None) -> Floats:
    """Turn scores into calibrated probabilities, as far as labels allow."""
    return softmax(logit_NK, 1.0 if estimate is None else estimate.temperature)
