"""The hierarchy of groups: merging the nearest, splitting one.

Shapes: N images, D numbers a vector, K groups; a hierarchy has K − 1 rows of (a, b, height, images).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from unpool.analysis.metrics.silhouette import NOISE, single_threaded
from unpool.analysis.neighbours import Floats, Indices, normalise
from unpool.errors import UnpoolError, UsageError

Merges = npt.NDArray[np.float64]


def hierarchy(vectors_ND: npt.ArrayLike, groups: npt.ArrayLike) -> Merges:
    """Merge groups one after the other, nearest first.

    The merges are (K − 1, 4) as SciPy's `linkage` has them. Group k stands for the k-th number that occurs, from
    0; K + i for what row i joined. The height is the mean cosine distance of an image of one to an image of the
    other; the last column counts images. Noise is left out.

    Source: Sokal and Michener 1958 (average linkage, UPGMA).

    >>> rows = hierarchy([[1, 0], [1, 0.1], [0.8, 0.6], [0, 1]], [0, 0, 1, 2])
    >>> rows[:, :2].astype(int).tolist(), rows[:, 3].tolist()
    ([[0, 1], [2, 3]], [3.0, 4.0])
    """
    unit_ND, group_N = normalise(vectors_ND), np.asarray(groups)
    if len(group_N) != len(unit_ND):
        raise UnpoolError(f"groups: {len(group_N)}, expected {len(unit_ND)}, one a vector; group again")
    kept_M = np.flatnonzero(group_N != NOISE)
    names, place_M, size_K = np.unique(group_N[kept_M], return_inverse=True, return_counts=True)
    sum_KD = np.zeros((len(names), unit_ND.shape[1]))
    np.add.at(sum_KD, place_M, unit_ND[kept_M])
    mean_KD = sum_KD / size_K[:, None]
    return _merge_nearest(1 - mean_KD @ mean_KD.T, size_K.astype(np.float64))


def _merge_nearest(far_KK: npt.NDArray[np.float64], size_K: npt.NDArray[np.float64]) -> Merges:
    """The merges of groups of these sizes, the nearest first; both arguments are used up.

    A merged group replaces its first half, and its distances are the means of those of the two (Lance and
    Williams 1967). The nearest of each is remembered, so that most merges look at one row.
    """
    count = len(size_K)
    np.fill_diagonal(far_KK, np.inf)
    name_K = np.arange(count)
    nearest_K = far_KK.argmin(axis=1) if count else name_K
    nearest_distance_K = far_KK[name_K, nearest_K]
    rows = []
    for row in range(count - 1):
        one = int(nearest_distance_K.argmin())
        first, second = sorted((one, int(nearest_K[one])))
        height, images = max(0.0, float(nearest_distance_K[one])), size_K[first] + size_K[second]
        rows.append((*sorted((name_K[first], name_K[second])), height, images))
        mean_K = (size_K[first] * far_KK[first] + size_K[second] * far_KK[second]) / images
        mean_K[[first, second]] = np.inf
        far_KK[first], far_KK[:, first] = mean_K, mean_K
        far_KK[second], far_KK[:, second] = np.inf, np.inf
        name_K[first], size_K[first] = count + row, images
        stale_K = np.isin(nearest_K, (first, second))
        stale_K[first] = True
        closer_K = mean_K < nearest_distance_K
        nearest_K[closer_K], nearest_distance_K[closer_K] = first, mean_K[closer_K]
        for place in np.flatnonzero(stale_K):
            nearest_K[place] = far_KK[place].argmin()
            nearest_distance_K[place] = far_KK[place, nearest_K[place]]
        nearest_distance_K[second] = np.inf
    return np.array(rows, np.float64).reshape(-1, 4)


def merge_groups(groups: npt.ArrayLike, merges: Merges, num_groups: int) -> Indices:
    """Merge groups along their hierarchy until `num_groups` are left.

    Args:
        groups: (N,) group numbers, −1 for noise, which stays.
        merges: What `hierarchy` returns for them.
        num_groups: How many are left.

    Returns:
        (N,) group numbers, not in order.

    Raises:
        UsageError: Where there are not as many groups.

    >>> merge_groups([0, 0, 1, 2, -1], np.array([[0, 1, 0.2, 3], [2, 3, 0.8, 4]]), 2).tolist()
    [3, 3, 3, 2, -1]
    """
    group_N = np.asarray(groups, np.int64)
    names = np.unique(group_N[group_N != NOISE])
    if not 1 <= num_groups <= len(names):
        raise UsageError(
            f"--merge is {num_groups}, but there are {len(names)} groups; ask for 1 to {len(names)}"
        )
    into = {int(name): place for place, name in enumerate(names)}
    for row, (a, b, _, _) in enumerate(merges[: len(names) - num_groups]):
        into = {
            name: len(names) + row if place in (int(a), int(b)) else place for name, place in into.items()
        }
    return np.array([into.get(int(name), NOISE) for name in group_N], np.int64)


def split(
    vectors_ND: npt.ArrayLike, groups: npt.ArrayLike, group: int, parts: int = 2, *, seed: int = 0
) -> Indices:
    """Split one group by k-means.

    Args:
        vectors_ND: Finite numbers.
        groups: (N,) group numbers.
        group: The one to split.
        parts: Number of parts. The largest keeps the group's number, the others get new ones.
        seed: Of k-means.

    Returns:
        (N,) group numbers.

    Raises:
        UsageError: Where there is no such group, or it has fewer different images than parts.

    >>> split([[1, 0], [1, 0.1], [1, 0.2], [0, 1]], [0, 0, 0, 0], 0).tolist()
    [0, 0, 0, 1]
    """
    from sklearn.cluster import KMeans

    group_N = np.asarray(groups, np.int64).copy()
    rows = np.flatnonzero(group_N == group)
    if not len(rows):
        raise UsageError(f"split: there is no group {group}; the groups are 0 to {int(group_N.max())}")
    unit_ND: Floats = normalise(vectors_ND)
    different = len(np.unique(unit_ND[rows], axis=0))
    if not 2 <= parts <= different:
        images = f"{len(rows)} image{'s' * (len(rows) != 1)}, {different} of them different"
        raise UsageError(
            f"split: group {group} has {images}, and cannot be divided in {parts}; name another group"
        )
    with single_threaded():
        part_n = KMeans(parts, n_init=5, random_state=seed).fit_predict(unit_ND[rows])
    order = np.argsort(-np.bincount(part_n, minlength=parts), kind="stable")
    number = {
        int(part): group if place == 0 else int(group_N.max()) + place for place, part in enumerate(order)
    }
    group_N[rows] = [number[int(part)] for part in part_n]
    return group_N
