"""Rows of a job under way: gathered, written together, and counted at the end."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path

from unpool.errors import UnpoolError
from unpool.store.columns import Row
from unpool.store.csv_files import write_problems
from unpool.store.sync import counts
from unpool.store.table import ImageTable

FLUSH_ROWS, FLUSH_SECONDS = 512, 3.0


class RowWriter:
    """Rows gathered and written together, often enough that a kill loses little."""

    def __init__(self, table: ImageTable) -> None:
        self._table = table
        self._rows: list[Row] = []
        self._written = time.perf_counter()

    def add(self, rows: Iterable[Row]) -> None:
        self._rows.extend(rows)
        if len(self._rows) >= FLUSH_ROWS or time.perf_counter() - self._written > FLUSH_SECONDS:
            self.flush()

    def flush(self) -> None:
        self._table.upsert(self._rows)
        self._rows, self._written = [], time.perf_counter()


def check_not_empty(work: Path, table: ImageTable, location: str) -> None:
    """`UnpoolError` where no image of the table can be used; problems.csv then says why."""
    images, skipped = counts(table)
    if not images:
        write_problems(work, table)
        raise UnpoolError(
            f"no image in {location} can be used: {skipped} skipped, {work / 'problems.csv'} says why"
        )
