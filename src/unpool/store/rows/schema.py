"""Arrow types of the table's columns."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from unpool.store.columns import COLUMNS, Row

if TYPE_CHECKING:
    import pyarrow as pa


def table_schema() -> pa.Schema:
    """Return the schema of a table without vectors."""
    import pyarrow as pa

    types = {"string": pa.string(), "binary": pa.binary(), "bool": pa.bool_(), "double": pa.float64()}
    types |= {"float": pa.float32(), "int32": pa.int32(), "int64": pa.int64()}
    return pa.schema(
        [
            pa.field(column.name, types[column.type], nullable=column.name != "path")
            for column in COLUMNS.values()
        ]
    )


def nullable_integers() -> dict[pa.DataType, Any]:
    """Return pandas' types of integers, some missing."""
    import pyarrow as pa

    return {pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype()}


def to_arrow(rows: Sequence[Row], schema: pa.Schema) -> pa.Table:
    """Turn rows into a table of all columns named."""
    import pyarrow as pa

    names = [name for name in schema.names if any(name in row for row in rows)]
    return pa.table(
        {name: pa.array([row.get(name) for row in rows], schema.field(name).type) for name in names}
    )


def plain(values: Sequence[object] | np.ndarray) -> Sequence[object] | np.ndarray:
    """Return values as Arrow takes them.

    Arrays (N,) are unchanged, arrays (N, D) become a list of rows.
    """
    return list(values) if isinstance(values, np.ndarray) and values.ndim > 1 else values
