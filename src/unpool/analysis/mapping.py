"""Lay vectors out on a plane, by their similarity.

Shapes: N vectors of length D, M new vectors, F fitted ones, K neighbours of each; xy_N2 are positions.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from unpool.analysis.memo import Memo, digest
from unpool.analysis.neighbours import Floats, Index, normalise, self_neighbours
from unpool.core.cpu import usable_cores
from unpool.core.rng import subsample_indices
from unpool.errors import UnpoolError, unknown_name

Progress = Callable[[float], None]

MAX_DIMENSION, NUM_DIRECTIONS = 64, 50  # longer vectors are reduced to 50 directions, as is usual for t-SNE
MIN_VECTORS_THREADED = 5_000  # with fewer, threads wait for each other longer than they work
PCA_SAMPLE = 50_000  # rows that determine the principal directions well enough
MAX_FITTED = 50_000
"""Above this many vectors the map is fitted to a sample of as many, and the others are placed among them.

Measured in docs/decisions/0025-a-million-images.md."""


class Stage(NamedTuple):
    """Steps in which neighbours attract with the same force.

    `perplexity` is about the number of neighbours that attract an image; `exaggeration` their force, as a multiple of
    plain t-SNE's.
    """

    perplexity: float
    exaggeration: float
    steps: int


GATHER = Stage(50, 12, 150)
"""The first stage, whose map is one of coarse parts: not worth a look."""
STAGES = (Stage(50, 8, 75), Stage(30, 4, 75), Stage(30, 1, 200))
"""Attraction falls, so that groups gather first and unfold then; each stage starts from the map of the last."""
STEPS_AT_ONCE, MOMENTUM = 25, 0.8
MAX_BARNES_HUT, MAX_BARNES_HUT_GATHERED = 10_000, 800
"""From here on the forces are interpolated on a grid; gathered maps are small, and a coarse grid serves them."""
MIN_INTERVALS, MIN_INTERVALS_GATHERED = 50, 20  # of the grid, on each axis
MIN_SPREAD = 1e-4  # standard deviation to which a map that attraction drew into one point is enlarged

_maps: Memo[list[Floats]] = Memo(4)
_directions: Memo[Floats] = Memo(2)


def compute_map(
    vectors_ND: npt.ArrayLike,
    *,
    method: str = "tsne",
    seed: int = 0,
    exaggeration: float = 1,
    progress: Progress | None = None,
) -> Floats:
    """Lay vectors of similar direction out near each other.

    The same vectors and seed give the same map, bit for bit.

    Args:
        vectors_ND: Finite numbers, one row or more.
        method: `tsne`, `umap` or `pca`.
        seed: Of all that is random.
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
    xy_F2 = METHODS[method](reduced_ND[fitted_F], seed, exaggeration, lambda share: report(0.98 * share))
    xy_N2 = _spread(reduced_ND, fitted_F, xy_F2)
    report(1.0)
    return xy_N2


def compute_maps(
    vectors_ND: npt.ArrayLike, *, stages: Sequence[Stage] = STAGES, seed: int = 0
) -> list[Floats]:
    """Compute the t-SNE maps after each stage.

    Attraction falls from eightfold to plain; the last map of all stages is that of `compute_map`.

    Args:
        vectors_ND: Finite numbers; all are fitted, however many.
        stages: The stages after the first, which gathers the images.
        seed: Of all that is random.

    Returns:
        Positions (N, 2) after each of the stages.

    >>> [each.shape for each in compute_maps([[1.0, 0.0], [0.9, 0.1], [0.0, 1.0]])]
    [(3, 2), (3, 2), (3, 2)]
    """
    return _anneal(reduce(normalise(vectors_ND), seed=seed), stages, seed, lambda share: None)


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
    index = Index(vectors_ND, num_queries=len(np.atleast_2d(np.asarray(new_MD))))
    if known_N2.shape != (len(index), 2):
        raise UnpoolError(
            f"map: shape {known_N2.shape}, expected ({len(index)}, 2), one position a vector; map again"
        )
    distances_MK, indices_MK = index.nearest(new_MD, k)
    return place_amid(distances_MK, known_N2[indices_MK])


