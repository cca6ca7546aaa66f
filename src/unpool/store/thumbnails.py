"""Thumbnails of a workspace, read by place.

R rows.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unpool.store.columns import OK
from unpool.store.lance_rows import find_rows, take_thumbnails
from unpool.store.table import ImageTable

if TYPE_CHECKING:
    import pyarrow as pa


class Thumbnails:
    """Thumbnails by row, fast for a few of many.

    Positions in one version of the table are cached.

    Once a compaction has removed the files of that version, the newest is opened. Safe to use from several threads.
    """

    def __init__(self, work: Path, paths: Sequence[str] | pa.Array | None = None) -> None:
        """Open the table of a workspace.

        Args:
            work: The workspace.
            paths: A row is the place of an image in these; None for the usable images sorted by path.

        Raises:
            UnpoolError: There is no workspace.
        """
        self._table = ImageTable(work)
        if paths is None:
            paths = self._table.arrow(["path"], where=f"status = '{OK}'")["path"]
        self._paths = paths
        self._lock = threading.Lock()
        self._pin()

    def take(self, rows: Sequence[int] | np.ndarray) -> list[bytes | None]:
        """Read the thumbnails (WebP) of some rows.

        None where there is none.
        """
        row_R = np.asarray(rows, np.int64)
        with self._lock:
            pinned = self._pinned
        try:
            return take_thumbnails(*pinned, row_R)
        except (OSError, ValueError):
            with self._lock:
                if self._pinned is pinned:
                    self._pin()
                pinned = self._pinned
            return take_thumbnails(*pinned, row_R)

    def position(self, row: int) -> int:
        """Return the place of a row in the table.

        It is its place in the table's own order, of the version that is cached; -1 where it was missing.
        """
        with self._lock:
            return int(self._pinned[1][row])

    def _pin(self) -> None:
        dataset = self._table.newest()
        self._pinned = (dataset, find_rows(dataset, self._paths))
