"""Columns of the table under the names that people know."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from unpool.store.fields.kinds import format_value
from unpool.store.fields.names import LABEL, PREFIX, Field, field_of_column
from unpool.store.fields.values import fields_of
from unpool.store.rows.schema import nullable_integers
from unpool.store.table import ImageTable

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

MICROSECONDS = 1_000_000  # of a second


def plain_names(table: ImageTable) -> dict[str, str]:
    """List all columns of a table, those of fields last.

    Returns:
        The column in the table, by the name that people know; fields without a value are left out.
    """
    own = [name for name in table.columns if not name.startswith(PREFIX)]
    fields = {field.name: field.column for field in fields_of(table) if field.name != LABEL}
    return dict(zip(own, own, strict=True)) | fields


def to_plain(rows: pa.Table, *, as_text: bool = False) -> pa.Table:
    """Rename columns of fields, and turn their dates into times.

    Args:
        rows: Of the table.
        as_text: Write tags and dates as a CSV file holds them.
    """
    for place, name in enumerate(rows.schema.names):
        field = field_of_column(name) if name.startswith(PREFIX) else None
        if field is not None:
            values = _to_texts(rows[name], field) if as_text else _to_times(rows[name], field)
            rows = rows.set_column(place, field.name, values)
    return rows


def plain_frame(
    table: ImageTable, names: Sequence[str] | None = None, *, as_text: bool = False
) -> pd.DataFrame:
    """Read columns by the names that people know.

    Args:
        table: The table.
        names: Of columns and fields, unknown ones are ignored; None for all.
        as_text: Write tags and dates of fields as a CSV file holds them.

    Returns:
        The rows, sorted by path.
    """
    known = plain_names(table)
    columns = [known[name] for name in (known if names is None else names) if name in known]
    rows = to_plain(table.arrow(columns), as_text=as_text)
    frame: pd.DataFrame = rows.to_pandas(types_mapper=nullable_integers().get, integer_object_nulls=False)
    return frame


def _to_times(column: pa.ChunkedArray, field: Field) -> pa.ChunkedArray:
    import pyarrow as pa
    import pyarrow.compute as pc

    if field.kind != "date":
        return column
    microseconds = pc.round(pc.multiply(column, MICROSECONDS))
    return pc.cast(pc.cast(microseconds, pa.int64()), pa.timestamp("us"))


def _to_texts(column: pa.ChunkedArray, field: Field) -> pa.ChunkedArray | pa.Array:
    import pyarrow as pa

    if field.kind not in ("date", "tags"):
        return column
    values = column.to_pylist()
    return pa.array(
        [None if value is None else format_value(value, field.kind) for value in values], pa.string()
    )