def place_amid(distances_MK: Floats, xy_MK2: Floats) -> Floats:
    """Place vectors amid their neighbours on a map.

    Args:
        distances_MK: Distances of the neighbours, rising.
        xy_MK2: Their positions.

    Returns:
        Positions (M, 2).

    >>> place_amid(np.array([[0.0, 0.5]], np.float32), np.array([[[5, 7], [0, 0]]], np.float32)).tolist()
    [[5.0, 7.0]]
    """
    # Measured in the distance to the last neighbour, so that dense and sparse regions are treated equally.
    share_MK = distances_MK / np.maximum(distances_MK[:, -1:], np.float32(1e-12))
    weight_MK = 1 / np.maximum(share_MK, 1e-6) - 1 + 1e-6
    weight_MK /= weight_MK.sum(axis=1, keepdims=True)
    xy_M2: Floats = np.einsum("mk,mkc->mc", weight_MK, xy_MK2).astype(np.float32)
    return xy_M2


def reduce(vectors_ND: Floats, *, seed: int = 0, dimension: int = NUM_DIRECTIONS) -> Floats:
    """Project vectors on their first principal directions.

    The result is (N, dimension); vectors of D ≤ 64 come back unchanged. The last two results are kept.

    >>> reduce(np.eye(70, dtype=np.float32)).shape
    (70, 50)
    """
    if vectors_ND.shape[1] <= MAX_DIMENSION:
        return vectors_ND
    key = (digest(vectors_ND), seed, dimension)
    reduced_ND = _directions.get(key)
    if reduced_ND is None:
        reduced_ND = _directions[key] = _principal(vectors_ND, min(dimension, len(vectors_ND)), seed)
    return reduced_ND.copy()


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


def _tsne(vectors_ND: Floats, seed: int, exaggeration: float, progress: Progress) -> Floats:
    stronger = [stage for stage in STAGES if stage.exaggeration > exaggeration]
    same = [stage for stage in STAGES if stage.exaggeration == exaggeration]
    last = same or [STAGES[-1]._replace(exaggeration=exaggeration)]
    return _anneal(vectors_ND, (*stronger, *last), seed, progress)[-1]


def _anneal(vectors_ND: Floats, stages: Sequence[Stage], seed: int, progress: Progress) -> list[Floats]:
    """The map after each stage; those known of the same vectors are not computed again."""
    if len(vectors_ND) < 4:  # too few for any neighbourhood
        return [_centred(_principal(vectors_ND, 2, seed))] * len(stages)
    vectors_key = (digest(vectors_ND), seed)
    known = _maps.get((vectors_key, tuple(stages)))
    if known is None:
        known = _run_stages(vectors_ND, stages, seed, progress)
        for count in range(1, len(stages) + 1):
            _maps[vectors_key, tuple(stages[:count])] = known[:count]
    return [xy_N2.copy() for xy_N2 in known]


def _run_stages(vectors_ND: Floats, stages: Sequence[Stage], seed: int, progress: Progress) -> list[Floats]:
    affinities = _Affinities(vectors_ND, max(stage.perplexity for stage in (GATHER, *stages)), seed)
    xy_N2, found = _start(vectors_ND, seed), []
    num_steps, steps_done = sum(stage.steps for stage in (GATHER, *stages)), 0
    for stage in (GATHER, *stages):
        # An image among equals is drawn to one point; tiny numbers would keep it there for long.
        xy_N2 = xy_N2 * max(1.0, MIN_SPREAD / max(float(xy_N2.std()), 1e-300))
        embedding = _embedding(xy_N2, affinities.of(stage.perplexity), stage, seed)
        for _ in range(0, stage.steps, STEPS_AT_ONCE):
            embedding.optimize(
                STEPS_AT_ONCE, exaggeration=stage.exaggeration, momentum=MOMENTUM, inplace=True
            )
            steps_done += STEPS_AT_ONCE
            progress(min(1.0, steps_done / num_steps))
        xy_N2 = np.asarray(embedding, dtype=np.float64)
        found.append(_centred(xy_N2))
    return found[1:]


