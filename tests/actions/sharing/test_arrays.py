"""Columns as arrays, whatever is missing."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from unpool.actions.sharing.arrays import factorise, read_column, select_paths

ROWS = pa.table({
    "path": ["a", "b", "c"],
    "group": pa.array([2, None, 0], pa.int32()),
    "width": pa.array([4, 5, None], pa.int32()),
    "label": pa.array(["owl", None, "ant"], pa.string()),
    "none": pa.array([None, None, None], pa.string()),
})  # fmt: skip


def test_numbers_have_a_value_where_there_is_none() -> None:
    assert read_column(ROWS, "group", np.int32, -2).tolist() == [2, -2, 0]
    width_N = read_column(ROWS, "width", np.float64, np.nan)
    assert width_N[:2].tolist() == [4, 5]
    assert np.isnan(width_N[2])
    assert read_column(ROWS, "wrong", np.bool_, False).tolist() == [False] * 3


def test_names_are_sorted_and_found() -> None:
    names, code_N = factorise(ROWS, "label")
    assert (names, code_N.tolist()) == (["ant", "owl"], [1, -1, 0])
    for column in ("none", "unknown"):
        names, code_N = factorise(ROWS, column)
        assert (names, code_N.tolist()) == ([], [-1, -1, -1])


def test_rows_are_selected_in_their_own_order() -> None:
    assert select_paths(ROWS, ["c", "a", "x"])["path"].to_pylist() == ["a", "c"]
