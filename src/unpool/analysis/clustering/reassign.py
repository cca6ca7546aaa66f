"""Reassign small isolated communities to the group they resemble.

N images, D numbers a vector, P a picture, R rows of one community, O images outside it, K groups.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from unpool.analysis.clustering.communities import communities
from unpool.analysis.neighbours import Floats, Indices, normalise
from unpool.core.rng import subsample_indices

NUM_NEIGHBOURS = 10  # of each image of a community, outside it
MAX_SHARE_OF_GROUP = 0.5  # a community that is more of a group is the group itself
MAX_QUERIES, MAX_REFERENCES = 50, 5_000  # images of a community and outside it

ViewSource = Callable[[Indices], Iterable[tuple[Floats, Floats]]]


def reassign_isolated_communities(
    group_N: npt.ArrayLike,
    vectors_ND: npt.ArrayLike,
    pixels_NP: npt.ArrayLike,
    view_source: ViewSource,
    *,
    seed: int = 0,
) -> Indices:
    """Move isolated communities to the groups that their views resemble.

    An isolated community is one of the neighbour graph of the vectors, smaller than half its group. Codes learnt by
    contrast separate it so well from all others that their position says nothing of what it is; what its images
    become when they are rotated, moved or bent a little still does. The views of up to 50 of its images are compared
    with up to 5,000 images outside: what counts is how often images of a group are among the ten nearest, for its
    size; a group smaller than the community counts as its equal. A group that would lose all its images keeps them.

    Args:
        group_N: Group numbers.
        vectors_ND: Finite numbers.
        pixels_NP: Pictures, as rows of numbers.
        view_source: Called with rows; returns of each view the vectors (R, D) and the pictures (R, P).
        seed: Of samples and communities.

    Returns:
        Group numbers (N,).

    >>> vectors = [[1, 0]] * 9 + [[0, 1]] * 9 + [[-0.9, 0.1]] * 3
    >>> pixels = [[9, 0, 0]] * 9 + [[0, 9, 0]] * 9 + [[9, 0, 2]] * 3
    >>> as_it_is = lambda rows: [(np.array(vectors)[rows], np.array(pixels)[rows])]
    >>> reassign_isolated_communities([0] * 9 + [1] * 9 + [1] * 3, vectors, pixels, as_it_is).tolist()[-3:]
    [0, 0, 0]
    """
    unit_ND, pixel_NP = normalise(vectors_ND), np.asarray(pixels_NP, np.float32)
    before_N = np.asarray(group_N, np.int64)
    after_N, size_K = before_N.copy(), np.bincount(before_N)
    community_N, _ = communities(unit_ND, "auto", seed=seed)
    rng = np.random.default_rng(seed)
    for number in range(int(community_N.max()) + 1):
        row_R = np.flatnonzero(community_N == number)
        if len(row_R) < MAX_SHARE_OF_GROUP * size_K[np.bincount(before_N[row_R]).argmax()]:
            others = np.flatnonzero(community_N != number)
            outside_O = others[subsample_indices(len(others), MAX_REFERENCES, rng)]
            views = list(view_source(row_R[subsample_indices(len(row_R), MAX_QUERIES, rng)]))
            near_K = _shares_of_groups(views, unit_ND, pixel_NP, outside_O, before_N)
            there_K = np.bincount(before_N[outside_O], minlength=len(size_K))
            floor = len(row_R) * len(outside_O) / len(others)
            after_N[row_R] = np.argmax(near_K / np.maximum(there_K, floor))
    for lost in np.setdiff1d(before_N, after_N):
        after_N[before_N == lost] = lost
    return after_N


def _shares_of_groups(
    views: list[tuple[Floats, Floats]],
    unit_ND: Floats,
    pixel_NP: Floats,
    outside_O: Indices,
    group_N: Indices,
) -> npt.NDArray[np.float64]:
    """The share of each group (K,) among the nearest by vectors, plus that by pixels."""
    by_vectors_K = _share_of_neighbours(
        [normalise(vector_RD) for vector_RD, _ in views], unit_ND, outside_O, group_N
    )
    pictures = [picture_RP for _, picture_RP in views]
    return by_vectors_K + _share_of_neighbours(pictures, pixel_NP, outside_O, group_N)


def _share_of_neighbours(
    views: list[Floats], space_ND: Floats, outside_O: Indices, group_N: Indices
) -> npt.NDArray[np.float64]:
    """The share of each group (K,) in the ten outside images that any view of each image is nearest to."""
    outside_OD, num_near = space_ND[outside_O], min(NUM_NEIGHBOURS, len(outside_O))
    square_O = np.einsum("od,od->o", outside_OD, outside_OD)
    near_RO = np.full((len(views[0]), len(outside_O)), -np.inf, np.float32)
    for view_RD in views:
        distance_RO = square_O - 2 * view_RD @ outside_OD.T + np.square(view_RD).sum(axis=1, keepdims=True)
        np.maximum(near_RO, -distance_RO, out=near_RO)
    near_RA = np.argpartition(-near_RO, num_near - 1, axis=1)[:, :num_near]
    count_K = np.bincount(group_N[outside_O[near_RA]].ravel(), minlength=int(group_N.max()) + 1)
    share_K: npt.NDArray[np.float64] = count_K / count_K.sum()
    return share_K
