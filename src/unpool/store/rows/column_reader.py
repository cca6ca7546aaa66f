"""Read what has changed of a table.

A column whose files are the same ones has the same values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unpool.store.columns import OK
from unpool.store.lance_rows import open_dataset

if TYPE_CHECKING:
    import pyarrow as pa

Files = tuple[str, ...]


class ColumnReader:
    """The columns of one version of a table."""

    def __init__(self, work: Path) -> None:
        """Open the table of a workspace."""
        self._dataset = open_dataset(work)
        self.version = int(self._dataset.version)

    def files(self) -> dict[str, Files]:
        """Name the files that hold each column.

        With those of deleted rows.
        """
        column_of = dict(_field_numbers(self._dataset.lance_schema.fields()))
        found: dict[str, list[str]] = {name: [] for name in self._dataset.schema.names}
        for fragment in self._dataset.get_fragments():
            kept = fragment.metadata
            for file in kept.files:
                for name in {column_of[number] for number in file.fields if number in column_of}:
                    found[name].append(file.path)
            for names in found.values():
                names.append(f"{fragment.fragment_id}: {kept.deletion_file}")
        return {name: tuple(files) for name, files in found.items()}

    def read(self, columns: Sequence[str]) -> pa.Table:
        """Read columns of the usable images.

        In the table's own order; columns that it lacks are left out.
        """
        known = [name for name in columns if name in self._dataset.schema.names]
        return self._dataset.to_table(known, filter=f"status = '{OK}'")


def vector_files(work: Path) -> Files:
    """Name the files that hold the vectors of a workspace.

    Labels and other columns leave them as they are; vectors that come, go or change bring others.

    Args:
        work: The workspace.

    Returns:
        Empty where nothing is embedded.
    """
    return ColumnReader(work).files().get("vector", ())


def _field_numbers(fields: Sequence[Any], column: str | None = None) -> Iterator[tuple[int, str]]:
    """The number of each field, and the column that it is part of."""
    for field in fields:
        name = column or str(field.name())
        yield field.id(), name
        yield from _field_numbers(field.children(), name)
