"""Estimate how well labels name the images without one.

Labelled images that were chosen are not like the rest: doubtful ones are among them more often. So each counts as many
images as are nearer to it than to any other labelled image.

Shapes: N images, L of them labelled, D numbers a vector, K classes, C images that are compared.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from unpool.analysis.classification.abstention import interval
from unpool.analysis.classification.calibration import fit_temperature
from unpool.analysis.classification.heads import out_of_fold
from unpool.analysis.neighbours import Floats, Indices

MIN_PER_CLASS = 2  # labels that two classes need: one is held out, one is learnt from
MAX_COMPARED = 4_000  # images without a label that are enough to weigh the labelled ones by


class Estimate(NamedTuple):
    """The accuracy on images without a label.

    Attributes:
        value: the share that would be named rightly.
        low, high: bounds of the 95 % interval.
        labels: labelled images that it rests on.
        temperature: divisor of scores, by which probabilities are as high as the share that is right.
    """

    value: float
    low: float
    high: float
    labels: int
    temperature: float


def estimate_accuracy(
    labelled_LD: Floats, class_L: Indices, others_ND: Floats, *, kind: str = "linear", folds: int = 5, seed: int = 0
) -> Estimate | None:  # fmt: skip
    """Estimate the accuracy on images without a label.

    Each labelled image is classified by a head fitted to four fifths of the others.

    Args:
        labelled_LD: Vectors of length one.
        class_L: Their classes, from 0 without gaps.
        others_ND: Vectors of images without a label, all or a sample.
        kind: Of the head.
        folds: How often a part is held out.
        seed: Of the folds.

    Returns:
        The estimate; None where there are not two classes of two labels each.

    Source: weights by nearest neighbours, Loog 2012, Nearest neighbor-based importance weighting; the number of images
    that the interval is computed from, Kish 1965, Survey sampling.
    """
    if (np.bincount(class_L) >= MIN_PER_CLASS).sum() < 2:
        return None
    logit_LK = out_of_fold(labelled_LD, class_L, kind, folds, seed)
    weight_L = _weights(labelled_LD, others_ND)
    is_right_L = logit_LK.argmax(axis=1) == class_L
    value = float((weight_L * is_right_L).sum() / weight_L.sum())
    num_effective = float(weight_L.sum() ** 2 / np.square(weight_L).sum())
    low, high = interval(value * num_effective, num_effective)
    # Few labels seem to allow more certainty than the other images bear out, so scores are never sharpened.
    temperature = max(1.0, fit_temperature(logit_LK, class_L))
    return Estimate(value, max(0.0, low), min(1.0, high), len(class_L), temperature)


def _weights(labelled_LD: Floats, others_ND: Floats) -> npt.NDArray[np.float64]:
    """How many of the others are nearest to each, and one for itself."""
    nearest_C = (others_ND @ labelled_LD.T).argmax(axis=1)
    return np.bincount(nearest_C, minlength=len(labelled_LD)).astype(np.float64) + 1