class _Affinities:
    """How much each vector attracts its neighbours, by perplexity; the neighbours are searched for once."""

    def __init__(self, vectors_ND: Floats, max_perplexity: float, seed: int) -> None:
        self._num_vectors = len(vectors_ND)
        self._found: dict[float, Any] = {}
        self._cosine_NK, self._indices_NK = self_neighbours(
            vectors_ND, self._num_neighbours(max_perplexity), seed=seed
        )

    def _num_neighbours(self, perplexity: float) -> int:
        return max(1, min(self._num_vectors - 1, int(3 * perplexity)))

    def of(self, perplexity: float) -> Any:
        """The affinities at a perplexity, or at the largest that there are vectors for."""
        perplexity = min(perplexity, (self._num_vectors - 1) / 3)
        if perplexity not in self._found:
            from openTSNE import affinity, nearest_neighbors

            num = self._num_neighbours(perplexity)
            # 2·(1 − cos) is the squared distance of unit vectors: the Gaussian affinities are meant for that.
            distance_NK = np.sqrt(2 * self._cosine_NK[:, :num]).astype(np.float64)
            neighbours = nearest_neighbors.PrecomputedNeighbors(
                np.ascontiguousarray(self._indices_NK[:, :num]), distance_NK
            )
            self._found[perplexity] = affinity.PerplexityBasedNN(
                perplexity=perplexity, knn_index=neighbours, n_jobs=_num_threads(self._num_vectors)
            )
        return self._found[perplexity]


def _num_threads(num_vectors: int) -> int:
    return usable_cores() if num_vectors >= MIN_VECTORS_THREADED else 1


def _embedding(xy_N2: npt.NDArray[np.float64], affinities: Any, stage: Stage, seed: int) -> Any:
    import openTSNE

    is_gathered = stage.exaggeration > 1
    max_barnes_hut = MAX_BARNES_HUT_GATHERED if is_gathered else MAX_BARNES_HUT
    return openTSNE.TSNEEmbedding(
        xy_N2,
        affinities,
        negative_gradient_method="bh" if len(xy_N2) < max_barnes_hut else "fft",
        min_num_intervals=MIN_INTERVALS_GATHERED if is_gathered else MIN_INTERVALS,
        learning_rate="auto",
        n_jobs=_num_threads(len(xy_N2)),
        random_state=seed,
    )


def _start(vectors_ND: Floats, seed: int) -> npt.NDArray[np.float64]:
    """The two principal directions, tiny, and a tinier jitter so that equal vectors can part."""
    xy_N2 = _principal(vectors_ND, 2, seed).astype(np.float64)
    xy_N2 *= 1e-4 / max(float(xy_N2[:, 0].std()), 1e-12)
    return xy_N2 + np.random.default_rng(seed).normal(scale=1e-6, size=xy_N2.shape)


def _pca(vectors_ND: Floats, seed: int, exaggeration: float, progress: Progress) -> Floats:
    return _centred(_principal(vectors_ND, 2, seed))


def _umap(vectors_ND: Floats, seed: int, exaggeration: float, progress: Progress) -> Floats:
    try:
        import umap
    except ImportError:
        raise UnpoolError(
            "method 'umap' needs umap-learn, which is not installed; "
            'pip install "unpool[umap]", or take the method tsne'
        ) from None
    if len(vectors_ND) < 4:
        return _pca(vectors_ND, seed, exaggeration, progress)
    num_neighbours = max(2, min(15, len(vectors_ND) - 1))
    # From few vectors no spectral start can be computed.
    start = "spectral" if len(vectors_ND) > 10 else _start(vectors_ND, seed).astype(np.float32)
    layout = umap.UMAP(n_neighbors=num_neighbours, init=start, random_state=seed, n_jobs=1)
    return _centred(np.asarray(layout.fit_transform(vectors_ND)))


def _centred(xy_N2: npt.NDArray[np.floating]) -> Floats:
    centred_N2: Floats = (xy_N2 - xy_N2.mean(axis=0)).astype(np.float32)
    return centred_N2


METHODS: dict[str, Callable[[Floats, int, float, Progress], Floats]] = {
    "tsne": _tsne,
    "umap": _umap,
    "pca": _pca,
}
