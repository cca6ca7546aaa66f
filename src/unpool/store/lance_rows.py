"""What a Lance dataset is asked and told by row: with store/table.py the only file that knows Lance.

Shapes: P paths, R rows, M rows that fulfil a condition, K nearest of them, D numbers of a vector.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

AT_ONCE = 2048  # vectors in memory while the nearest are looked for


def nearest_rows(
    dataset: Any, query_D: np.ndarray, k: int, where: str | None
) -> tuple[list[str], np.ndarray]:
    """Paths and cosine distances of the `k` rows nearest to a vector, among those that fulfil `where`.

    Exact. Vectors are read some at a time: Lance's own flat search holds most of them at once.
    """
    offset_M = _matching(dataset, where)
    far_M = np.full(len(offset_M), np.nan, np.float32)
    for start in range(0, len(offset_M), AT_ONCE):
        part = slice(start, start + AT_ONCE)
        far_M[part] = _distances(dataset.take(offset_M[part], columns=["vector"])["vector"], query_D)
    known_M = np.flatnonzero(~np.isnan(far_M))
    best_K = known_M[np.argsort(far_M[known_M], kind="stable")[:k]]
    paths: list[str] = dataset.take(offset_M[best_K], columns=["path"])["path"].to_pylist()
    return paths, far_M[best_K]


def places(dataset: Any, paths: Sequence[str] | Any) -> np.ndarray:
    """The place of each path in the dataset's own order, -1 where it is not there."""
    import pyarrow as pa

    wanted = paths if isinstance(paths, pa.Array | pa.ChunkedArray) else pa.array(list(paths), pa.string())
    return _index_in(wanted, dataset.to_table(columns=["path"])["path"])


def _index_in(wanted: Any, here: Any) -> np.ndarray:
    """The place of each of `wanted` in `here`, -1 where it is not there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    here = here.combine_chunks() if isinstance(here, pa.ChunkedArray) else here
    found = pc.fill_null(pc.index_in(wanted, value_set=here), -1)
    return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)


def take_thumbnails(dataset: Any, place_N: np.ndarray, row_R: np.ndarray) -> list[bytes | None]:
    """The thumbnails of some rows, `place_N` saying where each row lies; None where there is none."""
    place_R = place_N[row_R]
    known = np.flatnonzero(place_R >= 0)
    found: list[bytes | None] = [None] * len(row_R)
    if len(known):
        column = dataset.take(place_R[known], columns=["thumbnail"])["thumbnail"]
        for position, content in zip(known.tolist(), column.to_pylist(), strict=True):
            found[position] = content
    return found


def _matching(dataset: Any, where: str | None) -> np.ndarray:
    """The places of the rows that fulfil a condition, in the dataset's own order."""
    if where is None:
        return np.arange(dataset.count_rows())
    here = dataset.to_table(columns=[], with_row_address=True)["_rowaddr"]
    chosen = dataset.to_table(columns=[], with_row_address=True, filter=where)["_rowaddr"]
    return _index_in(chosen, here)


def _distances(column: Any, query_D: np.ndarray) -> np.ndarray:
    """Cosine distances 0..2 of a column of vectors to one, NaN where there is none or it is zero."""
    column = column.combine_chunks()
    vector_ND = column.values.to_numpy(zero_copy_only=False)[column.offset * len(query_D) :]
    vector_ND = vector_ND[: len(column) * len(query_D)].reshape(-1, len(query_D))
    length_N = np.sqrt(np.einsum("nd,nd->n", vector_ND, vector_ND)) * np.linalg.norm(query_D)
    known_N = np.asarray(column.is_valid()) & (length_N > 0)
    cosine_N: np.ndarray = np.divide(
        vector_ND @ query_D, length_N, out=np.full(len(column), np.nan, np.float32), where=known_N
    )
    far_N: np.ndarray = np.clip(1 - cosine_N, 0, 2)
    return far_N


def rewrite(dataset: Any, paths: Sequence[str], columns: Any) -> None:
    """One commit in which some columns of the rows of these paths get other values."""
    import lance
    import pyarrow as pa

    here = dataset.to_table(columns=["path"], with_row_address=True)
    place_P = _index_in(pa.array(list(paths), pa.string()), here["path"])
    known = np.flatnonzero(place_P >= 0)
    if not len(known):
        return
    address_P = here["_rowaddr"].to_numpy()[place_P[known]]
    data = columns.take(pa.array(known)).append_column("_rowaddr", pa.array(address_P, pa.uint64()))
    fragment_P = address_P >> 32
    parts, fields = [], set()
    for number in np.unique(fragment_P).tolist():
        own = data.filter(pa.array(fragment_P == number))
        part, changed = dataset.get_fragment(number).update_columns(own, left_on="_rowaddr")
        parts.append(part)
        fields |= set(changed)
    change = lance.LanceOperation.Update(
        updated_fragments=parts, fields_modified=sorted(fields), update_mode="rewrite_columns"
    )
    lance.LanceDataset.commit(dataset, change, read_version=dataset.version)


def with_nulls(rows: Any, fields: Sequence[Any]) -> Any:
    """The rows with empty columns that an older version's table lacks."""
    import pyarrow as pa

    for field in fields:
        rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    return rows
