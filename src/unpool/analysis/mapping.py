"""Lay vectors out on a plane, by their similarity.

Shapes: N vectors of length D, M new vectors, K neighbours of each; xy_N2 are positions.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from unpool.analysis.neighbours import Floats, Index, normalise, self_neighbours
from unpool.core.cpu import usable_cores
from unpool.core.rng import subsample_indices
from unpool.errors import UnpoolError, unknown_name

Progress = Callable[[float], None]

MAX_DIMENSION, NUM_DIRECTIONS = 64, 50  # longer vectors are reduced to 50 directions, as is usual for t-SNE
MIN_VECTORS_THREADED = 5_000  # with fewer, threads wait for each other longer than they work
PCA_SAMPLE = 50_000  # rows that determine the principal directions well enough
MAX_BARNES_HUT = 10_000
MAX_FITTED = 200_000
"""Above this many vectors the map is fitted to a sample of as many, and the others are placed among them."""

EARLY_STEPS, LATE_STEPS, STEPS_AT_ONCE = 250, 500, 50


class Attraction(NamedTuple):
    """Number of neighbours that attract an image, and their force.

    The force is a multiple of plain t-SNE's.
    """

    perplexity: float
    exaggeration: float


def compute_map(
    vectors_ND: npt.ArrayLike,
    *,
    method: str = "tsne",
    seed: int = 0,
    perplexity: float = 30,
    exaggeration: float = 1,
    progress: Progress | None = None,
) -> Floats:
    """Lay vectors of similar direction out near each other.

    The same vectors and seed give the same map, bit for bit.

    Args:
        vectors_ND: Finite numbers, one row or more.
        method: `tsne`, `umap` or `pca`.
        seed: Of all that is random.
        perplexity: About the number of neighbours that count; smaller for few vectors.
        exaggeration: Above 1 it draws groups of a t-SNE map together, towards what UMAP shows (Böhm, Berens and
            Kobak 2022).
        progress: Called with the share done, rising to 1.

    Returns:
        Positions (N, 2), float32 and centred.

    Raises:
        UsageError: For an unknown method.
        UnpoolError: For NaN, infinity or an absent umap.

    Source: van der Maaten 2014, Accelerating t-SNE using tree-based algorithms; Linderman et al. 2019 (from
    10,000 vectors on); Kobak and Berens 2019 (started by PCA, learning rate by N); Poličar et al. 2019
    (openTSNE).

    >>> compute_map([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]], method="pca").shape
    (3, 2)
    """
    if method not in METHODS:
        raise unknown_name("method", method, METHODS)
    reduced_ND = reduce(normalise(vectors_ND), seed=seed)
    report = progress or (lambda share: None)
    report(0.0)
    fitted_F = subsample_indices(len(reduced_ND), MAX_FITTED, seed)
    xy_F2 = METHODS[method](
        reduced_ND[fitted_F], seed, Attraction(perplexity, exaggeration), lambda share: report(0.98 * share)
    )
    xy_N2 = _spread(reduced_ND, fitted_F, xy_F2)
    report(1.0)
    return xy_N2


def place(new_MD: npt.ArrayLike, vectors_ND: npt.ArrayLike, xy_N2: npt.ArrayLike, k: int = 10) -> Floats:
    """Place new vectors on a map, amid their neighbours.

    Args:
        new_MD: New vectors.
        vectors_ND: The map's vectors.
        xy_N2: Their positions.
        k: Neighbours of which the position is the weighted mean.

    Returns:
        Positions (M, 2); a vector that is on the map already lies on itself.

    Raises:
        UnpoolError: Where the map has not one position for each vector.

    >>> place([[1.0, 0.0]], [[2.0, 0.0], [0.0, 1.0]], [[5.0, 7.0], [0.0, 0.0]]).tolist()
    [[5.0, 7.0]]
    """
    known_N2 = np.asarray(xy_N2, dtype=np.float32)
    index = Index(vectors_ND)
    if known_N2.shape != (len(index), 2):
        raise UnpoolError(
            f"map: shape {known_N2.shape}, expected ({len(index)}, 2), one position a vector; map again"
        )
    distances_MK, indices_MK = index.nearest(new_MD, k)
    # Measured in the distance to the last neighbour, so that dense and sparse regions are treated equally.
    share_MK = distances_MK / np.maximum(distances_MK[:, -1:], np.float32(1e-12))
    weight_MK = 1 / np.maximum(share_MK, 1e-6) - 1 + 1e-6
    weight_MK /= weight_MK.sum(axis=1, keepdims=True)
    xy_M2: Floats = np.einsum("mk,mkc->mc", weight_MK, known_N2[indices_MK]).astype(np.float32)
    return xy_M2


def reduce(vectors_ND: Floats, *, seed: int = 0, dimension: int = NUM_DIRECTIONS) -> Floats:
    """Project vectors on their first principal directions.

    The result is (N, dimension); vectors of D ≤ 64 come back unchanged.

    >>> reduce(np.eye(70, dtype=np.float32)).shape
    (70, 50)
    """
    if vectors_ND.shape[1] <= MAX_DIMENSION:
        return vectors_ND
    return _principal(vectors_ND, min(dimension, len(vectors_ND)), seed)


def _principal(vectors_ND: Floats, num_directions: int, seed: int) -> Floats:
    """Scores along the principal directions, zero-padded to `num_directions` where there are fewer."""
    from sklearn.decomposition import PCA

    num_rows, num_columns = vectors_ND.shape
    scores_ND = np.zeros((num_rows, num_directions), dtype=np.float32)
    if num_rows == 1:
        return scores_ND
    num_found = min(num_directions, num_rows, num_columns)
    exact = "covariance_eigh" if num_rows > num_columns else "full"
    solver = "randomized" if min(num_rows, num_columns) > 10 * num_found else exact
    with np.errstate(
        invalid="ignore", divide="ignore"
    ):  # shares of no variance at all, where all rows are equal
        pca = PCA(num_found, svd_solver=solver, random_state=seed)
        pca.fit(vectors_ND[subsample_indices(num_rows, PCA_SAMPLE, seed)])
    scores_ND[:, :num_found] = pca.transform(vectors_ND)
    return scores_ND


def _spread(vectors_ND: Floats, fitted_F: npt.NDArray[np.int64], xy_F2: Floats) -> Floats:
    """The whole map, from the fitted part of it."""
    if len(fitted_F) == len(vectors_ND):
        return xy_F2
    xy_N2 = np.empty((len(vectors_ND), 2), dtype=np.float32)
    xy_N2[fitted_F] = xy_F2
    rest_M = np.setdiff1d(np.arange(len(vectors_ND)), fitted_F)
    xy_N2[rest_M] = place(vectors_ND[rest_M], vectors_ND[fitted_F], xy_F2)
    return xy_N2


def _tsne(vectors_ND: Floats, seed: int, attraction: Attraction, progress: Progress) -> Floats:
    """First with forces between neighbours twelvefold, so that groups gather; then plain, so they unfold."""
    if len(vectors_ND) < 4:  # too few for any neighbourhood
        return _pca(vectors_ND, seed, attraction, progress)
    embedding = _embedding(vectors_ND, seed, attraction.perplexity)
    steps_done = 0
    phases = ((EARLY_STEPS, 12.0, 0.5), (LATE_STEPS, attraction.exaggeration, 0.8))
    for num_steps, exaggeration, momentum in phases:
        for _ in range(num_steps // STEPS_AT_ONCE):
            embedding.optimize(STEPS_AT_ONCE, exaggeration=exaggeration, momentum=momentum, inplace=True)
            steps_done += STEPS_AT_ONCE
            progress(steps_done / (EARLY_STEPS + LATE_STEPS))
    return _centred(np.asarray(embedding))


def _embedding(vectors_ND: Floats, seed: int, perplexity: float) -> Any:
    import openTSNE
    from openTSNE import affinity, nearest_neighbors

    perplexity = min(perplexity, (len(vectors_ND) - 1) / 3)
    num_threads = usable_cores() if len(vectors_ND) >= MIN_VECTORS_THREADED else 1
    num_neighbours = max(1, min(len(vectors_ND) - 1, int(3 * perplexity)))
    cosine_NK, indices_NK = self_neighbours(vectors_ND, num_neighbours, seed=seed)
    # 2·(1 − cos) is the squared distance of unit vectors: the Gaussian affinities are meant for that.
    neighbours = nearest_neighbors.PrecomputedNeighbors(indices_NK, np.sqrt(2 * cosine_NK).astype(np.float64))
    affinities = affinity.PerplexityBasedNN(perplexity=perplexity, knn_index=neighbours, n_jobs=num_threads)
    return openTSNE.TSNEEmbedding(
        _start(vectors_ND, seed),
        affinities,
        negative_gradient_method="bh" if len(vectors_ND) < MAX_BARNES_HUT else "fft",
        learning_rate="auto",
        n_jobs=num_threads,
        random_state=seed,
    )


def _start(vectors_ND: Floats, seed: int) -> npt.NDArray[np.float64]:
    """The two principal directions, tiny, and a tinier jitter so that equal vectors can part."""
    xy_N2 = _principal(vectors_ND, 2, seed).astype(np.float64)
    xy_N2 *= 1e-4 / max(float(xy_N2[:, 0].std()), 1e-12)
    return xy_N2 + np.random.default_rng(seed).normal(scale=1e-6, size=xy_N2.shape)


def _pca(vectors_ND: Floats, seed: int, attraction: Attraction, progress: Progress) -> Floats:
    return _centred(_principal(vectors_ND, 2, seed))


def _umap(vectors_ND: Floats, seed: int, attraction: Attraction, progress: Progress) -> Floats:
    try:
        import umap
    except ImportError:
        raise UnpoolError(
            "method 'umap' needs umap-learn, which is not installed; "
            'pip install "unpool[umap]", or take the method tsne'
        ) from None
    if len(vectors_ND) < 4:
        return _pca(vectors_ND, seed, attraction, progress)
    num_neighbours = max(2, min(15, len(vectors_ND) - 1))
    # From few vectors no spectral start can be computed.
    start = "spectral" if len(vectors_ND) > 10 else _start(vectors_ND, seed).astype(np.float32)
    layout = umap.UMAP(n_neighbors=num_neighbours, init=start, random_state=seed, n_jobs=1)
    return _centred(np.asarray(layout.fit_transform(vectors_ND)))


def _centred(xy_N2: npt.NDArray[np.floating]) -> Floats:
    centred_N2: Floats = (xy_N2 - xy_N2.mean(axis=0)).astype(np.float32)
    return centred_N2


METHODS: dict[str, Callable[[Floats, int, Attraction, Progress], Floats]] = {
    "tsne": _tsne,
    "umap": _umap,
    "pca": _pca,
}
