"""Groups that several looks at the vectors agree on, and which images are sure of theirs.

N images, S of them on a map, D numbers a vector, K groups.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from unpool.analysis.clustering.num_groups import num_groups_of_vectors
from unpool.analysis.mapping import compute_map
from unpool.analysis.metrics.silhouette import map_groups
from unpool.analysis.neighbours import Floats, Index, Indices, normalise
from unpool.core.rng import subsample_indices

VOTERS = 10
MAPS = ((30.0, 1.0), (30.0, 4.0), (50.0, 8.0))
"""Perplexity and exaggeration of each look: neighbours pull more from map to map."""
FEW = 20  # fewer images are grouped as they are: of so few a map makes a single heap
SAMPLE = 5_000
"""Images on a map: on one of more, a class the size of a tenth is torn in two more easily."""


def consensus_clustering(
    vectors_ND: npt.ArrayLike,
    *,
    groups: int | Literal["auto"] = "auto",
    sample: int = SAMPLE,
    seed: int = 0,
) -> tuple[Indices, Floats]:
    """The group of each image (N,), and how sure it is (N,), 0…1.

    Three times up to `sample` images, each time others, are grouped by k-means on a map, each time another kind;
    an image gets the group that most of the ten images nearest to it among them have (it counts itself), over all
    three. Where a small crowd comes to lie beside one group on one map and beside another on the next, it is not
    sure. As many groups come back as asked for where there are so many different vectors.

    Source: Topchy, Jain and Punch 2003, Combining multiple weak clusterings; Strehl and Ghosh 2002; Böhm, Berens
    and Kobak 2022 (exaggeration).

    >>> labels, share = consensus_clustering([[1, 0], [1, 0.1], [0, 1], [0.1, 1]] * 8, groups=2)
    >>> len(set(labels[:2])), len(set(labels[2:4])), len(set(labels)), float(share.min())
    (1, 1, 2, 1.0)
    """
    unit_ND = normalise(vectors_ND)
    num_groups = num_groups_of_vectors(unit_ND, seed=seed) if groups == "auto" else groups
    total_NK: Floats | None = None
    for look, (perplexity, exaggeration) in enumerate(MAPS):
        chosen_S = subsample_indices(len(unit_ND), sample, [seed, look])
        place_SP = unit_ND[chosen_S]
        if len(chosen_S) >= FEW:
            place_SP = compute_map(place_SP, seed=seed, perplexity=perplexity, exaggeration=exaggeration)
        vote_NK = _votes(unit_ND, chosen_S, map_groups(place_SP, num_groups, seed=seed), seed)
        total_NK = vote_NK if total_NK is None else total_NK + _aligned(vote_NK, total_NK)
    assert total_NK is not None
    group_N = keep_outvoted_clusters(total_NK)
    sure_N: Floats = total_NK[np.arange(len(group_N)), group_N] / np.float32(len(MAPS))
    return group_N, sure_N


def _votes(unit_ND: Floats, chosen_S: Indices, label_S: Indices, seed: int) -> Floats:
    """The share of the chosen images nearest to each that are in each group, (N, K)."""
    num_groups = int(label_S.max()) + 1
    # Fewer where groups are small: two images that are a group of their own shall not be outvoted.
    voters = max(1, min(VOTERS, len(chosen_S) // (2 * num_groups)))
    _, near_NV = Index(unit_ND[chosen_S], seed=seed).nearest(unit_ND, voters)
    vote_NK = np.zeros((len(unit_ND), num_groups), np.float32)
    for near_N in near_NV.T:
        vote_NK[np.arange(len(unit_ND)), label_S[near_N]] += 1
    return vote_NK / np.float32(voters)


def _aligned(vote_NK: Floats, total_NK: Floats) -> Floats:
    """The columns in the order that agrees best with the looks before; those too many are left out."""
    from scipy.optimize import linear_sum_assignment

    own, before = linear_sum_assignment(vote_NK.T @ total_NK, maximize=True)
    ordered_NK = np.zeros_like(total_NK)
    ordered_NK[:, before] = vote_NK[:, own]
    return ordered_NK


def keep_outvoted_clusters(total_NK: Floats) -> Indices:
    """The group with most votes; one that is all but outvoted keeps the images in which it has the largest share.

    All but outvoted is a group that has most votes for less than a quarter of the images that the looks gave it:
    what one look told apart, the others put elsewhere. It keeps half as many as they gave it, or nine groups would
    come back where ten were asked for, and a tenth of two images.

    >>> np.bincount(keep_outvoted_clusters(np.array([[3.0, 0.0]] * 40 + [[2.0, 1.0]] * 60))).tolist()
    [90, 10]
    """
    group_N: Indices = total_NK.argmax(axis=1)
    given_K = total_NK.sum(axis=0) / len(MAPS)
    size_K = np.bincount(group_N, minlength=len(given_K))
    for lost in np.flatnonzero(size_K < given_K / 4):
        best_n = np.argsort(-total_NK[:, lost], kind="stable")[: max(1, int(given_K[lost] / 2))]
        group_N[best_n[total_NK[best_n, lost] > 0]] = lost
    return group_N
