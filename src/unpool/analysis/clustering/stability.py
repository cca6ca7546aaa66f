"""How good groups and vectors are when nobody knows the truth.

Shapes: N images, D numbers a vector, K groups, k neighbours, R groupings.
"""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from unpool.analysis.clustering.grouping import group
from unpool.analysis.neighbours import normalise
from unpool.core.rng import subsample_indices

RUNS, SAMPLE = 3, 5_000
COLLAPSED = 3.0  # effective rank below which vectors of this kind hold next to nothing


def stability(
    vectors_ND: npt.ArrayLike, num_groups: int, *, method: str = "kmeans", sample: int = SAMPLE, seed: int = 0
) -> float | None:
    """How far three groupings of random parts agree: the mean adjusted Rand index of each pair, about 0…1.

    Each is of 80 % of the images (of `sample` of them where there are more), and a pair is compared on those that
    both saw: a seed alone would call a method stable that never looks at chance. None for fewer than ten images,
    and where 80 % of them are fewer than the groups.

    Source: Ben-Hur, Elisseeff and Guyon 2002; von Luxburg 2010, Clustering stability.

    >>> stability([[1, 0], [1, 0.1], [0, 1], [0.1, 1]] * 8, 2)
    1.0
    """
    from sklearn.metrics import adjusted_rand_score

    unit_ND, chance = normalise(vectors_ND), np.random.default_rng(seed)
    if len(unit_ND) < 10:
        return None
    unit_ND = unit_ND[subsample_indices(len(unit_ND), sample, chance)]
    found: list[npt.NDArray[Any]] = []
    drawn = int(0.8 * len(unit_ND))
    if num_groups > drawn:
        return None
    for run in range(RUNS):
        rows = subsample_indices(len(unit_ND), drawn, chance)
        label_N = np.full(len(unit_ND), -2)
        label_N[rows] = group(unit_ND[rows], method=method, groups=num_groups, seed=seed + run).labels
        found.append(label_N)
    agreed = []
    for one_N, other_N in combinations(found, 2):
        both_N = (one_N != -2) & (other_N != -2)
        agreed.append(adjusted_rand_score(one_N[both_N], other_N[both_N]))
    return float(np.mean(agreed))
