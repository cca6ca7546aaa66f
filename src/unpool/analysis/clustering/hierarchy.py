"""The hierarchy of groups: merging the nearest, splitting one.

Shapes: N images, D numbers a vector, K groups; a hierarchy has K − 1 rows of (a, b, height, images).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from unpool.analysis.metrics.silhouette import NOISE, single_threaded
from unpool.analysis.neighbours import ROWS_AT_ONCE, Floats, Indices, normalise
from unpool.errors import UnpoolError, UsageError

Merges = npt.NDArray[np.float64]


def hierarchy(vectors_ND: npt.ArrayLike, groups: npt.ArrayLike) -> Merges:
    """Merge groups one after the other, nearest first.

    The merges are (K − 1, 4) as SciPy's `linkage` has them. Group k stands for the k-th number that occurs, from
    0; K + i for what row i joined. Joined are the two whose union spreads least around its mean; the height is
    √(2·a·b / (a + b)) times the distance of their means, a and b images of unit length. The last column counts
    images. Noise is left out.

    Source: Ward 1963, Hierarchical grouping to optimize an objective function; measured against average linkage
    in docs/decisions/0016-tree-of-groups.md.

    >>> rows = hierarchy([[1, 0], [1, 0.1], [0.8, 0.6], [0, 1]], [0, 0, 1, 2])
    >>> rows[:, :2].astype(int).tolist(), rows[:, 3].tolist()
    ([[0, 1], [2, 3]], [3.0, 4.0])
    """
    unit_ND, group_N = normalise(vectors_ND), np.asarray(groups)
    if len(group_N) != len(unit_ND):
        raise UnpoolError(f"groups: {len(group_N)}, expected {len(unit_ND)}, one a vector; group again")
    kept_M = np.flatnonzero(group_N != NOISE)
    _, place_M = np.unique(group_N[kept_M], return_inverse=True)
    return merge_nearest(*means_of(unit_ND[kept_M], place_M))


def means_of(
    unit_ND: Floats, place_N: npt.NDArray[np.integer]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the mean (K, D) and the size (K,) of each group.

    `place_N` numbers the groups from 0 without a gap.
    """
    from scipy.sparse import csr_matrix

    num_groups = int(place_N.max(initial=-1)) + 1
    size_K = np.bincount(place_N, minlength=num_groups).astype(np.float64)
    sum_KD = np.zeros((num_groups, unit_ND.shape[1]))
    for start in range(0, len(place_N), ROWS_AT_ONCE):  # which are copied as float64
        place_B = place_N[start : start + ROWS_AT_ONCE]
        count = len(place_B)
        member_KB = csr_matrix((np.ones(count), (place_B, np.arange(count))), shape=(num_groups, count))
        sum_KD += member_KB @ unit_ND[start : start + ROWS_AT_ONCE]
    return sum_KD / size_K[:, None], size_K


def merge_nearest(mean_KD: npt.NDArray[np.float64], sizes: npt.NDArray[np.float64]) -> Merges:
    """Merge groups of these means and sizes, nearest first.

    A merged group replaces its first half, and its distances follow from those of the two (Lance and Williams
    1967). The nearest of each is remembered, so that most merges look at one row. Returns what `hierarchy` does.

    >>> merge_nearest(np.array([[0.0], [1.0], [9.0]]), np.array([1.0, 1.0, 1.0]))[:, :2].astype(int).tolist()
    [[0, 1], [2, 3]]
    """
    size_K, count = sizes.copy(), len(sizes)
    square_K = (mean_KD**2).sum(axis=1)
    apart_KK = np.maximum(square_K[:, None] + square_K - 2 * mean_KD @ mean_KD.T, 0)
    far_KK = 2 * np.outer(size_K, size_K) / np.add.outer(size_K, size_K) * apart_KK
    np.fill_diagonal(far_KK, np.inf)
    name_K = np.arange(count)
    nearest_K = far_KK.argmin(axis=1) if count else name_K
    nearest_distance_K = far_KK[name_K, nearest_K]
    rows = []
    for row in range(count - 1):
        one = int(nearest_distance_K.argmin())
        first, second = sorted((one, int(nearest_K[one])))
        height, images = float(np.sqrt(max(0.0, nearest_distance_K[one]))), size_K[first] + size_K[second]
        rows.append((*sorted((name_K[first], name_K[second])), height, images))
        merged_K = (size_K[first] + size_K) * far_KK[first] + (size_K[second] + size_K) * far_KK[second]
        merged_K = (merged_K - size_K * nearest_distance_K[one]) / (images + size_K)
        merged_K[[first, second]] = np.inf
        far_KK[first], far_KK[:, first] = merged_K, merged_K
        far_KK[second], far_KK[:, second] = np.inf, np.inf
        name_K[first], size_K[first] = count + row, images
        stale_K = np.isin(nearest_K, (first, second))
        stale_K[first] = True
        closer_K = merged_K < nearest_distance_K
        nearest_K[closer_K], nearest_distance_K[closer_K] = first, merged_K[closer_K]
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
