"""Images that can be accepted together.

They are near each other, and all get one name with high probability.

Shapes: N images, D numbers a vector, K classes, C candidates of a class.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from unpool.analysis.neighbours import Floats, Indices

BATCH_SIZE, MIN_SIZE = 20, 5
MIN_PROBABILITY = 0.9
MAX_CANDIDATES = 1_000  # of a class: its most certain images


class Batch(NamedTuple):
    """Images that seem to be of one class.

    Attributes:
        class_: the class.
        rows: the images, the most certain first.
        probability: mean of theirs, the share that is expected to be right.
    """

    class_: int
    rows: list[int]
    probability: float


def find_batches(
    unit_ND: Floats, probability_NK: Floats, is_open_N: npt.NDArray[np.bool_], *, size: int = BATCH_SIZE
) -> list[Batch]:  # fmt: skip
    """Find one batch of each class, the most probable first.

    Args:
        unit_ND: Vectors of length one.
        probability_NK: Calibrated probabilities.
        is_open_N: Which images may be taken: those without a label.
        size: Images of a batch at most; batches of fewer than five are left out.

    Returns:
        A batch for each class that has enough images of a probability of 0.9 or more: the most certain image, and
        those nearest to it.

    >>> unit_ND = np.ones((6, 1), np.float32)
    >>> [batch.rows for batch in find_batches(unit_ND, np.full((6, 1), 0.95), np.arange(6) > 0)]
    [[1, 2, 3, 4, 5]]
    """
    first_N, highest_N = probability_NK.argmax(axis=1), probability_NK.max(axis=1)
    is_candidate_N = is_open_N & (highest_N >= MIN_PROBABILITY)
    batches = []
    for number in range(probability_NK.shape[1]):
        row_C = np.flatnonzero(is_candidate_N & (first_N == number))
        if len(row_C) >= MIN_SIZE:
            row_M = _near_the_most_certain(unit_ND, row_C, highest_N, size)
            batches.append(Batch(number, row_M.tolist(), float(highest_N[row_M].mean())))
    return sorted(batches, key=lambda batch: -batch.probability)


def _near_the_most_certain(unit_ND: Floats, row_C: Indices, highest_N: Floats, size: int) -> Indices:
    row_C = row_C[np.argsort(-highest_N[row_C], kind="stable")[:MAX_CANDIDATES]]
    nearness_C = unit_ND[row_C] @ unit_ND[row_C[0]]
    # In the order of certainty, in which the candidates are already.
    return row_C[np.sort(np.argsort(-nearness_C, kind="stable")[:size])]
