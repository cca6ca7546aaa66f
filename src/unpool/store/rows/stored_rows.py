"""Rows of a table, read.

Columns that the table of an older version lacks, and those of fields that no image has yet, are read as empty.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from unpool.store.fields.names import arrow_field, field_of_column
from unpool.store.lance_rows import Files, add_empty_columns, find_rows, name_files
from unpool.store.rows.schema import nullable_integers, table_schema

if TYPE_CHECKING:
    import lance
    import pyarrow as pa


class StoredRows:
    """The rows of a table, by columns and paths.

    Args:
        dataset: The table, which `newest` brings to its newest version.
    """

    def __init__(self, dataset: lance.LanceDataset) -> None:
        self._dataset = dataset

    @property
    def columns(self) -> list[str]:
        """The names of all columns."""
        return [*self.stored_columns, *self._missing_fields()]

    @property
    def stored_columns(self) -> list[str]:
        """The names of the columns that the table holds."""
        return list(self._dataset.schema.names)

    @property
    def version(self) -> int:
        """Grows with every change of the table."""
        return int(self._dataset.version)

    def __len__(self) -> int:
        return int(self._dataset.count_rows())

    def count(self, status: str) -> int:
        """Count the rows with a status."""
        return int(self._dataset.count_rows(f"status = '{status}'"))

    def has_rows(self, where: str) -> bool:
        """Whether an SQL condition holds of any row."""
        return bool(self._dataset.to_table(["path"], filter=where, limit=1).num_rows)

    def arrow(self, columns: Sequence[str] | None = None, *, where: str | None = None) -> pa.Table:
        """Read rows as an Arrow table, sorted by path.

        Args:
            columns: Names of columns, unknown ones are ignored; None for all.
            where: SQL condition on the columns; None for all rows.
        """
        empty = self._missing_fields(columns or ())
        names = [name for name in columns or self.columns if name in empty or name in self.stored_columns]
        stored = list(dict.fromkeys(["path", *(name for name in names if name not in empty)]))
        rows = self._dataset.to_table(stored, filter=where).sort_by("path")
        return add_empty_columns(rows, list(empty.values())).select(names)

    def count_values(self, columns: Sequence[str]) -> dict[str, int]:
        """Count the rows that have a value, by column."""
        rows = self._dataset.to_table(list(columns)) if columns else None
        return {} if rows is None else {name: rows.num_rows - rows[name].null_count for name in columns}

    def stamp_columns(self, columns: Sequence[str]) -> dict[str, Files]:
        """Name the files that hold each column.

        They are others once a value has changed; columns that the table lacks have none.
        """
        files = name_files(self._dataset)
        return {name: files.get(name, ()) for name in columns}

    def frame(self, columns: Sequence[str] | None = None, *, where: str | None = None) -> pd.DataFrame:
        """Read rows as a DataFrame, sorted by path.

        Integers stay integers where some are missing.

        Args:
            columns: Names of columns, unknown ones are ignored; None for all.
            where: SQL condition on the columns; None for all rows.
        """
        frame: pd.DataFrame = self.arrow(columns, where=where).to_pandas(
            types_mapper=nullable_integers().get, integer_object_nulls=False
        )
        return frame

    def sorted_paths(self) -> tuple[pa.Array, np.ndarray]:
        """Read all paths, sorted.

        Returns (N,) paths, and the place of each in the table's own order.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        paths = self._dataset.to_table(columns=["path"])["path"].combine_chunks()
        paths = pa.concat_arrays(paths.chunks) if isinstance(paths, pa.ChunkedArray) else paths
        order_N = pc.sort_indices(paths)
        return paths.take(order_N), np.asarray(order_N.to_numpy(), np.int64)

    def some(self, paths: Sequence[str], columns: Sequence[str]) -> pa.Table:
        """Read some rows in the order of `paths`.

        Unknown paths are ignored.

        Args:
            paths: Of the rows.
            columns: Names of columns; `path` comes first in any case.
        """
        dataset, empty = self._dataset, self._missing_fields(columns)
        place_P = find_rows(dataset, paths)
        there = [name for name in columns if name not in empty]
        rows = dataset.take(place_P[place_P >= 0], columns=["path", *there])
        return add_empty_columns(rows, [empty[name] for name in columns if name in empty])

    def newest(self) -> lance.LanceDataset:
        """The dataset with everything that others have committed."""
        self._dataset.checkout_latest()
        return self._dataset

    def _missing_fields(self, names: Sequence[str] = ()) -> dict[str, pa.Field]:
        """The columns that this version knows and the table lacks, and those of fields among `names`."""
        present = set(self.stored_columns)
        own = [arrow_field(each) for name in names if (each := field_of_column(name)) is not None]
        return {field.name: field for field in (*table_schema(), *own) if field.name not in present}
