"""Nearest neighbours by cosine distance, exact or by inverted files.

Shapes: N vectors, D their length, Q queries, K neighbours of each.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from unpool.analysis.memo import Memo, digest
from unpool.errors import UnpoolError

if TYPE_CHECKING:
    import faiss

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

EXACT_BELOW = 20_000
"""Up to here a flat search is exact and fast enough; beyond, vectors are sorted into lists first."""

RECALL = 0.99
"""Share of the true neighbours that is found, as measured on a sample of the rows themselves."""

LIST_STEPS, LIST_POINTS = 5, 64  # of the k-means that makes the lists; rows for each centre

UNIT_TOLERANCE = 1e-5  # of squared lengths
NUM_KEPT = 16  # neighbours of each row that are found at once: most ask for no more

_graphs: Memo[tuple[Floats, Indices]] = Memo(2)


def check_vectors(vectors_ND: npt.ArrayLike, what: str = "vectors") -> Floats:
    """Return vectors as a contiguous float32 table (N, D).

    `what` names them in errors. Raises UnpoolError where they are no table, empty or not finite.

    >>> check_vectors([[1, 2], [3, 4]]).dtype
    dtype('float32')
    """
    table_ND = np.ascontiguousarray(vectors_ND, dtype=np.float32)
    if table_ND.ndim != 2 or table_ND.shape[0] == 0 or table_ND.shape[1] == 0:
        raise UnpoolError(
            f"{what}: shape {np.shape(vectors_ND)}, expected (rows, numbers), one or more of each; embed first"
        )
    bad_N = ~np.isfinite(table_ND).all(axis=1)
    if bad_N.any():
        raise UnpoolError(
            f"{what}: {int(bad_N.sum())} of {len(table_ND)} rows hold NaN or infinity "
            f"(the first is row {int(bad_N.argmax())}), expected finite numbers; embed these images again"
        )
    return table_ND


def normalise(vectors_ND: npt.ArrayLike) -> Floats:
    """Scale each row to length one, as float32.

    A row of zeros stays zero. Rows of length one come back as they are, uncopied.
    Takes (N, D) finite numbers; raises UnpoolError for NaN or infinity.

    >>> normalise([[3.0, 4.0], [0.0, 0.0]]).tolist()
    [[0.6000000238418579, 0.800000011920929], [0.0, 0.0]]
    """
    if isinstance(vectors_ND, np.ndarray) and _is_unit(vectors_ND):
        return vectors_ND
    table_ND = check_vectors(vectors_ND)
    # By the largest value first: the square of a large float32 overflows, that of a small one vanishes.
    largest_N1 = np.abs(table_ND).max(axis=1, keepdims=True).astype(np.float64)
    scaled_ND = table_ND / np.where(largest_N1 > 0, largest_N1, 1)
    length_N1 = np.linalg.norm(scaled_ND, axis=1, keepdims=True)
    result_ND: Floats = (scaled_ND / np.where(length_N1 > 0, length_N1, 1)).astype(np.float32)
    return result_ND


def _is_unit(table_ND: npt.NDArray[Any]) -> bool:
    """Whether this is a table of float32 whose rows all have length one."""
    if table_ND.dtype != np.float32 or table_ND.ndim != 2 or not table_ND.size:
        return False
    if not table_ND.flags.c_contiguous:
        return False
    with np.errstate(over="ignore", invalid="ignore"):
        square_N = np.einsum("nd,nd->n", table_ND, table_ND)
    return bool((np.abs(square_N - 1) < UNIT_TOLERANCE).all())


class Index:
    """An index of vectors for searches by cosine distance.

    Takes (N, D) finite numbers. Below 20,000 rows the search is exact; from there on k-means sorts the rows
    into 2·√N lists, and as many are searched as a sample of the rows needs for a recall of 0.99 (all of them,
    where vectors form no groups at all). The same seed gives the same index. Raises UnpoolError for NaN or
    infinity.

    Source: Johnson, Douze, Jégou 2019, Billion-scale similarity search with GPUs (faiss).

    >>> index = Index([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> index.nearest([[2.0, 0.1]], 2)[1].tolist()
    [[0, 2]]
    """

    def __init__(self, vectors_ND: npt.ArrayLike, *, seed: int = 0) -> None:
        self.unit_ND = normalise(vectors_ND)
        self._faiss = _flat(self.unit_ND) if len(self.unit_ND) < EXACT_BELOW else _lists(self.unit_ND, seed)

    def __len__(self) -> int:
        return len(self.unit_ND)

    def nearest(self, queries_QD: npt.ArrayLike, k: int) -> tuple[Floats, Indices]:
        """Find the k rows nearest to each query, nearest first.

        Returns (Q, min(k, N)) distances 0…2 and row numbers. Raises UnpoolError where queries have another length
        than the vectors, or are not finite.

        >>> Index([[1.0, 0.0], [0.0, 1.0]]).nearest([[1.0, 0.0]], 5)[0].tolist()
        [[0.0, 1.0]]
        """
        query_QD = normalise(queries_QD)
        if query_QD.shape[1] != self.unit_ND.shape[1]:
            raise UnpoolError(
                f"queries: {query_QD.shape[1]} numbers each, expected {self.unit_ND.shape[1]} "
                "as in the vectors; embed them by the same model"
            )
        return self._search(query_QD, min(k, len(self)))

    def self_nearest(self, k: int) -> tuple[Floats, Indices]:
        """Find the k rows nearest to each row but itself.

        Returns (N, min(k, N - 1)) distances 0…2 and row numbers.

        >>> Index([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]).self_nearest(1)[1].ravel().tolist()[:2]
        [1, 0]
        """
        num_others = min(k, len(self) - 1)
        distances_NK, indices_NK = self._search(self.unit_ND, num_others + 1)
        is_self_NK = indices_NK == np.arange(len(self))[:, None]
        # Among more than k exact duplicates the row itself may be missing: then the last one is left out.
        is_self_NK[~is_self_NK.any(axis=1), -1] = True
        shape = (len(self), num_others)
        return distances_NK[~is_self_NK].reshape(shape), indices_NK[~is_self_NK].reshape(shape)

    def _search(self, query_QD: Floats, k: int) -> tuple[Floats, Indices]:
        cosine_QK, indices_QK = self._faiss.search(query_QD, k)
        short_Q = (indices_QK < 0).any(axis=1)
        if short_Q.any():  # the searched lists held fewer than k rows
            cosine_QK[short_Q], indices_QK[short_Q] = _flat(self.unit_ND).search(query_QD[short_Q], k)
        distances_QK: Floats = np.clip(1 - cosine_QK, 0, 2)
        return distances_QK, indices_QK


def nearest(
    queries_QD: npt.ArrayLike, vectors_ND: npt.ArrayLike, k: int, *, exclude_self: bool = False, seed: int = 0
) -> tuple[Floats, Indices]:
    """Find the k vectors nearest to each query.

    Args:
        queries_QD: Finite numbers.
        vectors_ND: Finite numbers.
        k: Neighbours of each query; K is k, or the number of vectors where there are fewer.
        exclude_self: The queries are the vectors themselves, row for row, and no row is its own neighbour.
        seed: Of the index, for many vectors.

    Returns:
        (Q, K) cosine distances 0…2, rising, and row numbers.

    Raises:
        UnpoolError: For NaN, infinity or queries of another length.

    >>> distances, indices = nearest([[1.0, 0.0]], [[0.0, 1.0], [2.0, 0.0]], k=1)
    >>> distances.tolist(), indices.tolist()
    ([[0.0]], [[1]])
    """
    index = Index(vectors_ND, seed=seed)
    if not exclude_self:
        return index.nearest(queries_QD, k)
    if np.shape(queries_QD) != index.unit_ND.shape:
        raise UnpoolError(
            f"queries: shape {np.shape(queries_QD)}, expected {index.unit_ND.shape}, the vectors themselves; "
            "leave out exclude_self for other queries"
        )
    return index.self_nearest(k)


def self_neighbours(vectors_ND: npt.ArrayLike, k: int, *, seed: int = 0) -> tuple[Floats, Indices]:
    """Find the k rows nearest to each row but itself.

    Returns (N, min(k, N - 1)) cosine distances 0…2 and row numbers. Never the row itself, not even among exact
    duplicates. The sixteen nearest of the last two tables are kept, so that map, groups and figures of the same
    vectors search once. Raises UnpoolError for NaN or infinity.

    >>> self_neighbours([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]], k=1)[1].tolist()
    [[1], [0], [1]]
    """
    unit_ND = normalise(vectors_ND)
    if k > NUM_KEPT:
        return Index(unit_ND, seed=seed).self_nearest(k)
    key = (digest(unit_ND), None if len(unit_ND) < EXACT_BELOW else seed)  # an exact search draws nothing
    found = _graphs.get(key)
    if found is None:
        found = _graphs[key] = Index(unit_ND, seed=seed).self_nearest(NUM_KEPT)
    distances_NK, indices_NK = found
    return distances_NK[:, :k].copy(), indices_NK[:, :k].copy()


def _flat(unit_ND: Floats) -> faiss.Index:
    import faiss

    index = faiss.IndexFlatIP(unit_ND.shape[1])
    index.add(unit_ND)
    return index


def _lists(unit_ND: Floats, seed: int) -> faiss.IndexIVFFlat:
    import faiss

    num_lists = 2 * math.isqrt(len(unit_ND))
    index = faiss.IndexIVFFlat(
        faiss.IndexFlatIP(unit_ND.shape[1]), unit_ND.shape[1], num_lists, faiss.METRIC_INNER_PRODUCT
    )
    index.cp.seed = seed
    index.cp.spherical = True
    # Coarse centres do: how many lists are searched is measured afterwards.
    index.cp.niter, index.cp.max_points_per_centroid = LIST_STEPS, LIST_POINTS
    index.train(unit_ND)
    index.add(unit_ND)
    index.nprobe = _num_probes(index, unit_ND, seed)
    return index


def _num_probes(
    index: faiss.IndexIVFFlat, unit_ND: Floats, seed: int, num_samples: int = 256, k: int = 100
) -> int:
    """How many lists to search: doubled until the sample's true neighbours are found."""
    sample_S = np.random.default_rng(seed).choice(len(unit_ND), min(num_samples, len(unit_ND)), replace=False)
    true_SK = np.sort(_flat(unit_ND).search(unit_ND[sample_S], k)[1])
    num_probes = 4
    while num_probes < index.nlist:
        index.nprobe = num_probes
        found_SK = index.search(unit_ND[sample_S], k)[1]
        share = np.mean([np.isin(true, found).mean() for true, found in zip(true_SK, found_SK, strict=True)])
        if share >= RECALL + 0.003:  # a margin for the error of a sample
            return num_probes
        num_probes *= 2
    return int(index.nlist)
