"""Group vectors without labels, by any of the methods.

Shapes: N images, D numbers a vector, K groups; xy_N2 are positions on the map.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from unpool.analysis.clustering.communities import communities
from unpool.analysis.clustering.consensus import consensus_clustering
from unpool.analysis.clustering.num_groups import num_groups_of_map, num_groups_of_vectors
from unpool.analysis.mapping import compute_map
from unpool.analysis.metrics.silhouette import NOISE, silhouette, single_threaded
from unpool.analysis.neighbours import Floats, Indices, check_vectors, normalise
from unpool.core.rng import subsample_indices
from unpool.errors import UnpoolError, UsageError, unknown_name

MAX_FITTED = 50_000  # images; centres fitted to these serve the others


@dataclass(frozen=True, slots=True)
class Grouping:
    """Groups of images, by descending size.

    `labels` are (N,) from 0, −1 for noise; `probability` (N,) from 0 to 1; `silhouette` is that of the vectors
    (see `metrics.silhouette`), None where there are not two groups.
    """

    method: str
    labels: Indices
    probability: Floats
    silhouette: float | None


def group(
    vectors_ND: npt.ArrayLike,
    *,
    method: str = "auto",
    groups: int | Literal["auto"] = "auto",
    xy_N2: npt.ArrayLike | None = None,
    seed: int = 0,
) -> Grouping:
    """Group similar images, the largest group first.

    The same vectors, map and seed give the same groups. The methods:

    - `auto`: k-means on several maps of up to 5,000 images, then a vote (`consensus_clustering`)
    - `kmeans`: k-means++ on the vectors, at unit length
    - `gmm`: a mixture of Gaussians, full covariance, on the map
    - `graph`: communities of the neighbour graph of the vectors (`communities`); `auto` keeps their own number
    - `temi`: heads on the vectors that assign an image and its neighbours to one group (`temi`)
    - `hdbscan`: dense regions of the map, their number found by itself, the rest noise

    Args:
        vectors_ND: Finite numbers.
        method: One of the methods above.
        groups: The number of groups, or `auto` for the best silhouette on the map, or the number of communities
            where that is low (`num_groups_of_map`). Fewer come back where there are fewer different vectors.
        xy_N2: The vectors' t-SNE map; None computes it where needed.
        seed: Of all that is random.

    Returns:
        The groups.

    Raises:
        UsageError: For an unknown method, a number below 1, or a number with hdbscan.
        UnpoolError: For more groups than images, NaN or infinity.

    Source: McConville et al. 2019, N2D (a neighbour embedding, then a mixture); Topchy, Jain, Punch 2003,
    Combining multiple weak clusterings (k-means on stacked groupings); Campello et al. 2013 (HDBSCAN).

    >>> group([[1, 0], [0, 1], [1, 0.1], [1, 0.2]], method="kmeans", groups=2).labels.tolist()
    [0, 1, 0, 0]
    """
    unit_ND = normalise(vectors_ND)
    _check(len(unit_ND), method, groups)
    space = _Space(unit_ND, xy_N2, seed)
    if (unit_ND == unit_ND[0]).all():
        labels_N, probability_N = np.zeros(len(unit_ND), np.int64), np.ones(len(unit_ND), np.float32)
    else:
        labels_N, probability_N = METHODS[method](space, groups)
    labels_N = relabel_by_size(labels_N)
    score = silhouette(unit_ND, labels_N)
    return Grouping(method, labels_N, probability_N.astype(np.float32).clip(0, 1), score)


def relabel_by_size(labels_N: npt.ArrayLike) -> Indices:
    """Number groups from the largest to the smallest.

    Equal ones are ordered by their first image; −1 stays.

    >>> relabel_by_size([7, -1, 3, 3]).tolist()
    [1, -1, 0, 0]
    """
    old_N = np.asarray(labels_N, dtype=np.int64)
    names, first, sizes = np.unique(old_N[old_N != NOISE], return_index=True, return_counts=True)
    new_N = np.full(len(old_N), NOISE, dtype=np.int64)
    for number, which in enumerate(np.lexsort((first, -sizes))):
        new_N[old_N == names[which]] = number
    return new_N


class _Space:
    """The vectors, and their map, computed on first use."""

    def __init__(self, unit_ND: Floats, xy_N2: npt.ArrayLike | None, seed: int) -> None:
        self.unit_ND, self.seed = unit_ND, seed
        self._xy_N2 = None if xy_N2 is None else check_vectors(xy_N2, "map")
        if self._xy_N2 is not None and len(self._xy_N2) != len(unit_ND):
            raise UnpoolError(
                f"map: {len(self._xy_N2)} positions, expected {len(unit_ND)}, one a vector; map again"
            )

    @property
    def plane(self) -> Floats:
        if self._xy_N2 is None:
            self._xy_N2 = compute_map(self.unit_ND, seed=self.seed)
        return self._xy_N2

    def num_groups(self, groups: int | Literal["auto"]) -> int:
        if groups != "auto":
            return groups
        if self._xy_N2 is None:
            return num_groups_of_vectors(self.unit_ND, seed=self.seed)
        return num_groups_of_map(self._xy_N2, vectors_ND=self.unit_ND, seed=self.seed)


def _check(num_images: int, method: str, groups: int | Literal["auto"]) -> None:
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    if groups == "auto":
        return
    if isinstance(groups, bool) or not isinstance(groups, int | np.integer) or groups < 1:
        raise UsageError(f"groups: {groups!r}, expected a whole number from 1 on, or auto")
    if method == "hdbscan":
        raise UsageError(
            f"groups: {groups}, but hdbscan finds their number by itself; leave it out, or take kmeans or gmm"
        )
    if num_images < groups:
        images = f"{num_images} image{'s' * (num_images != 1)}"
        raise UnpoolError(
            f"--groups is {groups}, but there {'are' if num_images != 1 else 'is'} only {images}; "
            "give a smaller number, or leave it out"
        )


GroupsAndShares = tuple[npt.NDArray[Any], npt.NDArray[Any]]


def _auto(space: _Space, groups: int | Literal["auto"]) -> GroupsAndShares:
    return consensus_clustering(space.unit_ND, groups=space.num_groups(groups), seed=space.seed)


def _kmeans(space: _Space, groups: int | Literal["auto"]) -> GroupsAndShares:
    return _likeliest(_memberships(space.unit_ND, space.num_groups(groups), space.seed))


def _gmm(space: _Space, groups: int | Literal["auto"]) -> GroupsAndShares:
    from sklearn.mixture import GaussianMixture

    place_N2 = space.plane / max(float(space.plane.std()), 1e-12)
    mixture = GaussianMixture(space.num_groups(groups), n_init=5, random_state=space.seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # not converged after 100 iterations: good enough
        mixture.fit(place_N2[subsample_indices(len(place_N2), MAX_FITTED, space.seed)])
    return _likeliest(mixture.predict_proba(place_N2))


def _hdbscan(space: _Space, groups: int | Literal["auto"]) -> GroupsAndShares:
    from sklearn.cluster import HDBSCAN

    smallest = min(max(5, len(space.unit_ND) // 100), len(space.unit_ND))
    found = HDBSCAN(min_cluster_size=max(2, smallest), min_samples=min(5, smallest), copy=True).fit(
        space.plane
    )
    return found.labels_, found.probabilities_


def _graph(space: _Space, groups: int | Literal["auto"]) -> GroupsAndShares:
    return communities(space.unit_ND, groups, seed=space.seed)


def _temi(space: _Space, groups: int | Literal["auto"]) -> GroupsAndShares:
    from unpool.analysis.clustering.temi import temi

    return temi(space.unit_ND, space.num_groups(groups), seed=space.seed)


METHODS: dict[str, Callable[[_Space, int | Literal["auto"]], GroupsAndShares]] = {
    "auto": _auto,
    "kmeans": _kmeans,
    "gmm": _gmm,
    "hdbscan": _hdbscan,
    "graph": _graph,
    "temi": _temi,
}


def _memberships(points_NP: npt.NDArray[np.floating], num_groups: int, seed: int) -> npt.NDArray[np.float64]:
    """k-means, then how much each point belongs to each centre: on a map, as in a mixture of round Gaussians."""
    from sklearn.cluster import KMeans

    means = KMeans(num_groups, n_init=10, random_state=seed)
    with warnings.catch_warnings(), single_threaded():
        warnings.simplefilter("ignore")  # fewer different points than groups: fewer groups come back
        means.fit(points_NP[subsample_indices(len(points_NP), MAX_FITTED, seed)])
    squared_NK = means.transform(points_NP).astype(np.float64) ** 2
    spread = max(float(squared_NK.min(axis=1).mean()), 1e-12)
    weight_NK = np.exp(-(squared_NK - squared_NK.min(axis=1, keepdims=True)) / spread)
    normal_NK: npt.NDArray[np.float64] = weight_NK / weight_NK.sum(axis=1, keepdims=True)
    return normal_NK


def _likeliest(membership_NK: npt.NDArray[np.float64]) -> GroupsAndShares:
    return membership_NK.argmax(axis=1), membership_NK.max(axis=1)
