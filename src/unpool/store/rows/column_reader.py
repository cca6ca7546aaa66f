"""Read what has changed of a table.

A column whose files are the same ones has the same values.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unpool.store.columns import OK
from unpool.store.lance_rows import Files, name_files, open_dataset

if TYPE_CHECKING:
    import pyarrow as pa


class ColumnReader:
    """The columns of one version of a table."""

    def __init__(self, work: Path) -> None:
        """Open the table of a workspace."""
        self._dataset = open_dataset(work)
        self.version = int(self._dataset.version)

    def files(self) -> dict[str, Files]:
        """Name the files that hold each column."""
        return name_files(self._dataset)

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
