"""The fields of a collection that is shown, in memory.

N images sorted by path; a row is an image's place among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from unpool.actions.fields.facets import FieldFacet, FieldValues, NamedValues, read_values_of
from unpool.actions.sharing.collection import Counted
from unpool.store.columns import OK
from unpool.store.fields.kinds import Kind
from unpool.store.fields.selections import SELECTIONS
from unpool.store.fields.values import stored_fields
from unpool.store.table import ImageTable

if TYPE_CHECKING:
    import pyarrow as pa

# Columns of the table that are shown as fields are: what cameras say of photographs.
CAPTURE_FIELDS: Mapping[str, Kind] = {"taken": "date", "camera": "choice"}


class ShownFields:
    """What the table holds of each field.

    Columns that have not changed since are taken from former ones, so that another label costs nothing here.

    Args:
        work: The workspace.
        paths: The images that are shown, an Arrow array of N paths, sorted.
        former: Of the same workspace.
    """

    def __init__(self, work: Path, paths: pa.Array, former: ShownFields | None = None) -> None:
        table = ImageTable(work)
        kinds = {name: (name, kind) for name, kind in CAPTURE_FIELDS.items() if name in table.stored_columns}
        kinds |= {field.column: (field.name, field.kind) for field in stored_fields(table)}
        stamps = table.stamp_columns([*kinds, "status"])
        self.paths, self.stamps = paths, stamps
        self._columns = {} if former is None else former.unchanged(paths, stamps)
        if missing := [column for column in kinds if column not in self._columns]:
            rows = _read_rows(table, paths, missing)
            self._columns |= {column: read_values_of(rows, column, kinds[column][1]) for column in missing}
        # Of a field whose kind was changed, one column alone has values.
        self.values = {
            name: values
            for column, (name, _) in kinds.items()
            if (values := self._columns[column]).is_known().any()
        }

    def unchanged(self, paths: pa.Array, stamps: Mapping[str, tuple[str, ...]]) -> dict[str, FieldValues]:
        """The values of columns that are as they were.

        Args:
            paths: The images that are shown now.
            stamps: Of the columns as they are now.

        Returns:
            Values by column, none where other images are shown.
        """
        if not paths.equals(self.paths) or stamps["status"] != self.stamps["status"]:
            return {}
        return {
            name: values for name, values in self._columns.items() if stamps.get(name) == self.stamps[name]
        }

    def facets(self) -> list[FieldFacet]:
        """Count the values of each field."""
        return [values.describe(name) for name, values in self.values.items() if name != SELECTIONS]

    def describe_row(self, row: int) -> list[tuple[str, str]]:
        """Write what people said of an image, by field.

        Args:
            row: The image.

        Returns:
            Name and value; fields without one are left out.
        """
        written = [
            (name, values.text_of(row)) for name, values in self.values.items() if name not in CAPTURE_FIELDS
        ]
        return [(name, text) for name, text in written if text]

    def saved(self) -> list[Counted]:
        """Count the images of each saved selection, sorted by name."""
        values = self.values.get(SELECTIONS)
        if not isinstance(values, NamedValues):
            return []
        counts = {each["name"]: each["count"] for each in values.describe(SELECTIONS)["values"]}
        return [{"name": name, "count": counts[name]} for name in sorted(counts)]


def _read_rows(table: ImageTable, paths: pa.Array, columns: list[str]) -> pa.Table:
    """Read columns of these images; those that have come or gone since are left out, or empty."""
    import pyarrow.compute as pc

    rows = table.arrow(["path", *columns], where=f"status = '{OK}'").combine_chunks()
    present = rows["path"].combine_chunks()
    if present.equals(paths):
        return rows
    return rows.take(pc.index_in(paths, value_set=present))
