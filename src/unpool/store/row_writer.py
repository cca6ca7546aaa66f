"""Rows of a running job, buffered and written together."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable
from pathlib import Path

from unpool.errors import UnpoolError
from unpool.store.columns import Row
from unpool.store.csv_files import write_problems
from unpool.store.sync import counts
from unpool.store.table import ImageTable

FLUSH_ROWS, FLUSH_SECONDS = 512, 3.0


class RowWriter:
    """Buffers rows and writes them every few seconds.

    A kill loses little.

    Args:
        table: Where they go.
        known: The paths that the table has; rows of others are appended, in a time that does not grow with it.
    """

    def __init__(self, table: ImageTable, known: Collection[str] | None = None) -> None:
        self._table, self._known = table, None if known is None else set(known)
        self._rows: list[Row] = []
        self._written = time.perf_counter()

    def add(self, rows: Iterable[Row]) -> None:
        """Add rows.

        They are written once there are many, or after a few seconds.
        """
        self._rows.extend(rows)
        if len(self._rows) >= FLUSH_ROWS or time.perf_counter() - self._written > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        """Write the rows that are buffered."""
        new: list[Row] = []
        others = self._rows
        if self._known is not None:
            new = [row for row in self._rows if row["path"] not in self._known]
            others = [row for row in self._rows if row["path"] in self._known]
            self._known.update(row["path"] for row in new)
        self._table.append(new)
        self._table.upsert(others)
        self._rows, self._written = [], time.perf_counter()


def check_not_empty(work: Path, table: ImageTable, location: str) -> None:
    """Check that any image can be used.

    Write problems.csv where none can.

    Args:
        work: The workspace.
        table: Its table.
        location: Where the images are, for the message.

    Raises:
        UnpoolError: No image can be used.
    """
    images, skipped = counts(table)
    if not images:
        write_problems(work, table)
        raise UnpoolError(
            f"no image in {location} can be used: {skipped} skipped, {work / 'problems.csv'} says why"
        )
