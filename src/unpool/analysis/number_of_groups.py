"""How many groups there are, asked of the map alone. Shapes: N images, positions xy_N2."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from unpool.analysis.neighbours import checked
from unpool.analysis.separation import map_silhouette

MOST_GROUPS = 30
ASKED = 20_000  # positions that k-means tries each number on
SILHOUETTE_SAMPLE = 2_000


def number_of_groups(xy_N2: npt.ArrayLike, *, seed: int = 0) -> int:
    """The number of k-means groups, from 2 to min(30, √N), whose silhouette on the map is best; the fewer in a tie.

    Takes (N, 2) finite positions. 1 where there are fewer than four images or all lie in one place: nothing is
    there to be told apart. Deterministic for a seed. It always finds groups where points differ, even in noise.

    Source: Rousseeuw 1987 (silhouette); Lowe et al. 2024, arXiv 2406.02465 (it follows the truth when measured
    in a fixed neighbour embedding).

    >>> number_of_groups([[x + dx, 0] for x in (0, 50, 100) for dx in (0, 1, 2)])
    3
    """
    place_N2 = checked(xy_N2, "map")
    if len(place_N2) > ASKED:
        place_N2 = place_N2[np.random.default_rng(seed).choice(len(place_N2), ASKED, replace=False)]
    num_places = len(np.unique(place_N2, axis=0))
    most = min(MOST_GROUPS, math.isqrt(len(place_N2)), num_places)
    scores = {number: _silhouette_of(place_N2, number, seed) for number in range(2, most + 1)}
    return max(scores, key=lambda number: (scores[number], -number), default=1)


def _silhouette_of(place_N2: npt.NDArray[np.float32], number: int, seed: int) -> float:
    from sklearn.cluster import KMeans

    group_N = KMeans(number, n_init=3, random_state=seed).fit_predict(place_N2)
    score = map_silhouette(place_N2, group_N, sample=SILHOUETTE_SAMPLE, seed=seed)
    return -1.0 if score is None else score
