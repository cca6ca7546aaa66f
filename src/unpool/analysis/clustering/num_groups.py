"""Estimate the number of groups, by map or communities.

Shapes: N images, D numbers a vector, positions xy_N2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from unpool.analysis.clustering.communities import separate_communities
from unpool.analysis.mapping import compute_map
from unpool.analysis.metrics.silhouette import map_groups_of_numbers, map_silhouettes
from unpool.analysis.neighbours import Floats, check_vectors, normalise

MAX_GROUPS = 30
MAX_POSITIONS = 20_000  # positions that k-means tries each number on
SILHOUETTE_SAMPLE = 2_000
CLEAR_SILHOUETTE = 0.7  # from which the map is trusted
CLEAR_LEAD = 0.05  # over the silhouettes of two and three groups, from which it is trusted too, where
MIN_AGREEMENT = 2 / 3  # its number is this share of that of communities at least, and not higher
EQUAL_SILHOUETTE = 0.005  # below the best that the finer may be
MIN_IMAGES_FOR_COMMUNITIES = 100
COUNT_SAMPLE, NUM_COUNTS = 1_000, 5  # images of a count, with other ones and other random numbers each time
MAX_MAPPED = 5_000  # images on a map that serves the estimate alone
MIN_SHARE = 0.02  # of the images that a community must hold to be counted


def num_groups_of_map(xy_N2: npt.ArrayLike, *, vectors_ND: npt.ArrayLike | None = None, seed: int = 0) -> int:
    """Estimate the number of groups on a map.

    It is the number of k-means groups, from 2 to min(30, √N), whose silhouette is best, the fewer in a tie.
    Deterministic for a seed. It always finds groups where points differ, even in noise.

    With `vectors_ND`, and where not even the best silhouette reaches 0.7 (photographs, say), a map has no clear
    parts, and its silhouette prefers two or three halves: then the separate communities of the neighbour graph that
    hold a fiftieth of the images are counted instead, the highest of five counts on up to 1,000 images each. On a
    clear map the finest number up to theirs is taken whose silhouette is as good as the best, and so it is where
    the best number leads by 0.05 over two and three groups and is a little lower than theirs.

    Source: Rousseeuw 1987 (silhouette); Lowe et al. 2024, arXiv 2406.02465 (it follows the truth when measured
    in a fixed neighbour embedding); Traag et al. 2019 (communities).

    Args:
        xy_N2: Finite positions.
        vectors_ND: The vectors of the same images.
        seed: Of samples and k-means.

    Returns:
        The number, 1 where there are fewer than four images or all lie in one place.

    >>> num_groups_of_map([[x + dx, 0] for x in (0, 50, 100) for dx in (0, 1, 2)])
    3
    """
    place_N2 = check_vectors(xy_N2, "map")
    if len(place_N2) > MAX_POSITIONS:
        place_N2 = place_N2[np.random.default_rng(seed).choice(len(place_N2), MAX_POSITIONS, replace=False)]
    num_places = len(np.unique(place_N2, axis=0))
    highest = min(MAX_GROUPS, math.isqrt(len(place_N2)), num_places)
    if highest < 2:
        return 1
    scores = _silhouettes(place_N2, range(2, highest + 1), seed)
    best = max(scores, key=lambda number: (scores[number], -number))
    if vectors_ND is None or np.shape(vectors_ND)[0] < MIN_IMAGES_FOR_COMMUNITIES:
        return best
    count = _count_communities(normalise(vectors_ND), seed)
    lead = scores[best] - max(scores.get(few, -1.0) for few in (2, 3))
    is_supported = lead >= CLEAR_LEAD and MIN_AGREEMENT * count <= best <= count
    if scores[best] < CLEAR_SILHOUETTE and not is_supported:
        return count
    equal = [number for number in scores if scores[number] >= scores[best] - EQUAL_SILHOUETTE]
    return max(number for number in equal if number <= max(best, count))


def num_groups_of_vectors(vectors_ND: npt.ArrayLike, *, seed: int = 0) -> int:
    """Estimate the number of groups of vectors without a map.

    Up to 5,000 of the (N, D) vectors are mapped for it.

    >>> num_groups_of_vectors([[1, 0], [1, 0.01], [0, 1], [0.01, 1]])
    2
    """
    unit_ND = normalise(vectors_ND)
    rows = np.sort(np.random.default_rng(seed).permutation(len(unit_ND))[:MAX_MAPPED])
    return num_groups_of_map(compute_map(unit_ND[rows], seed=seed), vectors_ND=unit_ND, seed=seed)


def _count_communities(unit_ND: Floats, seed: int) -> int:
    counts = []
    for count in range(NUM_COUNTS):
        rows = np.random.default_rng([seed, count]).permutation(len(unit_ND))[:COUNT_SAMPLE]
        found_S = separate_communities(unit_ND[np.sort(rows)], seed=seed + count)
        counts.append(int((np.bincount(found_S) >= MIN_SHARE * len(rows)).sum()))
    return max(2, *counts)


def _silhouettes(place_N2: Floats, numbers: Sequence[int], seed: int) -> dict[int, float]:
    groupings = map_groups_of_numbers(place_N2, numbers, seed=seed)
    scores = map_silhouettes(place_N2, groupings, sample=SILHOUETTE_SAMPLE, seed=seed)
    return {number: -1.0 if score is None else score for number, score in zip(numbers, scores, strict=True)}
