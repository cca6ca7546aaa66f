"""Columns of an Arrow table as arrays.

N rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

if TYPE_CHECKING:
    import pyarrow as pa


def select_paths(rows: pa.Table, paths: Sequence[str]) -> pa.Table:
    """The rows of some paths, in one piece."""
    import pyarrow as pa
    import pyarrow.compute as pc

    return rows.filter(pc.is_in(rows["path"], value_set=pa.array(list(paths), pa.string()))).combine_chunks()


def read_column(rows: pa.Table, name: str, kind: DTypeLike, missing: float) -> NDArray[Any]:
    """Read a column as numbers.

    Args:
        rows: The table.
        name: The column; one that the table lacks has no values.
        kind: The type of the result.
        missing: What stands where there is no value.

    Returns:
        (N,) numbers.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if name not in rows.schema.names:
        return np.full(rows.num_rows, missing, kind)
    column = pc.cast(rows[name], pa.float64()) if kind in (np.float32, np.float64) else rows[name]
    if column.null_count:
        column = pc.fill_null(column, missing)
    return np.asarray(column.to_numpy()).astype(kind)


def factorise(rows: pa.Table, name: str) -> tuple[list[str], NDArray[np.int32]]:
    """Read a column of names as codes.

    Returns:
        The distinct names, sorted, and the place of each row's name among them (N,), -1 for none.
    """
    import pyarrow.compute as pc

    if name not in rows.schema.names:
        return [], np.full(rows.num_rows, -1, np.int32)
    distinct = sorted(value for value in pc.unique(rows[name]).to_pylist() if value is not None)
    if not distinct:
        return [], np.full(rows.num_rows, -1, np.int32)
    import pyarrow as pa

    value_set = pa.array(distinct, pa.string())
    found = pc.fill_null(pc.index_in(rows[name], value_set=value_set, skip_nulls=True), -1)
    return distinct, np.asarray(found.to_numpy(), np.int32)
