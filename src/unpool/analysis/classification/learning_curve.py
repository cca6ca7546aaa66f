"""How accuracy grows with labels.

And what more of them would bring.

Shapes: N labelled images, D numbers a vector, P sizes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from unpool.analysis.classification.heads import fit_head
from unpool.analysis.neighbours import Floats, Indices, normalise

SIZES = (10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000)
NUM_DRAWS = 5
MAX_FITTED = 6_000  # images that all draws of one size have together
TESTED_SHARE = 0.2  # of the images are held out of each draw
RATES = np.linspace(0.1, 1.5, 29)


@dataclass(frozen=True)
class CurvePoint:
    """The accuracy that a number of labels gave."""

    labels: int
    accuracy: float


def measure_curve(
    vector_ND: npt.ArrayLike, class_N: npt.ArrayLike, kind: str, *, whole: float, seed: int = 0
) -> list[CurvePoint]:
    """Measure the accuracy of smaller numbers of labels.

    Args:
        vector_ND: Vectors of the labelled images.
        class_N: Their classes.
        kind: The head.
        whole: The accuracy of five folds, which is the last point: that of four fifths of the labels.
        seed: Of the draws.

    Returns:
        Points by rising number of labels.
    """
    unit_ND, number_N = normalise(vector_ND), np.asarray(class_N, np.int64)
    num_labels = round((1 - TESTED_SHARE) * len(number_N))
    points = [
        CurvePoint(size, _accuracy_of(unit_ND, number_N, kind, size, seed))
        for size in SIZES
        if 1.5 * size <= num_labels
    ]
    return [*points, CurvePoint(num_labels, whole)]


def _accuracy_of(unit_ND: Floats, number_N: Indices, kind: str, size: int, seed: int) -> float:
    """The mean accuracy of some draws of so many labels, on a fifth of the images."""
    draws = max(1, min(NUM_DRAWS, MAX_FITTED // size))
    accuracies = []
    for draw in range(draws):
        order_N = np.random.default_rng([seed, size, draw]).permutation(len(number_N))
        row_S = order_N[:size]
        row_T = order_N[-max(1, round(TESTED_SHARE * len(order_N))) :]
        head = fit_head(unit_ND[row_S], number_N[row_S], kind, seed)
        accuracies.append(np.mean(head.logits_of_unit(unit_ND[row_T]).argmax(axis=1) == number_N[row_T]))
    return float(np.mean(accuracies))


def next_step(labels: int) -> int:
    """Return how many labels more are worth a forecast.

    >>> next_step(100), next_step(1500)
    (50, 300)
    """
    return max(50, round(labels / 5 / 100) * 100)


def forecast(points: Sequence[CurvePoint], labels: int) -> float | None:
    """Estimate the accuracy that a number of labels would give.

    A power law a − b·nᶜ is fitted to the points, those of more labels weighing more.

    Args:
        points: What was measured.
        labels: How many labels.

    Returns:
        An accuracy of at least the last point's and at most 1; None for fewer than three points.

    Source: Cortes et al. 1994, Learning curves: asymptotic values and rate of convergence.

    >>> known = [CurvePoint(n, 0.9 - 0.8 / n**0.5) for n in (10, 50, 200, 500)]
    >>> round(forecast(known, 1000), 3)
    0.875
    """
    if len(points) < 3:
        return None
    size_P = np.array([point.labels for point in points], np.float64)
    accuracy_P = np.array([point.accuracy for point in points])
    weight_P = np.sqrt(size_P)
    best = (np.inf, float(accuracy_P[-1]))
    for rate in RATES:
        # Of a curve with this rate: the level and the fall that fit best, neither above 1 nor rising.
        x_P2 = np.stack([np.ones_like(size_P), -(size_P**-rate)], axis=1)
        level, fall = np.linalg.lstsq(x_P2 * weight_P[:, None], accuracy_P * weight_P, rcond=None)[0]
        if level > 1:
            level = 1.0
            fall = float(((1 - accuracy_P) * -x_P2[:, 1] * weight_P**2).sum())
            fall /= float((x_P2[:, 1] ** 2 * weight_P**2).sum())
        fall = max(float(fall), 0.0)
        residual = float((weight_P**2 * (level + fall * x_P2[:, 1] - accuracy_P) ** 2).sum())
        best = min(best, (residual, float(level - fall * labels**-rate)))
    return float(np.clip(best[1], accuracy_P[-1], 1.0))
