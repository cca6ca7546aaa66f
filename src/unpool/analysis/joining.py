"""Where new vectors belong among known ones, if anywhere.

Shapes: N vectors, B of them known, M new ones, D numbers a vector, K neighbours, G groups.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from unpool.analysis.inverted_lists import largest_products
from unpool.analysis.neighbours import ROWS_AT_ONCE, Floats, Index, Indices, normalise

NUM_NEIGHBOURS = 10  # that decide where an image belongs
MAX_PAIRS = 5_000_000_000  # of new and known vectors that are compared one by one; beyond, an index is built
FAR_QUANTILE = 0.95  # of the known images' distances to their neighbours: what lies farther is far
MIN_JOINED = 20  # of fewer images that joined, the share of far ones says nothing
DRIFT_LIMIT = 0.25
"""From here on groups and map are worth making anew; `docs/living.md` has what was measured."""


class Drift(NamedTuple):
    """How far a collection has moved from its groups.

    `images` it has now, of which `joined` came later, and `far` of these lie farther from all others than 95 % of the
    images that were there; `drift` from 0 to 1.
    """

    images: int
    joined: int
    far: int
    drift: float

    @property
    def is_large(self) -> bool:
        """Whether groups and map should be made anew."""
        return self.drift >= DRIFT_LIMIT


def find_near(
    new_MD: npt.ArrayLike, vectors_ND: npt.NDArray[np.float32], known_B: Indices, k: int = NUM_NEIGHBOURS
) -> tuple[Floats, Indices]:
    """Find the known vectors nearest to each new one.

    Exact, and without an index, which would take longer to build than few searches take. Vectors are scaled a part
    at a time.

    Args:
        new_MD: Finite numbers.
        vectors_ND: Finite numbers.
        known_B: The rows of `vectors_ND` that are known, one or more.
        k: Neighbours of each new vector.

    Returns:
        (M, min(k, B)) cosine distances 0…2, rising, and rows of `vectors_ND`.

    >>> find_near([[2.0, 0.1]], np.array([[1, 0], [0, 1]], np.float32), np.array([0, 1]), k=1)[1].tolist()
    [[0]]
    """
    unit_MD = normalise(new_MD)
    if len(unit_MD) * len(known_B) > MAX_PAIRS:
        distance_MK, near_MK = Index(vectors_ND[known_B]).nearest(unit_MD, k)
        return distance_MK, known_B[near_MK]
    distance_MK, row_MK = np.empty((len(unit_MD), 0), np.float32), np.empty((len(unit_MD), 0), np.int64)
    for start in range(0, len(known_B), ROWS_AT_ONCE):
        part_B = known_B[start : start + ROWS_AT_ONCE]
        part_BD = normalise(vectors_ND[part_B])
        cosine_MK, near_MK = largest_products(unit_MD, part_BD, min(k, len(part_B)))
        distance_MK = np.concatenate([distance_MK, np.clip(1 - cosine_MK, 0, 2)], axis=1)
        row_MK = np.concatenate([row_MK, part_B[near_MK]], axis=1)
        order_MK = np.argsort(distance_MK, axis=1, kind="stable")[:, :k]
        distance_MK = np.take_along_axis(distance_MK, order_MK, axis=1)
        row_MK = np.take_along_axis(row_MK, order_MK, axis=1)
    return distance_MK, row_MK


def vote(distance_MK: Floats, group_MK: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], Floats]:
    """Let neighbours vote for a group, near ones counting more.

    Args:
        distance_MK: Distances of the neighbours, rising.
        group_MK: Their groups.

    Returns:
        (M,) groups, and the shares of the votes that they got.

    >>> vote(np.array([[0.1, 0.2, 0.3]], np.float32), np.array([[4, 7, 7]]))[0].tolist()
    [4]
    """
    numbers, code_MK = np.unique(group_MK, return_inverse=True)
    code_MK = code_MK.reshape(group_MK.shape)
    vote_MG = np.zeros((len(group_MK), len(numbers)))
    # Measured by the farthest of them, so that a small group nearby wins against a large one behind it.
    weight_MK = (1 - distance_MK / np.maximum(distance_MK[:, -1:], 1e-12)) ** 2 + 1e-6
    np.add.at(vote_MG, (np.arange(len(group_MK))[:, None], code_MK), weight_MK)
    best_M = vote_MG.argmax(axis=1)
    share_M = vote_MG[np.arange(len(best_M)), best_M] / np.maximum(vote_MG.sum(axis=1), 1e-12)
    return numbers[best_M], share_M.astype(np.float32)


def measure_drift(outlier_score_N: npt.ArrayLike, joined_distance_N: npt.ArrayLike) -> Drift:
    """Measure how much images that joined have changed.

    The figure is the larger of two shares: of the images that joined among all, and, from twenty on, of those among
    them that lie far from everything, beyond the 5 % expected.

    Args:
        outlier_score_N: Mean distance of each image to its neighbours.
        joined_distance_N: The same when the image joined, NaN where it was there when groups were made.

    Returns:
        The drift.

    >>> measure_drift([0.1, 0.2, 0.1, 0.2], [np.nan, np.nan, np.nan, 0.2]).drift
    0.25
    """
    score_N = np.asarray(outlier_score_N, np.float64)
    distance_N = np.asarray(joined_distance_N, np.float64)
    joined_N = np.isfinite(distance_N)
    there = score_N[~joined_N & np.isfinite(score_N)]
    num_joined, far = int(joined_N.sum()), 0
    if num_joined and len(there):
        far = int((distance_N[joined_N] > np.quantile(there, FAR_QUANTILE)).sum())
    share = num_joined / max(1, len(score_N))
    expected = 1 - FAR_QUANTILE
    unlike = (far / num_joined - expected) / FAR_QUANTILE if num_joined >= MIN_JOINED else 0.0
    return Drift(len(score_N), num_joined, far, round(float(min(1.0, max(share, unlike))), 4))
