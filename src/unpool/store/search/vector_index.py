"""The search index of the vectors, kept by Lance.

It belongs to a version of the table like all else there: what came since it was made is compared one by one and merged,
what was deleted is left out, and an undo brings the former index back. One of the files that know Lance.

Shapes: N vectors of length D in L lists, S sampled ones, K neighbours of each.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from unpool.analysis.inverted_lists import Floats, Indices, largest_products, train_centres
from unpool.analysis.neighbours import normalise
from unpool.core.rng import subsample_indices

if TYPE_CHECKING:
    import lance
    import pyarrow as pa

MIN_INDEXED = 50_000
"""Vectors from which an index pays, docs/decisions/0024-search-index.md."""

MAX_UNINDEXED = 0.1  # share of the vectors beyond which it is made anew
NUM_TRAINED, MIN_TRAINED = 64, 8  # vectors for each list
NUM_SAMPLED, NUM_NEIGHBOURS, RECALL = 128, 10, 0.98  # by which it is measured how many lists to search
ROWS_AT_ONCE = 16_384  # that are read
PREFIX = "nearest_"  # of its name, before the number of lists to search
VECTOR = "vector"


class VectorIndex(NamedTuple):
    """An index, how many lists a search reads, and rows."""

    name: str
    num_probes: int
    num_rows: int


def find_index(dataset: lance.LanceDataset) -> VectorIndex | None:
    """Find the search index of a version of the table."""
    for index in dataset.describe_indices():
        if index.name.startswith(PREFIX):
            num_probes = int(index.name.removeprefix(PREFIX))
            return VectorIndex(index.name, num_probes, index.num_rows_indexed)
    return None


def drop_index(dataset: lance.LanceDataset) -> None:
    """Remove the search index, where there is one."""
    if (found := find_index(dataset)) is not None:
        dataset.drop_index(found.name)


def needs_index(dataset: lance.LanceDataset) -> bool:
    """Whether an index pays, and is missing or old."""
    num = dataset.count_rows()
    if VECTOR not in dataset.schema.names or num < MIN_INDEXED:
        return False
    found = find_index(dataset)
    return found is None or num - found.num_rows > MAX_UNINDEXED * num


def make_index(dataset: lance.LanceDataset, *, seed: int = 0) -> str | None:
    """Make the search index, in place of a former one.

    Args:
        dataset: The newest version of the table.
        seed: Of the lists.

    Returns:
        What was made, in one line; None where too few images have a vector.
    """
    num = dataset.count_rows()
    num_lists = 2 * math.isqrt(num)
    vector_ND = sample_vectors(dataset, NUM_TRAINED * num_lists, seed)
    if len(vector_ND) < MIN_TRAINED * num_lists:  # most images have none
        return None
    centre_LD = train_centres(normalise(vector_ND), num_lists, seed)
    num_probes, recall = _measure(dataset, centre_LD, seed)
    drop_index(dataset)
    dataset.create_index(
        VECTOR, "IVF_FLAT", name=f"{PREFIX}{num_probes}", metric="cosine", num_partitions=num_lists,
        ivf_centroids=centre_LD,
    )  # fmt: skip
    return (
        f"search index of {num:,} images: {num_probes} of {num_lists:,} lists are read, which hold "
        f"{recall:.1%} of the {NUM_NEIGHBOURS} nearest on a sample"
    )


def nearest_by_index(
    dataset: lance.LanceDataset, index: VectorIndex, query_D: np.ndarray, k: int, where: str | None,
    columns: Sequence[str] = (), *, breadth: int = 1,
) -> pa.Table:  # fmt: skip
    """Find the rows nearest to a vector by the index.

    Rows that it does not hold are compared one by one.

    Args:
        dataset: The table.
        index: Its index.
        query_D: The vector, of any length above 0.
        k: How many rows at most.
        where: SQL condition on the rows; None for all.
        columns: What is read of the rows beside their paths.
        breadth: How many times as many lists are read as for the vector of an image.

    Returns:
        The rows, nearest first; `_distance` is the cosine distance, from 0 to 2.
    """
    import pyarrow as pa

    # More than those it was measured for lie in more lists.
    num_probes = math.ceil(index.num_probes * breadth * max(1.0, math.sqrt(k / NUM_NEIGHBOURS)))
    nearest = {
        "column": VECTOR, "q": query_D, "k": k, "metric": "cosine", "minimum_nprobes": num_probes,
    }  # fmt: skip
    rows = dataset.to_table(
        columns=["path", *columns, "_distance"], nearest=nearest, filter=where, prefilter=True
    )
    distance_K = rows["_distance"].to_numpy()
    known_K = np.flatnonzero(np.isfinite(distance_K))  # a vector of length zero is never near
    clipped = pa.array(np.clip(distance_K[known_K], 0, 2), pa.float32())
    return rows.take(pa.array(known_K)).drop_columns(["_distance"]).append_column("_distance", clipped)


def sample_vectors(dataset: lance.LanceDataset, at_most: int, seed: int) -> Floats:
    """Read vectors (n, D) of random images.

    Args:
        dataset: The table.
        at_most: How many images are drawn; those without a vector are left out.
        seed: Of the draw.
    """
    offset_S = subsample_indices(dataset.count_rows(), at_most, seed)
    parts = [
        _as_table(dataset.take(offset_S[start : start + ROWS_AT_ONCE], columns=[VECTOR])[VECTOR])
        for start in range(0, len(offset_S), ROWS_AT_ONCE)
    ]
    return np.concatenate(parts)


def _all_vectors(dataset: lance.LanceDataset) -> Iterator[Floats]:
    """All vectors, scaled to length one, in parts."""
    for batch in dataset.to_batches(columns=[VECTOR], batch_size=ROWS_AT_ONCE, batch_readahead=2):
        vector_ND = _as_table(batch.column(0))
        if len(vector_ND):
            yield normalise(vector_ND)


def _as_table(column: object) -> Floats:
    """A column of vectors as (N, D), without empty ones."""
    import pyarrow as pa

    assert isinstance(column, pa.Array | pa.ChunkedArray)
    known = column.drop_null()
    known = known.combine_chunks() if isinstance(known, pa.ChunkedArray) else known
    vectors_ND: Floats = known.flatten().to_numpy(zero_copy_only=False).reshape(-1, column.type.list_size)
    return vectors_ND


def _measure(dataset: lance.LanceDataset, centre_LD: Floats, seed: int) -> tuple[int, float]:
    """How many lists a search must read to find the neighbours of sampled vectors, and their share that it finds."""
    query_SD = normalise(sample_vectors(dataset, NUM_SAMPLED, seed + 1))
    near_SKD = _nearest_vectors(dataset, query_SD)
    order_SL = np.argsort(-query_SD @ centre_LD.T, axis=1)
    rank_SL = np.argsort(order_SL, axis=1)
    list_SK = largest_products(near_SKD.reshape(-1, near_SKD.shape[2]), centre_LD, 1)[1].reshape(
        len(query_SD), -1
    )
    rank_P = np.sort(np.take_along_axis(rank_SL, list_SK, axis=1).ravel())
    num_probes = int(rank_P[math.ceil(RECALL * len(rank_P)) - 1]) + 1
    return num_probes, float((rank_P < num_probes).mean())


def _nearest_vectors(dataset: lance.LanceDataset, query_SD: Floats) -> Floats:
    """The vectors (S, K, D) nearest to some, found by comparing all."""
    best_SK = np.full((len(query_SD), 0), 0, np.float32)
    near_SKD = np.zeros((len(query_SD), 0, query_SD.shape[1]), np.float32)
    for vector_ND in _all_vectors(dataset):
        cosine_SK, row_SK = largest_products(query_SD, vector_ND, min(NUM_NEIGHBOURS, len(vector_ND)))
        cosine_SM = np.concatenate([best_SK, cosine_SK], axis=1)
        order_SK: Indices = np.argsort(-cosine_SM, axis=1, kind="stable")[:, :NUM_NEIGHBOURS]
        best_SK = np.take_along_axis(cosine_SM, order_SK, axis=1)
        both_SMD = np.concatenate([near_SKD, vector_ND[row_SK]], axis=1)
        near_SKD = np.take_along_axis(both_SMD, order_SK[:, :, None], axis=1)
    return near_SKD
