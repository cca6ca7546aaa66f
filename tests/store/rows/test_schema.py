"""Rows become columns of the table's types."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from unpool.store.columns import COLUMNS
from unpool.store.rows.schema import plain, table_schema, to_arrow


def test_every_column_has_its_type_and_the_path_is_always_there() -> None:
    schema = table_schema()
    assert schema.names == list(COLUMNS)
    assert (schema.field("group").type, schema.field("x").type) == (pa.int32(), pa.float32())
    assert [field.name for field in schema if not field.nullable] == ["path"]


def test_rows_become_the_columns_that_any_of_them_names() -> None:
    found = to_arrow([{"path": "a", "group": 1}, {"path": "b", "unknown": 2}], table_schema())
    assert found.to_pylist() == [{"path": "a", "group": 1}, {"path": "b", "group": None}]
    assert found.schema.field("group").type == pa.int32()


def test_a_table_of_numbers_becomes_a_list_of_rows() -> None:
    values_N, vectors_ND = np.arange(2), np.eye(2)
    assert plain(values_N) is values_N
    assert [row.tolist() for row in plain(vectors_ND)] == [[1, 0], [0, 1]]
