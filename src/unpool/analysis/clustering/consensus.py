"""Consensus clustering: groups that several clusterings agree on.

N images, S of them on a map, D numbers a vector, K groups.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
import numpy.typing as npt

from unpool.analysis.clustering.num_groups import num_groups_of_vectors
from unpool.analysis.mapping import STAGES, compute_maps, reduce
from unpool.analysis.metrics.silhouette import map_groups
from unpool.analysis.neighbours import Floats, Index, Indices, normalise, self_neighbours
from unpool.core.rng import subsample_indices

NUM_VOTERS = 10
NUM_RUNS = 3  # of different images, where there are more than are mapped
MIN_MAPPED = 20  # fewer images are grouped as they are: on a map they form a single cluster
SAMPLE = 5_000
"""Images on a map: on one of more, a class of a tenth of the images is split in two more easily."""


def consensus_clustering(
    vectors_ND: npt.ArrayLike,
    *,
    groups: int | Literal["auto"] = "auto",
    sample: int = SAMPLE,
    seed: int = 0,
) -> tuple[Indices, Floats]:
    """Group images by the votes of clusterings on several maps.

    Images are grouped by k-means on each of three maps, on which neighbours attract each other less and less
    (`compute_maps`); an image gets the group that most of the ten images nearest to it have (it counts itself),
    over all maps. Above `sample` images there are three runs on that many images each, other ones each time, and
    without the map of plain attraction. Where a small community lies beside one group on one map and beside another
    on the next, its share of votes is low.

    Source: Topchy, Jain and Punch 2003, Combining multiple weak clusterings; Strehl and Ghosh 2002; Böhm, Berens
    and Kobak 2022 (exaggeration).

    Args:
        vectors_ND: Finite numbers.
        groups: How many, or `auto`. As many come back where there are so many different vectors.
        sample: Images on a map.
        seed: Of the samples, maps and k-means.

    Returns:
        The group of each image (N,), and its share of the votes (N,), 0…1.

    >>> labels, share = consensus_clustering([[1, 0], [1, 0.1], [0, 1], [0.1, 1]] * 8, groups=2)
    >>> len(set(labels[:2])), len(set(labels[2:4])), len(set(labels)), float(share.min())
    (1, 1, 2, 1.0)
    """
    unit_ND = normalise(vectors_ND)
    num_groups = num_groups_of_vectors(unit_ND, seed=seed) if groups == "auto" else groups
    # All images are compared with some: by their main directions, as for a map, which takes a tenth of the time.
    near_ND = unit_ND if len(unit_ND) <= sample else reduce(unit_ND, seed=seed)
    total_NK, num_maps = np.zeros((0, 0), np.float32), 0
    for run in range(NUM_RUNS if len(unit_ND) > sample else 1):
        sampled_S = subsample_indices(len(unit_ND), sample, [seed, run])
        near_NV = _voters(near_ND, sampled_S, num_groups, seed)
        for label_S in _groups_of_maps(unit_ND[sampled_S], num_groups, len(sampled_S) == len(unit_ND), seed):
            vote_NK = _votes(near_NV, label_S)
            total_NK = total_NK + _align(vote_NK, total_NK) if num_maps else vote_NK
            num_maps += 1
    group_N = keep_outvoted_clusters(total_NK, num_maps)
    share_N: Floats = total_NK[np.arange(len(group_N)), group_N] / np.float32(num_maps)
    return group_N, share_N


def _groups_of_maps(sampled_SD: Floats, num_groups: int, is_all: bool, seed: int) -> Iterator[Indices]:
    """The groups of the sampled images on each of their maps."""
    # The plain map takes most of the time. Of all images it is there anyway, for people to look at.
    stages = STAGES if is_all else STAGES[:-1]
    is_mapped = len(sampled_SD) >= MIN_MAPPED
    for place_SP in compute_maps(sampled_SD, stages=stages, seed=seed) if is_mapped else [sampled_SD]:
        yield map_groups(place_SP, num_groups, seed=seed)


def _voters(near_ND: Floats, sampled_S: Indices, num_groups: int, seed: int) -> Indices:
    """The sampled images nearest to each image, (N, V), as places among them."""
    # Fewer where groups are small: two images that are a group of their own shall not be outvoted.
    voters = max(1, min(NUM_VOTERS, len(sampled_S) // (2 * num_groups)))
    if len(sampled_S) < len(near_ND):
        return Index(near_ND[sampled_S], seed=seed).nearest(near_ND, voters)[1]
    itself_N1 = np.arange(len(near_ND))[:, None]
    return np.hstack([itself_N1, self_neighbours(near_ND, voters - 1, seed=seed)[1]])


def _votes(near_NV: Indices, label_S: Indices) -> Floats:
    """The share of the sampled images nearest to each that are in each group, (N, K)."""
    vote_NK = np.zeros((len(near_NV), int(label_S.max()) + 1), np.float32)
    for near_N in near_NV.T:
        vote_NK[np.arange(len(near_NV)), label_S[near_N]] += 1
    return vote_NK / np.float32(near_NV.shape[1])


def _align(vote_NK: Floats, total_NK: Floats) -> Floats:
    """The columns in the order that agrees best with the runs before; surplus ones are left out."""
    from scipy.optimize import linear_sum_assignment

    own, before = linear_sum_assignment(vote_NK.T @ total_NK, maximize=True)
    ordered_NK = np.zeros_like(total_NK)
    ordered_NK[:, before] = vote_NK[:, own]
    return ordered_NK


def keep_outvoted_clusters(total_NK: Floats, num_maps: int = len(STAGES)) -> Indices:
    """Return the group with most votes, keeping outvoted groups.

    A group counts as outvoted if it has most votes for less than a quarter of the images that the maps assigned to
    it: what one map separated, the others put elsewhere. It keeps half as many images as they assigned to it,
    those in which it has the largest share; otherwise nine groups would come back where ten were requested, and a
    tenth of two images.

    >>> np.bincount(keep_outvoted_clusters(np.array([[3.0, 0.0]] * 40 + [[2.0, 1.0]] * 60))).tolist()
    [90, 10]
    """
    group_N: Indices = total_NK.argmax(axis=1)
    assigned_K = total_NK.sum(axis=0) / num_maps
    size_K = np.bincount(group_N, minlength=len(assigned_K))
    for lost in np.flatnonzero(size_K < assigned_K / 4):
        best_n = np.argsort(-total_NK[:, lost], kind="stable")[: max(1, int(assigned_K[lost] / 2))]
        group_N[best_n[total_NK[best_n, lost] > 0]] = lost
    return group_N
