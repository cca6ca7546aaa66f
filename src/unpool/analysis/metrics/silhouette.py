"""How far groups stand apart, without labels.

Shapes: N images, M of them in groups, D numbers a vector, S sampled rows, B at once, K groups, G groupings.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from unpool.analysis.neighbours import Indices, check_vectors, normalise
from unpool.core.cpu import usable_cores
from unpool.core.rng import subsample_indices

NOISE = -1
"""The group number of an image that is in no group."""

ROWS_AT_ONCE = 1_000


def silhouette(vectors_ND: npt.ArrayLike, groups: npt.ArrayLike) -> float | None:
    """Compute the silhouette of groups of vectors.

    It says how much nearer images are to their own group than to the next. Measured by cosine distance between the
    vectors themselves, never on a map, so that figures compare across methods; noise is left out. It is that of all
    images: the mean cosine distance to a group follows from the sum of its vectors.

    Source: Rousseeuw 1987, Silhouettes.

    Args:
        vectors_ND: Finite numbers.
        groups: (N,) group numbers, −1 for noise.

    Returns:
        −1…1, None without two groups.

    >>> round(silhouette([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], [0, 0, 1, 1]), 2)
    0.99
    """
    group_N = np.asarray(groups)
    kept_M = np.flatnonzero(group_N != NOISE)
    unit_MD = normalise(vectors_ND)
    if len(kept_M) < len(group_N):
        unit_MD = unit_MD[kept_M]
    names, place_M, size_K = np.unique(group_N[kept_M], return_inverse=True, return_counts=True)
    if not 2 <= len(names) < len(kept_M):
        return None
    sum_KD = np.stack([unit_MD[place_M == k].sum(axis=0, dtype=np.float64) for k in range(len(names))])
    total = 0.0
    for start in range(0, len(unit_MD), ROWS_AT_ONCE):
        part_BD = unit_MD[start : start + ROWS_AT_ONCE].astype(np.float64)
        itself_B = 1 - np.einsum("bd,bd->b", part_BD, part_BD)  # 0, and 1 for a row of zeros
        far_BK = size_K - part_BD @ sum_KD.T
        total += float(_widths(far_BK, itself_B, place_M[start : start + ROWS_AT_ONCE], size_K).sum())
    return total / len(unit_MD)


def map_silhouette(
    xy_N2: npt.ArrayLike, groups: npt.ArrayLike, *, sample: int = 5000, seed: int = 0
) -> float | None:
    """Compute the Euclidean silhouette of groups on a map.

    Args:
        xy_N2: Positions.
        groups: (N,) group numbers, −1 for noise.
        sample: The most images it is measured on.
        seed: Of the sample.

    Returns:
        −1…1, None without two groups.

    >>> round(map_silhouette([[0, 0], [0, 1], [9, 0], [9, 1]], [0, 0, 1, 1]), 2)
    0.89
    """
    place_N2, group_N = check_vectors(xy_N2), np.asarray(groups)
    kept_M = np.flatnonzero(group_N != NOISE)
    if not len(kept_M):
        return None
    return map_silhouettes(place_N2[kept_M], [group_N[kept_M]], sample=sample, seed=seed)[0]


def map_silhouettes(
    xy_N2: npt.ArrayLike, groupings: Sequence[npt.ArrayLike], *, sample: int = 5000, seed: int = 0
) -> list[float | None]:
    """Compute the Euclidean silhouettes of several groupings.

    All are measured on the same images, whose distances are computed once.

    Args:
        xy_N2: Positions.
        groupings: Each (N,) group numbers, without noise.
        sample: The most images they are measured on.
        seed: Of the sample.

    Returns:
        Of each −1…1, None without two groups.

    >>> [round(each, 2) for each in map_silhouettes([[0], [1], [9], [9]], [[0, 0, 1, 1], [0, 1, 1, 1]])]
    [0.94, 0.06]
    """
    from scipy.spatial.distance import cdist

    place_N2 = check_vectors(xy_N2)
    sampled_S = subsample_indices(len(place_N2), sample, seed)
    place_S2 = place_N2[sampled_S].astype(np.float64)
    counted = [
        np.unique(np.asarray(groups)[sampled_S], return_inverse=True, return_counts=True)
        for groups in groupings
    ]
    member = [np.eye(len(names))[place_S] for names, place_S, _ in counted]
    total_G = np.zeros(len(counted))
    for start in range(0, len(place_S2), ROWS_AT_ONCE):
        far_BS = cdist(place_S2[start : start + ROWS_AT_ONCE], place_S2)
        itself_B = np.zeros(len(far_BS))
        for number, ((_, place_S, size_K), member_SK) in enumerate(zip(counted, member, strict=True)):
            if len(size_K) < 2:
                continue
            own_B = place_S[start : start + ROWS_AT_ONCE]
            total_G[number] += _widths(far_BS @ member_SK, itself_B, own_B, size_K).sum()
    return [
        float(total / len(place_S2)) if 2 <= len(names) < len(place_S2) else None
        for total, (names, _, _) in zip(total_G, counted, strict=True)
    ]


def _widths(
    far_BK: npt.NDArray[np.float64], itself_B: npt.NDArray[np.float64], own_B: Indices, size_K: Indices
) -> npt.NDArray[np.float64]:
    """Each image's silhouette, from the sums of its distances to the images of each group.

    `itself_B` is the distance to itself that the sum over its own group `own_B` holds. Alone in its group it has 0.
    """
    rows, fellows_B = np.arange(len(far_BK)), size_K[own_B] - 1
    own_mean_B = (far_BK[rows, own_B] - itself_B).clip(min=0) / np.maximum(fellows_B, 1)
    mean_BK = (far_BK / size_K).clip(min=0)
    mean_BK[rows, own_B] = np.inf
    next_B = mean_BK.min(axis=1)
    widths_B: npt.NDArray[np.float64] = (next_B - own_mean_B) / np.maximum(
        np.maximum(next_B, own_mean_B), 1e-300
    )
    widths_B[fellows_B == 0] = 0
    return widths_B


@contextlib.contextmanager
def single_threaded() -> Iterator[None]:
    """Limit scikit-learn's k-means to two threads.

    The sums of more are added in the order in which they end, and the last bits, now and then a group, would be
    others in each run.
    """
    if usable_cores() <= 2:
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(2, user_api="openmp"):
        yield


def map_groups(
    xy_N2: npt.ArrayLike, num_groups: int, *, starts: int = 10, seed: int = 0
) -> npt.NDArray[np.int64]:
    """Group positions by the best of several starts of k-means.

    Args:
        xy_N2: Positions, of two or more numbers each.
        num_groups: Fewer come back where there are fewer different positions.
        starts: Number of starts.
        seed: Of the starts.

    Returns:
        (N,) group numbers from 0 on without gaps.

    >>> map_groups([[0, 0], [0, 1], [9, 9]], 2).tolist() in ([0, 0, 1], [1, 1, 0])
    True
    """
    from sklearn.cluster import KMeans

    place_N2 = np.asarray(xy_N2)
    # k-means counts a map that attraction drew into one point as one position.
    place_N2 = (place_N2 / max(float(place_N2.std()), 1e-300)).astype(np.float32)
    means = KMeans(min(num_groups, len(place_N2)), n_init=starts, random_state=seed)
    with warnings.catch_warnings(), single_threaded():
        warnings.simplefilter("ignore")  # fewer different positions than groups
        label_N = means.fit_predict(place_N2)
    return np.unique(label_N, return_inverse=True)[1].astype(np.int64)


def map_groups_of_numbers(
    xy_N2: npt.ArrayLike, numbers: Sequence[int], *, starts: int = 3, seed: int = 0
) -> list[npt.NDArray[np.int64]]:
    """Group positions by k-means, for several numbers of groups.

    The first centres of one number are those of the next: they are drawn once, for the largest.

    Source: Arthur and Vassilvitskii 2007, k-means++.

    Args:
        xy_N2: Positions, as many different ones as the largest number.
        numbers: Numbers of groups.
        starts: Number of starts, of which the best counts.
        seed: Of the starts.

    Returns:
        For each number (N,) group numbers.

    >>> [len(set(each.tolist())) for each in map_groups_of_numbers([[0, 0], [0, 1], [9, 9]], [1, 2])]
    [1, 2]
    """
    from sklearn.cluster import KMeans, kmeans_plusplus

    place_N2 = np.asarray(xy_N2)
    place_N2 = (place_N2 / max(float(place_N2.std()), 1e-300)).astype(np.float32)
    draws = [
        kmeans_plusplus(place_N2, max(numbers, default=1), random_state=seed + start)[0]
        for start in range(starts)
    ]
    found = []
    with warnings.catch_warnings(), single_threaded():
        warnings.simplefilter("ignore")  # an empty group
        for number in numbers:
            fits = [KMeans(number, init=centre_K2[:number], n_init=1).fit(place_N2) for centre_K2 in draws]
            found.append(min(fits, key=lambda fit: float(fit.inertia_)).labels_.astype(np.int64))
    return found
