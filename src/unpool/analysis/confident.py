"""Groups of many images from the groups of some, and which of them are sure.

N images, S of them grouped, D numbers a vector, K groups.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

from unpool.analysis.grouping import group
from unpool.analysis.neighbours import Floats, Index, Indices, self_neighbours, unit

VOTERS = 10


def confident_groups(
    vectors_ND: npt.ArrayLike,
    *,
    groups: int | Literal["auto"] = "auto",
    sample: int = 10_000,
    seed: int = 0,
) -> tuple[Indices, Floats]:
    """The group of each image (N,) and the share of its ten nearest neighbours that are in it (N,), 0…1.

    Up to `sample` images are grouped by `grouping.group`, with one map where they are not all; the others belong to
    the group that most of their neighbours among these belong to.

    >>> labels, share = confident_groups([[1, 0], [1, 0.1], [0, 1], [0.1, 1]] * 8, groups=2)
    >>> labels[:4].tolist(), float(share.min())
    ([0, 0, 1, 1], 1.0)
    """
    unit_ND = unit(vectors_ND)
    is_part = len(unit_ND) > sample
    chosen_S = np.arange(len(unit_ND))
    if is_part:
        chosen_S = np.sort(np.random.default_rng(seed).choice(len(unit_ND), sample, replace=False))
    found = group(unit_ND[chosen_S], groups=groups, maps=1 if is_part else None, seed=seed)
    if is_part:
        _, near_NK = Index(unit_ND[chosen_S]).nearest(unit_ND, VOTERS)
    else:
        _, near_NK = self_neighbours(unit_ND, min(VOTERS, len(unit_ND) - 1), seed=seed)
    vote_NG = np.zeros((len(unit_ND), int(found.labels.max()) + 1), np.float32)
    for near_N in near_NK.T:
        vote_NG[np.arange(len(unit_ND)), found.labels[near_N]] += 1
    vote_NG /= near_NK.shape[1]
    if is_part:
        return vote_NG.argmax(axis=1), vote_NG.max(axis=1)
    return found.labels, vote_NG[np.arange(len(unit_ND)), found.labels]
