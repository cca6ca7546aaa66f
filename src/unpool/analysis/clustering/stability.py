"""The stability of groups under resampling.

Shapes: N images, D numbers a vector.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from unpool.analysis.clustering.grouping import group
from unpool.analysis.neighbours import normalise
from unpool.core.rng import subsample_indices

NUM_RUNS, SAMPLE = 3, 5_000


def stability(
    vectors_ND: npt.ArrayLike, num_groups: int, *, method: str = "kmeans", sample: int = SAMPLE, seed: int = 0
) -> float | None:
    """Measure how far groupings of random parts agree.

    Each of three is of 80 % of the images, and a pair is compared on those that both have: other seeds alone would
    call a deterministic method stable.

    Source: Ben-Hur, Elisseeff and Guyon 2002; von Luxburg 2010, Clustering stability.

    Args:
        vectors_ND: Finite numbers.
        num_groups: Groups of each grouping.
        method: As for `group`.
        sample: The most images that are used.
        seed: Of parts and groupings.

    Returns:
        The mean adjusted Rand index of each pair, about 0…1; None for fewer than ten images, and where 80 % of
        them are fewer than the groups.

    >>> stability([[1, 0], [1, 0.1], [0, 1], [0.1, 1]] * 8, 2)
    1.0
    """
    from sklearn.metrics import adjusted_rand_score

    unit_ND, rng = normalise(vectors_ND), np.random.default_rng(seed)
    if len(unit_ND) < 10:
        return None
    unit_ND = unit_ND[subsample_indices(len(unit_ND), sample, rng)]
    found: list[npt.NDArray[Any]] = []
    drawn = int(0.8 * len(unit_ND))
    if num_groups > drawn:
        return None
    for run in range(NUM_RUNS):
        rows = subsample_indices(len(unit_ND), drawn, rng)
        label_N = np.full(len(unit_ND), -2)
        label_N[rows] = group(unit_ND[rows], method=method, groups=num_groups, seed=seed + run).labels
        found.append(label_N)
    agreed = []
    for one_N, other_N in combinations(found, 2):
        both_N = (one_N != -2) & (other_N != -2)
        agreed.append(adjusted_rand_score(one_N[both_N], other_N[both_N]))
    return float(np.mean(agreed))
