"""Tables of fields: what a value is, and which column labels images."""

from __future__ import annotations

import pytest

from unpool.errors import UnpoolError
from unpool.images.labels.field_table import (
    FieldTable,
    LabelRow,
    Real,
    drop_index,
    read_cell,
    read_label_rows,
    read_value,
    unite_names,
)


def test_labels_are_one_column_of_the_table() -> None:
    table = FieldTable(
        ["a.png", "b.png", "c.png"],
        {"n": ["1", "2", "3"], "kind": ["x", ["y"], None]},
        [2, 3, 5],
        label="kind",
        layout="how",
        remarks=["why"],
        unit="entry",
    )
    labels = read_label_rows(table)
    assert labels.rows == [LabelRow(2, "a.png", "x"), LabelRow(3, "b.png", "y"), LabelRow(5, "c.png", "")]
    assert (labels.remarks, labels.unit) == (["how", "why"], "entry")


def test_several_labels_and_none_are_an_error() -> None:
    with pytest.raises(UnpoolError, match=r"a\.png has the 2 labels 'x', 'y', but must have one label"):
        read_label_rows(FieldTable(["a.png"], {"kind": [["x", "y"]]}, [1], label="kind"))
    with pytest.raises(UnpoolError, match="no column has labels"):
        read_label_rows(FieldTable(["a.png"], {"n": ["1"]}, [1], no_label="no column has labels"))


@pytest.mark.parametrize("value", [{"a": 1}, [{"a": 1}], [["a"]], [0.5], [Real("0.5"), "1"], b"x"])
def test_nested_values_and_vectors_are_no_fields(value: object) -> None:
    with pytest.raises(TypeError):
        read_value(value)


@pytest.mark.parametrize("text", ["[a]", "[1, 2]", '{"a": 1}', "[", '"[x]"', "[1].png", "[[[", '[{"a": 1}]'])
def test_a_cell_that_only_resembles_several_choices_is_text(text: str) -> None:
    assert read_cell(text) == text


def test_names_of_columns_are_different() -> None:
    assert unite_names(["a", "a", "b", "a"]) == ["a", "a (2)", "b", "a (3)"]


def test_numbers_of_rows_are_no_field() -> None:
    names = ["Unnamed: 0", "__index_level_0__", "index", "Unnamed"]
    table = FieldTable(["a.png"], {name: ["1"] for name in names}, [1])
    drop_index(table)
    assert list(table.columns) == ["index", "Unnamed"]
    assert table.left_out == ["Unnamed: 0", "__index_level_0__"]
