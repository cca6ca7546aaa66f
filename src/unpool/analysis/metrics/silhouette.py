"""How far groups stand apart, without labels.

Shapes: N images, D numbers a vector, S sampled rows.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from unpool.analysis.neighbours import Floats, check_vectors, normalise
from unpool.core.cpu import usable_cores
from unpool.core.rng import subsample_indices

NOISE = -1
"""The group number of an image that is in no group."""


def silhouette(
    vectors_ND: npt.ArrayLike, groups: npt.ArrayLike, *, sample: int = 5000, seed: int = 0
) -> float | None:
    """Compute the silhouette of groups of vectors.

    It says how much nearer images are to their own group than to the next. Measured by cosine distance between the
    vectors themselves, never on a map, so that figures compare across methods; noise is left out; above `sample`
    images on a random part of them.

    Source: Rousseeuw 1987, Silhouettes.

    Args:
        vectors_ND: Finite numbers.
        groups: (N,) group numbers, −1 for noise.
        sample: The most images it is measured on.
        seed: Of the sample.

    Returns:
        −1…1, None without two groups.

    >>> round(silhouette([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], [0, 0, 1, 1]), 2)
    0.99
    """
    return _silhouette(normalise(vectors_ND), np.asarray(groups), "cosine", sample, seed)


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
    return _silhouette(check_vectors(xy_N2), np.asarray(groups), "euclidean", sample, seed)


def _silhouette(
    table_ND: Floats, group_N: npt.NDArray[Any], metric: str, sample: int, seed: int
) -> float | None:
    from sklearn.metrics import silhouette_score

    kept_S = np.flatnonzero(group_N != NOISE)
    kept_S = kept_S[subsample_indices(len(kept_S), sample, seed)]
    num_groups = len(np.unique(group_N[kept_S]))
    if not 2 <= num_groups < len(kept_S):
        return None
    return float(silhouette_score(table_ND[kept_S], group_N[kept_S], metric=metric))


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

    place_N2 = np.asarray(xy_N2, np.float32)
    means = KMeans(min(num_groups, len(place_N2)), n_init=starts, random_state=seed)
    with warnings.catch_warnings(), single_threaded():
        warnings.simplefilter("ignore")  # fewer different positions than groups
        label_N = means.fit_predict(place_N2)
    return np.unique(label_N, return_inverse=True)[1].astype(np.int64)
