"""Quality of groups, vectors and maps, mostly against labels.

Shapes: N images, D numbers a vector, K groups, C classes, S sampled rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from unpool.analysis.metrics.silhouette import NOISE, silhouette
from unpool.analysis.neighbours import Floats, Indices, check_vectors, normalise, self_neighbours
from unpool.core.rng import subsample_indices
from unpool.errors import UnpoolError

NUM_DISTANCES = 4_000_000  # that are held at once
MIN_ROWS_AT_ONCE = 16  # so that many vectors are not fetched from memory for each sampled one
MAX_COMPARED, MIN_SAMPLED = 400_000_000, 500  # distances that trustworthiness rests on, and images at least


def contingency(groups: npt.ArrayLike, labels: npt.ArrayLike) -> Indices:
    """Count the images of each pair of group and class.

    Returns (K, C), both in sorted order; noise is a group.
    Raises UnpoolError where the two differ in length or are empty.

    >>> contingency([0, 0, 1], ["a", "b", "b"]).tolist()
    [[1, 1], [0, 1]]
    """
    group_N, class_N = np.asarray(groups), np.asarray(labels)
    if group_N.ndim != 1 or group_N.shape != class_N.shape or len(group_N) == 0:
        raise UnpoolError(
            f"groups and labels: shapes {group_N.shape} and {class_N.shape}, "
            "expected one of each for every image, and one image or more"
        )
    group_N, class_N = (np.unique(names, return_inverse=True)[1] for names in (group_N, class_N))
    table_KC = np.zeros((group_N.max() + 1, class_N.max() + 1), dtype=np.int64)
    np.add.at(table_KC, (group_N, class_N), 1)
    return table_KC


def accuracy(groups: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Compute the accuracy of groups under the best one-to-one matching.

    It is the share of images, 0…1, whose group is matched to their class.
    Groups without a class (or classes without a group) count as wrong; noise is a group like any other.

    Source: Kuhn 1955 (the matching); Yang et al. 2010, Image clustering using local discriminant models
    (the measure).

    >>> accuracy([1, 1, 0, 0], ["cat", "cat", "dog", "cat"])
    0.75
    """
    from scipy.optimize import linear_sum_assignment

    table_KC = contingency(groups, labels)
    rows, columns = linear_sum_assignment(table_KC, maximize=True)
    return float(table_KC[rows, columns].sum() / table_KC.sum())


