"""Inverted lists: vectors in lists, searched list by list.

Shapes: N vectors of length D in L lists, Q queries, B of them in one list, R rows compared with these, K neighbours,
S sampled rows.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from unpool.core.rng import subsample_indices

Floats = npt.NDArray[np.float32]
Indices = npt.NDArray[np.int64]

RECALL = 0.99
"""Share of the true neighbours that is found, as measured on a sample of the rows themselves."""

MARGIN = 0.003  # above it, for the error of a sample
NUM_SAMPLED = 256
MIN_LISTS_COMPARED = 4
MAX_COMPARED = 131_072
"""Rows compared with a query at most: beyond, the time would grow with the square of the rows."""

MAX_LIST = 16_384  # rows of a list
LIST_STEPS, LIST_POINTS = 5, 64  # of the k-means that makes the lists; rows for each centre


class InvertedLists:
    """Unit vectors in 2·√N lists around centres of k-means.

    The queries of one list are compared together with the rows of the lists nearest to it. That is one product of
    matrices: a row is fetched from memory once for all of them, not once for each.
    How many rows are compared is measured for each number of neighbours: as many as a sample of the rows needs for a
    recall of 0.99, and 131,072 at most. The same seed gives the same lists.

    Source: Jégou, Douze and Schmid 2011, Product quantization for nearest neighbor search, section 4 (inverted
    files); Johnson, Douze, Jégou 2019 (faiss).

    Args:
        unit_ND: Rows of length one, or zero.
        seed: Of k-means and the sample.
        max_compared: Rows compared with a query at most; 131,072 where None.

    Attributes:
        recall_of: The share of true neighbours that was found of the sample, by number of neighbours.
    """

    def __init__(self, unit_ND: Floats, seed: int, max_compared: int | None = None) -> None:
        self._unit_ND, self._seed = unit_ND, seed
        self._max_compared = MAX_COMPARED if max_compared is None else max_compared
        self._centre_LD = train_centres(unit_ND, 2 * math.isqrt(len(unit_ND)), seed)
        self._list_N = self._split_large(self._lists_of(unit_ND))
        self._row_N = np.argsort(self._list_N, kind="stable")
        self._sorted_ND = unit_ND[self._row_N]
        self._bounds = np.searchsorted(self._list_N[self._row_N], np.arange(len(self._centre_LD) + 1))
        far_LL = -self._centre_LD @ self._centre_LD.T
        np.fill_diagonal(far_LL, -np.inf)  # a list is nearest to itself, whatever others have the same centre
        self._near_LL = np.argsort(far_LL, axis=1, kind="stable").astype(np.int32)
        self._num_compared: dict[int, int] = {}
        self.recall_of: dict[int, float] = {}

    @property
    def num_lists(self) -> int:
        """How many lists there are."""
        return len(self._centre_LD)

    def search(self, query_QD: Floats, k: int) -> tuple[Floats, Indices]:
        """Find the k rows nearest to each query, by cosine.

        Returns (Q, k) cosines, falling, and row numbers; k is at most N.
        """
        if k not in self._num_compared:
            self._num_compared[k] = self._measure(k)
        list_Q = self._list_N if query_QD is self._unit_ND else self._lists_of(query_QD)
        return self._search(query_QD, list_Q, k, self._num_compared[k])

    def _search(self, query_QD: Floats, list_Q: Indices, k: int, num_compared: int) -> tuple[Floats, Indices]:
        cosine_QK = np.empty((len(query_QD), k), np.float32)
        row_QK = np.empty((len(query_QD), k), np.int64)
        for number, query_B in _members(list_Q):
            row_R, vector_RD = self._compared_with(number, max(k, num_compared))
            cosine_QK[query_B], place_BK = largest_products(query_QD[query_B], vector_RD, k)
            row_QK[query_B] = row_R[place_BK]
        return cosine_QK, row_QK

    def _compared_with(self, number: int, num_compared: int) -> tuple[Indices, Floats]:
        """The rows of the lists nearest to a list, as many as are to be compared, and their vectors."""
        near_L = self._near_LL[number]
        num_rows_L = np.cumsum(self._bounds[near_L + 1] - self._bounds[near_L])
        num_lists = int(np.searchsorted(num_rows_L, min(num_compared, len(self._row_N)))) + 1
        if num_lists >= len(near_L):
            return self._row_N, self._sorted_ND
        parts = [slice(self._bounds[each], self._bounds[each + 1]) for each in near_L[:num_lists].tolist()]
        return (
            np.concatenate([self._row_N[part] for part in parts]),
            np.concatenate([self._sorted_ND[part] for part in parts]),
        )

    def _lists_of(self, query_QD: Floats) -> Indices:
        return largest_products(query_QD, self._centre_LD, 1)[1][:, 0]

    def _split_large(self, list_N: Indices) -> Indices:
        """Split lists of many equal rows, each of which would be compared with all others.

        The parts get the same centre.
        """
        order_N = np.argsort(list_N, kind="stable")
        size_L = np.bincount(list_N, minlength=len(self._centre_LD))
        rank_N = np.empty(len(list_N), np.int64)
        rank_N[order_N] = np.arange(len(list_N)) - np.repeat(np.cumsum(size_L) - size_L, size_L)
        part_N = rank_N // MAX_LIST
        num_parts_L = np.maximum(1, -(-size_L // MAX_LIST)) - 1  # beyond the first
        first_L = len(self._centre_LD) + np.cumsum(num_parts_L) - num_parts_L
        self._centre_LD = np.concatenate([self._centre_LD, np.repeat(self._centre_LD, num_parts_L, axis=0)])
        return np.where(part_N > 0, first_L[list_N] + part_N - 1, list_N)

    def _measure(self, k: int) -> int:
        """How many rows to compare: doubled until the sample's true neighbours are found."""
        sample_S = subsample_indices(len(self._unit_ND), NUM_SAMPLED, self._seed)
        query_SD, list_S = self._unit_ND[sample_S], self._list_N[sample_S]
        lowest_S = largest_products(query_SD, self._unit_ND, k)[0][:, -1]
        num_compared = MIN_LISTS_COMPARED * len(self._unit_ND) // self.num_lists
        while True:
            cosine_SK = self._search(query_SD, list_S, k, num_compared)[0]
            # By cosines, not rows: of many that are equally near, any will do.
            self.recall_of[k] = float((cosine_SK >= lowest_S[:, None] - 1e-6).mean())
            if self.recall_of[k] >= RECALL + MARGIN or 2 * num_compared > self._max_compared:
                return num_compared
            num_compared *= 2


