"""The tree of groups, from many small ones to two.

Leaves lie within the groups that were found; these are one level of the tree.

Shapes: N images, D numbers a vector, L leaves, K groups of a level, S sampled images, P pieces of groups. Merges are
(L − 1, 4) as in `hierarchy`; a level is named by the number of its groups.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from unpool.analysis.clustering.communities import fine_communities
from unpool.analysis.clustering.hierarchy import Merges, means_of, merge_nearest
from unpool.analysis.memo import Memo, digest
from unpool.analysis.metrics.silhouette import NOISE
from unpool.analysis.neighbours import Floats, Indices, normalise
from unpool.core.rng import subsample_indices

MIN_LEAVES, MAX_LEAVES = 30, 60  # twice the groups within these bounds, where the images have so many parts
MAX_GROUPS = 200  # more have no tree
SAMPLE = (
    5_000  # images whose communities become leaves; the others join the leaf of their group that is nearest
)
NUM_PARTS, SHARE_OF_PART = 4, 0.8  # random parts of the images that stability rests on
STABILITY_SAMPLE = 1_500
MIN_IMAGES = 10


@dataclass(frozen=True, slots=True)
class GroupTree:
    """Leaves under groups, and how they are joined.

    `leaf_N` is the leaf of each image from 0, −1 for noise; `merges` are (L − 1, 4) as those of `hierarchy`: the
    first lead from leaves to the groups that were found, the others from these to one.
    """

    leaf_N: Indices
    merges: Merges

    @property
    def sizes(self) -> Indices:
        """Images in each leaf, (L,)."""
        return np.bincount(self.leaf_N[self.leaf_N >= 0], minlength=len(self.merges) + 1)


class _Part(NamedTuple):
    """Some images, by row, the small communities they are in, and how these are joined."""

    row_S: Indices
    piece_S: Indices
    merges: Merges
    size_P: npt.NDArray[np.float64]


_parts: Memo[list[_Part]] = Memo(2)


def build_tree(vectors_ND: npt.ArrayLike, groups: npt.ArrayLike, *, seed: int = 0) -> GroupTree | None:
    """Build the tree over some groups.

    Leaves are communities of the neighbour graph of up to 5,000 images, without links between groups; those of a
    group are joined first, then the groups, each time the two whose union spreads least (`hierarchy`).

    Args:
        vectors_ND: Finite numbers.
        groups: (N,) numbers from 0 without a gap, −1 for noise.
        seed: Of the sample and of Leiden.

    Returns:
        The tree; its level of as many groups as there are has the same groups with the same numbers, where these
        are ordered by size. None where there are none, or more than 200.

    >>> tree = build_tree([[1, 0], [1, 0.01], [0, 1], [0.01, 1]] * 3, [0, 0, 1, 1] * 3)
    >>> number_groups(tree.merges, tree.sizes, 2)[tree.leaf_N].tolist()[:4]
    [0, 0, 1, 1]
    """
    group_N = np.asarray(groups, np.int64)
    kept_M = np.flatnonzero(group_N != NOISE)
    num_groups = int(group_N.max(initial=NOISE)) + 1
    if not 1 <= num_groups <= MAX_GROUPS:
        return None
    unit_MD, group_M = normalise(vectors_ND)[kept_M], group_N[kept_M]
    num_leaves = max(num_groups, min(MAX_LEAVES, max(MIN_LEAVES, 2 * num_groups)))
    leaf_M = _find_leaves(unit_MD, group_M, num_leaves, seed)
    group_L = _first_of(group_M, leaf_M)
    leaf_N = np.full(len(group_N), NOISE, np.int64)
    leaf_N[kept_M] = leaf_M
    return GroupTree(leaf_N, _merge_nested(*means_of(unit_MD, leaf_M), group_L))


def number_groups(merges: Merges, size_L: npt.ArrayLike, num_groups: int) -> Indices:
    """Return the group of each leaf on one level, (L,).

    Args:
        merges: Those of the tree.
        size_L: Images in each leaf; the largest group gets number 0, equal ones are ordered by their first leaf.
        num_groups: The level, from 1 to L.

    Returns:
        Numbers from 0.

    >>> number_groups(np.array([[0, 1, 0.1, 3], [2, 3, 0.5, 8]]), [1, 2, 5], 2).tolist()
    [1, 1, 0]
    """
    sizes = np.asarray(size_L)
    into_L = np.arange(len(sizes))
    for row, (one, other, *_) in enumerate(merges[: len(sizes) - num_groups]):
        into_L[(into_L == int(one)) | (into_L == int(other))] = len(sizes) + row
    _, first, place_L = np.unique(into_L, return_index=True, return_inverse=True)
    order = np.lexsort((first, -np.bincount(place_L, weights=sizes)))
    number_K = np.empty(len(order), np.int64)
    number_K[order] = np.arange(len(order))
    return number_K[place_L]


def measure_stability(
    vectors_ND: npt.ArrayLike, levels: Sequence[npt.ArrayLike], *, seed: int = 0
) -> list[tuple[float, float] | None]:
    """Measure how far groups of parts agree with groups.

    In each of four random parts, 80 % of up to 1,500 images, communities are found anew and joined to as many
    groups: what depends on few images comes out otherwise.

    Source: Ben-Hur, Elisseeff and Guyon 2002; Hennig 2007, Cluster-wise assessment of cluster stability.

    Args:
        vectors_ND: Finite numbers.
        levels: Groups of the images, (N,) each, −1 for noise, which is left out.
        seed: Of the parts and of Leiden.

    Returns:
        For each the mean adjusted Rand index with those of the parts, about 0…1, and its standard error; None for
        fewer than two groups or ten images, and where no part has as many communities.

    >>> vectors = [[1, 0], [1, 0.1], [0, 1], [0.1, 1]] * 8
    >>> measure_stability(vectors, [[0, 0, 1, 1] * 8, [0] * 32])
    [(1.0, 0.0), None]
    """
    from sklearn.metrics import adjusted_rand_score

    unit_ND = normalise(vectors_ND)
    label_QN = [np.asarray(level, np.int64) for level in levels]
    agreed: list[list[float]] = [[] for _ in label_QN]
    for part in _group_parts(unit_ND, seed) if len(unit_ND) >= MIN_IMAGES else []:
        for scores, label_N in zip(agreed, label_QN, strict=True):
            label_S = label_N[part.row_S]
            kept_S = label_S != NOISE
            num_groups = len(np.unique(label_N[label_N != NOISE]))
            if 2 <= num_groups <= len(part.size_P):
                found_S = number_groups(part.merges, part.size_P, num_groups)[part.piece_S]
                scores.append(float(adjusted_rand_score(label_S[kept_S], found_S[kept_S])))
    return [
        (float(np.mean(scores)), float(np.std(scores, ddof=1) / np.sqrt(len(scores))))
        if len(scores) == NUM_PARTS
        else None
        for scores in agreed
    ]


def _group_parts(unit_ND: Floats, seed: int) -> list[_Part]:
    """The groups of random parts; those of the last two calls are kept, for they serve any groups of the images."""
    rng = np.random.default_rng(seed)
    base_S = subsample_indices(len(unit_ND), STABILITY_SAMPLE, rng)
    base_SD = unit_ND[base_S]
    key = (digest(base_SD), len(unit_ND), seed)
    parts = _parts.get(key)
    if parts is None:
        parts = []
        for part in range(NUM_PARTS):
            place_S = subsample_indices(len(base_S), int(SHARE_OF_PART * len(base_S)), rng)
            piece_S = fine_communities(base_SD[place_S], seed=seed + part)
            mean_PD, size_P = means_of(base_SD[place_S], piece_S)
            parts.append(_Part(base_S[place_S], piece_S, merge_nearest(mean_PD, size_P), size_P))
        _parts[key] = parts
    return parts


def _find_leaves(unit_MD: Floats, group_M: Indices, num_leaves: int, seed: int) -> Indices:
    """At most `num_leaves` parts of the groups, or one a group, numbered in the order of the groups."""
    sample_S = _sample(group_M, seed)
    piece_S = fine_communities(unit_MD[sample_S], inside=group_M[sample_S], seed=seed)
    mean_PD, size_P = means_of(unit_MD[sample_S], piece_S)
    group_P = _first_of(group_M[sample_S], piece_S)
    merges = _merge_nested(mean_PD, size_P, group_P)
    leaf_P = number_groups(merges, size_P, min(num_leaves, len(size_P)))
    order_L = np.lexsort((np.arange(leaf_P.max() + 1), _first_of(group_P, leaf_P)))
    leaf_S = np.argsort(order_L)[leaf_P][piece_S]
    if len(sample_S) == len(unit_MD):
        return leaf_S
    mean_LD, _ = means_of(unit_MD[sample_S], leaf_S)
    score_ML = unit_MD @ mean_LD.T.astype(np.float32) - np.float32(0.5) * (mean_LD**2).sum(
        axis=1, dtype=np.float32
    )
    score_ML[group_M[:, None] != _first_of(group_M[sample_S], leaf_S)] = -np.inf
    leaf_M: Indices = score_ML.argmax(axis=1)
    leaf_M[sample_S] = leaf_S
    return leaf_M


def _sample(group_M: Indices, seed: int) -> Indices:
    """Up to 5,000 images, and the first of each group that none of them is in."""
    sample_S = subsample_indices(len(group_M), SAMPLE, seed)
    names, first = np.unique(group_M, return_index=True)
    return np.union1d(sample_S, first[~np.isin(names, group_M[sample_S])])


def _merge_nested(
    mean_LD: npt.NDArray[np.float64], size_L: npt.NDArray[np.float64], group_L: Indices
) -> Merges:
    """Join the leaves of each group, the nearest of all groups first; then the groups."""
    nodes: dict[int, list[int]] = {}
    steps: list[tuple[float, int, int, int, float]] = []
    for group in np.unique(group_L).tolist():
        leaves = np.flatnonzero(group_L == group)
        nodes[group] = leaves.tolist()
        inside = merge_nearest(mean_LD[leaves], size_L[leaves])
        heights = np.maximum.accumulate(inside[:, 2])  # never below an earlier one, not even by rounding
        steps += [
            (height, group, int(one), int(other), images)
            for height, (one, other, _, images) in zip(heights.tolist(), inside.tolist(), strict=True)
        ]
    rows: list[tuple[int, int, float, float]] = []
    for height, group, one, other, images in sorted(steps, key=lambda step: step[0]):
        rows.append((nodes[group][one], nodes[group][other], height, images))
        nodes[group].append(len(size_L) + len(rows) - 1)
    top = [parts[-1] for parts in nodes.values()]
    _, place_L = np.unique(group_L, return_inverse=True)
    size_K = np.bincount(place_L, weights=size_L).astype(np.float64)
    mean_KD = (
        np.stack([size_L[place_L == k] @ mean_LD[place_L == k] for k in range(len(top))]) / size_K[:, None]
    )
    for one, other, height, images in merge_nearest(mean_KD, size_K).tolist():
        rows.append((top[int(one)], top[int(other)], height, images))
        top.append(len(size_L) + len(rows) - 1)
    return np.array(rows, np.float64).reshape(-1, 4)


def _first_of(group_N: Indices, place_N: Indices) -> Indices:
    """The group of each place: that of its first image."""
    return group_N[np.unique(place_N, return_index=True)[1]]
