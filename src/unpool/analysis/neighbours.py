"""Nearest neighbours by cosine distance, exact or by inverted files.

Shapes: N vectors, D their length, Q queries, K neighbours of each.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from unpool.analysis.inverted_lists import InvertedLists, largest_products
from unpool.analysis.memo import Memo, digest
from unpool.errors import UnpoolError

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

EXACT_BELOW = 20_000
"""Up to here a flat search is exact and fast enough; beyond, vectors are sorted into lists first."""

MAX_QUERIES_OF_ALL = 2_000
"""Up to so many queries are compared with all vectors in less time than lists are made."""

ROWS_AT_ONCE = 65_536  # that are copied: of a million a copy would take gigabytes
VALUES_AT_ONCE = 1 << 18  # that are scaled: two megabytes in float64, which stay in the processor's cache
UNIT_TOLERANCE = 1e-5  # of squared lengths
NUM_KEPT = 16  # neighbours of each row that are found at once: most ask for no more

MIN_RECALL = 0.97  # of the neighbours of all rows, below which it is worth a message

_graphs: Memo[tuple[Floats, Indices, float]] = Memo(2)


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
    result_ND: Floats = np.empty_like(table_ND)
    rows_at_once = max(1, VALUES_AT_ONCE // table_ND.shape[1])
    for start in range(0, len(table_ND), rows_at_once):
        part = slice(start, start + rows_at_once)
        # By the largest value first: the square of a large float32 overflows, that of a small one vanishes.
        largest_B1 = np.abs(table_ND[part]).max(axis=1, keepdims=True).astype(np.float64)
        scaled_BD = table_ND[part] / np.where(largest_B1 > 0, largest_B1, 1)
        length_B1 = np.linalg.norm(scaled_BD, axis=1, keepdims=True)
        result_ND[part] = scaled_BD / np.where(length_B1 > 0, length_B1, 1)
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

    Below 20,000 rows the search is exact; from there on the rows are sorted into lists, and as many are compared as
    a sample of them needs for a recall of 0.99 (`InvertedLists`). The same seed gives the same index.

    Args:
        vectors_ND: Finite numbers.
        seed: Of the lists.
        num_queries: How many there will be, where that is known; few are compared with all rows.
        max_compared: Rows compared with a query at most, as in `InvertedLists`.

    Raises:
        UnpoolError: For NaN or infinity.

    Source: Johnson, Douze, Jégou 2019, Billion-scale similarity search with GPUs (faiss).

    >>> index = Index([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> index.nearest([[2.0, 0.1]], 2)[1].tolist()
    [[0, 2]]
    """

    def __init__(
        self,
        vectors_ND: npt.ArrayLike,
        *,
        seed: int = 0,
        num_queries: int | None = None,
        max_compared: int | None = None,
    ) -> None:
        self.unit_ND = normalise(vectors_ND)
        is_exact = len(self.unit_ND) < EXACT_BELOW or (
            num_queries is not None and num_queries <= MAX_QUERIES_OF_ALL
        )
        self._lists = None if is_exact else InvertedLists(self.unit_ND, seed, max_compared)

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

    def recall(self, k: int) -> float:
        """Return the measured share of neighbours that is found.

        It is 1 where the search is exact, and before the first search for k.
        """
        return 1.0 if self._lists is None else self._lists.recall_of.get(k, 1.0)

    def _search(self, query_QD: Floats, k: int) -> tuple[Floats, Indices]:
        if self._lists is None:
            cosine_QK, indices_QK = largest_products(query_QD, self.unit_ND, k)
        else:
            cosine_QK, indices_QK = self._lists.search(query_QD, k)
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
    num_queries = None if exclude_self else len(np.atleast_2d(np.asarray(queries_QD)))
    index = Index(vectors_ND, seed=seed, num_queries=num_queries)
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

    The sixteen nearest of the last two tables are kept, so that map, groups and figures of the same vectors search
    once.

    Args:
        vectors_ND: Finite numbers.
        k: Neighbours of each row.
        seed: Of the index, for many vectors.

    Returns:
        (N, min(k, N - 1)) cosine distances 0…2 and row numbers. Never the row itself, not even among exact
        duplicates.

    Raises:
        UnpoolError: For NaN or infinity.

    >>> self_neighbours([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]], k=1)[1].tolist()
    [[1], [0], [1]]
    """
    unit_ND = normalise(vectors_ND)
    if k > NUM_KEPT:
        return Index(unit_ND, seed=seed).self_nearest(k)
    key = _key(unit_ND, seed)
    found = _graphs.get(key)
    if found is None:
        index = Index(unit_ND, seed=seed)
        nearest_N = index.self_nearest(NUM_KEPT)
        found = _graphs[key] = (*nearest_N, index.recall(NUM_KEPT + 1))
    distances_NK, indices_NK, _ = found
    return distances_NK[:, :k].copy(), indices_NK[:, :k].copy()


def find_near_equals(vectors_ND: npt.ArrayLike, k: int, max_compared: int, *, seed: int = 0) -> Indices:
    """Find rows that are nearly equal to each.

    They are among the k rows nearest to it; how far others are does not matter.

    Nothing is kept: of a million rows the kept neighbours would take hundreds of megabytes.

    Args:
        vectors_ND: Finite numbers.
        k: Neighbours of each row.
        max_compared: Rows compared with each at most, where there are many.
        seed: Of the index, for many vectors.

    Returns:
        Row numbers (N, min(k, N - 1)), nearest first.

    >>> find_near_equals([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0]], 1, 100).tolist()
    [[1], [0], [1]]
    """
    return Index(vectors_ND, seed=seed, max_compared=max_compared).self_nearest(k)[1]


def self_recall(vectors_ND: npt.ArrayLike, *, seed: int = 0) -> float:
    """Return the share of neighbours that `self_neighbours` found.

    It is measured on a sample; 1 where the search was exact, or is not kept any more.

    >>> self_recall([[1.0, 0.0], [0.0, 1.0]])
    1.0
    """
    found = _graphs.get(_key(normalise(vectors_ND), seed))
    return 1.0 if found is None else found[2]


def _key(unit_ND: Floats, seed: int) -> tuple[bytes, int | None]:
    # An exact search draws nothing.
    return digest(unit_ND), None if len(unit_ND) < EXACT_BELOW else seed