def largest_products(query_QD: Floats, vector_RD: Floats, k: int) -> tuple[Floats, Indices]:
    """Find the k vectors of the largest products.

    Args:
        query_QD: Queries.
        vector_RD: Vectors, each of which is compared with every query.
        k: R at most.

    Returns:
        (Q, k) inner products, falling, and row numbers.

    >>> largest_products(np.eye(2, dtype=np.float32), np.eye(2, dtype=np.float32), 1)[1].tolist()
    [[0], [1]]
    """
    import faiss

    product_QK, row_QK = faiss.knn(query_QD, vector_RD, k, metric=faiss.METRIC_INNER_PRODUCT)
    return product_QK, row_QK


def train_centres(unit_ND: Floats, num_lists: int, seed: int) -> Floats:
    """Find the centres of lists by k-means.

    Args:
        unit_ND: Rows of length one, or zero.
        num_lists: How many.
        seed: Of the rows that are used, and of the first centres.

    Returns:
        (L, D), of length one.
    """
    import faiss

    # Coarse centres do: how many rows are compared is measured afterwards.
    means = faiss.Kmeans(
        unit_ND.shape[1], num_lists, niter=LIST_STEPS, seed=seed, spherical=True,
        min_points_per_centroid=1, max_points_per_centroid=LIST_POINTS,
    )  # fmt: skip
    means.train(unit_ND)
    centres_LD: Floats = np.ascontiguousarray(means.centroids, np.float32)
    return centres_LD


def _members(list_Q: Indices) -> Iterator[tuple[int, Indices]]:
    """Each list that has queries, and these."""
    order_Q = np.argsort(list_Q, kind="stable")
    numbers, starts = np.unique(list_Q[order_Q], return_index=True)
    yield from zip(numbers.tolist(), np.split(order_Q, starts[1:]), strict=True)
