"""The column of a field says its name and kind, whatever signs people use."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unpool.errors import UsageError
from unpool.store.columns import COLUMNS
from unpool.store.fields.kinds import KINDS, Kind
from unpool.store.fields.names import Field, arrow_field, check_field_name, field_of_column
from unpool.store.table import ImageTable


@given(st.text(st.characters(codec="utf-8"), min_size=1, max_size=50), st.sampled_from(KINDS))
def test_every_name_comes_back_from_its_column(name: str, kind: Kind) -> None:
    field = Field(name, kind)
    assert name == "label" or field_of_column(field.column) == field
    assert not set(".`\"'") & set(field.column)


def test_the_label_is_a_field_and_other_columns_are_none() -> None:
    assert field_of_column("label") == Field("label", "choice")
    assert [
        field_of_column(name) for name in ("width", "vector", "field:", "field:size:a", "field:text:")
    ] == [None] * 5


def test_the_table_takes_columns_of_all_signs(tmp_path: Path) -> None:
    table = ImageTable.create(tmp_path / "a.unpool")
    table.upsert([{"path": "a.png"}, {"path": "b.png"}])
    fields = [
        Field("a.b", "number"),
        Field("`\"'", "tags"),
        Field("größe (kg)/日本", "text"),
        Field("~:%", "date"),
    ]
    values = [1.5, ["x", "y"], "z", 3.0]
    table.update(["b.png"], {field.column: [value] for field, value in zip(fields, values, strict=True)})
    rows = ImageTable(table.work).arrow(["path", *(field.column for field in fields)])
    assert rows.to_pylist()[1] == {"path": "b.png"} | dict(
        zip((field.column for field in fields), values, strict=True)
    )
    assert rows[fields[0].column].to_pylist() == [None, 1.5]
    assert [arrow_field(field).type for field in fields[:2]] == [pa.float64(), pa.list_(pa.string())]


@pytest.mark.parametrize("name", ["", "  ", "x" * 101, "two\nlines", "Width", "vector", "GROUP"])
def test_some_names_are_refused(name: str) -> None:
    with pytest.raises(UsageError, match=r"rename it|another name"):
        check_field_name(name)


def test_names_are_composed_and_without_blanks() -> None:
    assert check_field_name(" cafe\u0301 ") == "café"
    assert all(field_of_column(name) is None for name in COLUMNS if name != "label")
