"""Groups that several looks at the vectors agree on, and which images are sure of theirs.

N images, S of them on a map, D numbers a vector, K groups.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from unpool.analysis.grouping import MAPS, group
from unpool.analysis.mapping import make_map
from unpool.analysis.neighbours import Floats, Index, Indices, self_neighbours, unit

VOTERS = 10


def confident_groups(
    vectors_ND: npt.ArrayLike,
    *,
    groups: int | Literal["auto"] = "auto",
    sample: int = 5_000,
    seed: int = 0,
) -> tuple[Indices, Floats]:
    """The group of each image (N,), and how sure it is (N,), 0…1.

    Three times up to `sample` images, each time others, are grouped on a map, each time another kind; an image
    gets the group that most of its ten nearest neighbours among them have, over all three. Where a small crowd
    comes to lie beside one group on one map and beside another on the next, it is not sure.

    Source: Topchy, Jain and Punch 2003, Combining multiple weak clusterings; Strehl and Ghosh 2002.

    >>> labels, share = confident_groups([[1, 0], [1, 0.1], [0, 1], [0.1, 1]] * 8, groups=2)
    >>> len(set(labels[:2])), len(set(labels[2:4])), len(set(labels)), float(share.min())
    (1, 1, 2, 1.0)
    """
    unit_ND = unit(vectors_ND)
    total_NK = None
    for run, (perplexity, exaggeration) in enumerate(MAPS):
        chosen_S = _chosen(len(unit_ND), sample, seed, run)
        plane_S2 = make_map(unit_ND[chosen_S], seed=seed, perplexity=perplexity, exaggeration=exaggeration)
        found = group(unit_ND[chosen_S], groups=groups, xy_N2=plane_S2, maps=1, seed=seed)
        vote_NK = _votes(unit_ND, chosen_S, found.labels, seed)
        if total_NK is None:
            total_NK, groups = vote_NK, vote_NK.shape[1]
        else:
            total_NK = total_NK + _aligned(vote_NK, total_NK)
    assert total_NK is not None
    return total_NK.argmax(axis=1), total_NK.max(axis=1) / len(MAPS)


def _chosen(count: int, sample: int, seed: int, run: int) -> Indices:
    if count <= sample:
        return np.arange(count)
    return np.sort(np.random.default_rng([seed, run]).choice(count, sample, replace=False))


def _votes(unit_ND: Floats, chosen_S: Indices, label_S: Indices, seed: int) -> Floats:
    """The share of each image's neighbours among the chosen that are in each group, (N, K)."""
    if len(chosen_S) < len(unit_ND):
        _, near_NV = Index(unit_ND[chosen_S], seed=seed).nearest(unit_ND, VOTERS)
    else:
        _, near_NV = self_neighbours(unit_ND, min(VOTERS, len(unit_ND) - 1), seed=seed)
    vote_NK = np.zeros((len(unit_ND), int(label_S.max()) + 1), np.float32)
    for near_N in near_NV.T:
        vote_NK[np.arange(len(unit_ND)), label_S[near_N]] += 1
    share_NK: Floats = vote_NK / max(1, near_NV.shape[1])
    return share_NK


def _aligned(vote_NK: Floats, total_NK: Floats) -> Floats:
    """The columns in the order that agrees best with the looks before; those too many are left out."""
    from scipy.optimize import linear_sum_assignment

    own, before = linear_sum_assignment(vote_NK.T @ total_NK, maximize=True)
    ordered_NK = np.zeros_like(total_NK)
    ordered_NK[:, before] = vote_NK[:, own]
    return ordered_NK