def nmi(groups: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Compute the normalised mutual information, 0…1.

    It is that of groups and labels over the mean of their entropies.

    Source: Strehl and Ghosh 2002, with the arithmetic mean.

    >>> nmi([0, 0, 1, 1], ["a", "a", "b", "b"])
    1.0
    """
    from sklearn.metrics import normalized_mutual_info_score

    contingency(groups, labels)  # for its errors
    return float(normalized_mutual_info_score(np.asarray(labels), np.asarray(groups)))


def ari(groups: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Compute the adjusted Rand index.

    It is 1 for equal partitions, about 0 for unrelated ones, down to −0.5.

    Source: Hubert and Arabie 1985, Comparing partitions.

    >>> ari([0, 0, 1, 1], ["a", "a", "b", "b"])
    1.0
    """
    from sklearn.metrics import adjusted_rand_score

    contingency(groups, labels)  # for its errors
    return float(adjusted_rand_score(np.asarray(labels), np.asarray(groups)))


def coverage(groups: npt.ArrayLike) -> float:
    """Compute the share of images that are not noise, 0…1.

    >>> coverage([0, 1, -1, 0])
    0.75
    """
    return float(np.mean(np.asarray(groups) != NOISE))


def knn_accuracy(vectors_ND: npt.ArrayLike, labels: npt.ArrayLike, k: int = 10) -> float | None:
    """Compute the accuracy of voting by nearest neighbours.

    Where classes tie, the one whose voter is nearest wins.

    Args:
        vectors_ND: Finite numbers.
        labels: (N,) classes.
        k: Number of voters, by cosine distance.

    Returns:
        The share of images, 0…1, whose neighbours vote for their class; None for one image.

    Raises:
        UnpoolError: Where the numbers of vectors and labels differ.

    >>> knn_accuracy([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], ["a", "a", "b", "b"], k=1)
    1.0
    """
    class_N = np.unique(np.asarray(labels), return_inverse=True)[1]
    vector_ND = check_vectors(vectors_ND)
    if len(class_N) != len(vector_ND):
        raise UnpoolError(f"labels: {len(class_N)}, expected {len(vector_ND)}, one for each vector")
    if len(vector_ND) == 1:
        return None
    votes_NK = class_N[self_neighbours(vector_ND, k)[1]]
    # How many neighbours vote as each one does; the first maximum is the nearest of the winners.
    support_NK = np.stack([(votes_NK == vote_N[:, None]).sum(axis=1) for vote_N in votes_NK.T], axis=1)
    winner_N = votes_NK[np.arange(len(votes_NK)), support_NK.argmax(axis=1)]
    return float(np.mean(winner_N == class_N))


def trustworthiness(
    vectors_ND: npt.ArrayLike, xy_N2: npt.ArrayLike, k: int = 15, *, sample: int = 2000, seed: int = 0
) -> float | None:
    """Compute how far a map's neighbours are true neighbours.

    Source: Venna and Kaski 2001, Neighborhood preservation in nonlinear projection methods, eq. 1.

    Args:
        vectors_ND: Finite numbers, compared by cosine distance.
        xy_N2: Positions on the map.
        k: Neighbours of each image; it shrinks below N/2, as the measure needs.
        sample: The most images whose neighbours (among all) are compared, in sample × N steps; fewer, but 500, above
            200,000 images.
        seed: Of the sample.

    Returns:
        0…1, about 0.5 for a random map; None for fewer than three images.

    >>> trustworthiness([[1, 0], [1, 0.1], [0.1, 1], [0, 1]], [[0, 0], [0, 1], [9, 1], [9, 0]], k=1)
    1.0
    """
    unit_ND, place_N2 = normalise(vectors_ND), check_vectors(xy_N2, "map")
    num = len(unit_ND)
    if num < 3:
        return None
    k = max(1, min(k, (num - 1) // 2))
    sampled_S = subsample_indices(num, min(sample, max(MIN_SAMPLED, MAX_COMPARED // num)), seed)
    on_map_SK = _near_on_map(place_N2, sampled_S, k)
    rows_at_once = max(MIN_ROWS_AT_ONCE, NUM_DISTANCES // num)
    penalty = sum(
        _intrusion(
            unit_ND, sampled_S[start : start + rows_at_once], on_map_SK[start : start + rows_at_once], k
        )
        for start in range(0, len(sampled_S), rows_at_once)
    )
    return float(1 - 2 * penalty / (len(sampled_S) * k * (2 * num - 3 * k - 1)))


def _near_on_map(place_N2: Floats, row_S: Indices, k: int) -> Indices:
    """The k images nearest on the map to each of these rows, without itself."""
    from scipy.spatial import cKDTree

    _, near_SK = cKDTree(place_N2).query(place_N2[row_S], k + 1)
    is_self_SK = near_SK == row_S[:, None]
    is_self_SK[~is_self_SK.any(axis=1), -1] = True  # many lie in one place: then the last is left out
    others_SK: Indices = near_SK[~is_self_SK].reshape(len(row_S), k)
    return others_SK


def _intrusion(unit_ND: Floats, row_B: Indices, on_map_BK: Indices, k: int) -> int:
    """By how many ranks the rows' neighbours on the map are too far away in truth."""
    far_BN, within = 1 - unit_ND[row_B] @ unit_ND.T, np.arange(len(row_B))
    far_BN[within, row_B] = -np.inf  # the row itself has rank 0
    penalty = 0
    for near_B in on_map_BK.T:
        # Ties share their lowest rank: equal vectors in another order are no fault of the map.
        rank_B = np.count_nonzero(far_BN < far_BN[within, near_B][:, None], axis=1)
        penalty += int(np.maximum(rank_B - k, 0).sum())
    return penalty


def medoids(vectors_ND: npt.ArrayLike, groups: npt.ArrayLike, k: int) -> dict[int, Indices]:
    """Find each group's k most typical images.

    Args:
        vectors_ND: Finite numbers.
        groups: (N,) group numbers, −1 for noise, which is left out.
        k: Images of each group.

    Returns:
        By group the rows, nearest to its mean direction first.

    >>> medoids([[1, 0], [1, 0.2], [1, 0.5], [0, 1]], [0, 0, 0, 1], k=2)[0].tolist()
    [1, 0]
    """
    unit_ND, group_N = normalise(vectors_ND), np.asarray(groups)
    found: dict[int, Indices] = {}
    for group in np.unique(group_N[group_N != NOISE]):
        rows = np.flatnonzero(group_N == group)
        cosine = unit_ND[rows] @ unit_ND[rows].mean(axis=0)
        found[int(group)] = rows[np.argsort(-cosine, kind="stable")[:k]]
    return found


def outlier_score(vectors_ND: npt.ArrayLike, k: int = 10) -> Floats:
    """Compute the mean distance to the k nearest others.

    It is the cosine distance, 0…2, of each row (N,); the larger, the more isolated.

    Source: Angiulli and Pizzuti 2002, Fast outlier detection in high dimensional spaces.

    >>> outlier_score([[1, 0], [1, 0], [0, 1]], k=1).tolist()
    [0.0, 0.0, 1.0]
    """
    distances_NK, _ = self_neighbours(vectors_ND, k)
    if distances_NK.shape[1] == 0:
        return np.zeros(len(distances_NK), dtype=np.float32)
    score_N: Floats = distances_NK.mean(axis=1).astype(np.float32)
    return score_N


def evaluate(
    vectors_ND: npt.ArrayLike, groups: npt.ArrayLike, labels: Sequence[Any] | npt.NDArray[Any] | None = None
) -> dict[str, int | float | None]:
    """Compute all figures of a grouping.

    Args:
        vectors_ND: Finite numbers.
        groups: (N,) group numbers, −1 for noise.
        labels: Classes, None or NaN where an image has none.

    Returns:
        images, groups (without noise), accuracy, nmi, ari, knn_accuracy, silhouette, coverage. Those that need
        labels are of labelled images only, None without any.

    Raises:
        UnpoolError: Where lengths differ or vectors are not finite.

    >>> evaluate([[1, 0], [1, 0.1], [0, 1]], [0, 0, 1], ["a", "a", "b"])["accuracy"]
    1.0
    """
    vector_ND, group_N = check_vectors(vectors_ND), np.asarray(groups)
    if len(group_N) != len(vector_ND):
        raise UnpoolError(f"groups: {len(group_N)}, expected {len(vector_ND)}, one a vector; group again")
    return {
        "images": len(vector_ND),
        "groups": len(np.unique(group_N[group_N != NOISE])),
        **_against_labels(vector_ND, group_N, labels),
        "silhouette": silhouette(vector_ND, group_N),
        "coverage": coverage(group_N),
    }


def _against_labels(
    vector_ND: Floats, group_N: npt.NDArray[Any], labels: Sequence[Any] | npt.NDArray[Any] | None
) -> dict[str, float | None]:
    values = [] if labels is None else list(labels)
    if values and len(values) != len(group_N):
        raise UnpoolError(f"labels: {len(values)}, expected {len(group_N)}, one for each image or None")
    # NaN is the one value that differs from itself.
    rows = [row for row, label in enumerate(values) if label is not None and label == label]
    if not rows:
        return dict.fromkeys(("accuracy", "nmi", "ari", "knn_accuracy"))
    names = np.array([str(values[row]) for row in rows])
    return {
        "accuracy": accuracy(group_N[rows], names),
        "nmi": nmi(group_N[rows], names),
        "ari": ari(group_N[rows], names),
        "knn_accuracy": knn_accuracy(vector_ND[rows], names),
    }
