"""Quality of groups and vectors without labels.

Shapes: N images, D numbers a vector, K groups, k neighbours, R groupings.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from unpool.analysis.memo import Memo, digest
from unpool.analysis.metrics.silhouette import NOISE
from unpool.analysis.neighbours import Floats, normalise, self_neighbours
from unpool.core.rng import subsample_indices

SAMPLE = 5_000
MIN_RANK = 3.0  # effective rank below which vectors hold next to nothing

_ranks: Memo[float] = Memo(2)


def purity(vectors_ND: npt.ArrayLike, groups: npt.ArrayLike, k: int = 10) -> float | None:
    """Compute the mean share of neighbours in the same group.

    Groups that cut through dense regions have low purity, whatever their shape.

    Source: Venna et al. 2010 (neighbourhoods as the unit of judgement); the share is our own.

    Args:
        vectors_ND: Finite numbers.
        groups: (N,) group numbers, −1 for noise, which is left out.
        k: Neighbours of each image, by cosine distance.

    Returns:
        0…1, None for fewer than two images.

    >>> purity([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], [0, 0, 1, 1], k=1)
    1.0
    """
    share_N = neighbour_purity(vectors_ND, groups, k)
    kept_N = np.asarray(groups) != NOISE
    return float(share_N[kept_N].mean()) if kept_N.any() and len(share_N) > 1 else None


def neighbour_purity(vectors_ND: npt.ArrayLike, groups: npt.ArrayLike, k: int = 10) -> Floats:
    """Compute each image's share of neighbours in its group.

    Args:
        vectors_ND: Finite numbers.
        groups: (N,) group numbers.
        k: Neighbours of each image, by cosine distance.

    Returns:
        (N,) 0…1, 1 for a single image.
    """
    group_N = np.asarray(groups)
    if len(group_N) < 2:
        return np.ones(len(group_N), np.float32)
    _, near_Nk = self_neighbours(normalise(vectors_ND), min(k, len(group_N) - 1))
    share_N: Floats = (group_N[near_Nk] == group_N[:, None]).mean(axis=1).astype(np.float32)
    return share_N


def effective_rank(vectors_ND: npt.ArrayLike, *, sample: int = SAMPLE, seed: int = 0) -> float:
    """Compute how many directions the vectors use.

    It is 1 where all lie on a line, at most D. The exponential of the entropy of the shares that the principal
    directions have of the variance; of a random part above `sample` images. The last two results are kept.

    Source: Roy and Vetterli 2007, The effective rank; of variances in place of singular values.

    >>> round(effective_rank(np.eye(4)), 1), round(effective_rank([[1, 0], [1, 0]]), 1)
    (3.0, 1.0)
    """
    unit_ND = normalise(vectors_ND)
    unit_ND = unit_ND[subsample_indices(len(unit_ND), sample, seed)]
    key = digest(unit_ND)
    rank = _ranks.get(key)
    if rank is None:
        rank = _ranks[key] = _effective_rank(unit_ND)
    return rank


def _effective_rank(unit_ND: Floats) -> float:
    centred_ND = (unit_ND - unit_ND.mean(axis=0)).astype(np.float64)
    smaller = (
        centred_ND.T @ centred_ND if len(centred_ND) > centred_ND.shape[1] else centred_ND @ centred_ND.T
    )
    variance_D = np.linalg.eigvalsh(smaller).clip(min=0)
    if not variance_D.sum() > 1e-12:
        return 1.0
    share_D = variance_D / variance_D.sum()
    share_D = share_D[share_D > 1e-12]
    return float(np.exp(-(share_D * np.log(share_D)).sum()))


def collapse_warning(rank: float, dimension: int) -> str | None:
    """Return a warning where an embedding has collapsed, else None.

    `rank` is its effective rank, `dimension` the length of a vector.

    >>> collapse_warning(1.4, 64)[:42]
    'the 64 numbers of a vector vary in only 1.'
    """
    if dimension < 4 or rank >= MIN_RANK:
        return None
    return (
        f"the {dimension} numbers of a vector vary in only {rank:.1f} directions: the embedding has collapsed, and "
        "groups mean little (unless the images are of two or three kinds, each very uniform); train longer, with "
        "other --augment, or take pretrained features"
    )
