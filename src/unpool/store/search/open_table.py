"""A table that stays open between searches."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unpool.analysis.words.mixture import NUM_SAMPLED
from unpool.core.markers import WORKSPACE_TABLE
from unpool.store.search.sorted_paths import find_sorted
from unpool.store.spaces.paths import outer_workspace
from unpool.store.table import ImageTable

if TYPE_CHECKING:
    import pyarrow as pa

_lock = threading.Lock()
NUM_KEPT = 2  # a workspace, and the space of it that words search
_opened: dict[tuple[str, str, int, int], OpenTable] = {}  # the newest last


class OpenTable:
    """A table, and where its rows are.

    What is read of an index or of the paths serves the next search. `in` says whether there is a row of a path.

    Attributes:
        table: The table, at its newest version.
    """

    def __init__(self, work: Path) -> None:
        """Open the table of a workspace; `UnpoolError` where there is none."""
        self.table = ImageTable(work)
        self._version = self.table.version
        self._places: tuple[pa.Array, np.ndarray] | None = None
        self._sample_SD: np.ndarray | None = None

    def refresh(self) -> None:
        """Show what others have written since."""
        self.table.newest()
        if self.table.version != self._version:
            self._version, self._places, self._sample_SD = self.table.version, None, None

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and self._offset(path) is not None

    def vector_of(self, path: str) -> np.ndarray | None:
        """Read the vector (D,) of an image.

        None where it has none, or is not there.
        """
        offset = self._offset(path)
        return None if offset is None else self.table.vector_of(path, offset)

    def sample_vectors(self) -> np.ndarray:
        """Read vectors (S, D) of random images.

        They are the same until the table changes.
        """
        sample_SD = self._sample_SD
        if sample_SD is None:
            sample_SD = self._sample_SD = self.table.sample_vectors(NUM_SAMPLED)
        return sample_SD

    def _offset(self, path: str) -> int | None:
        import pyarrow as pa

        if self._places is None:
            self._places = self.table.sorted_paths()
        paths, offset_N = self._places
        try:
            value = pa.array([path], pa.string())
        except UnicodeEncodeError:  # of a name that is no Unicode: the table has it otherwise
            return None
        (place,) = find_sorted(paths, value).tolist()
        return None if place < 0 else int(offset_N[place])


def open_table(work: Path) -> OpenTable:
    """Open a table, or take one of those opened last.

    Raises `UnpoolError` where there is none.
    """
    folder = outer_workspace(work.absolute()) / WORKSPACE_TABLE
    try:
        entry = folder.stat()
    except OSError:
        return OpenTable(work)
    # As it was typed too: that is relative to a folder that may be another now. Another workspace may be where one was.
    key = (str(work), str(folder), entry.st_ino, entry.st_ctime_ns)
    with _lock:
        opened = _opened.pop(key, None) or OpenTable(work)
        _opened[key] = opened
        if len(_opened) > NUM_KEPT:
            del _opened[next(iter(_opened))]
    opened.refresh()
    return opened
