"""Read what an edit has changed of the images.

Shapes: N images sorted by path.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unpool.actions.sharing.arrays import factorise, read_column
from unpool.actions.sharing.snapshot import Snapshot
from unpool.store.lance_rows import Files
from unpool.store.rows.column_reader import ColumnReader

# Labels are given one after the other: of 100,000 images the whole table takes five times as long to read.
EDITED_NAMES = ("label", "suggestion", "verdict")
EDITED = frozenset({*EDITED_NAMES, "suggestion_confidence", "wrong"})
# What a snapshot has computed from other columns.
KEPT = frozenset({"folders", "members", "drift", "rank_N", "priority_N", "places_N2"})


class SnapshotReader:
    """Reads snapshots of one workspace.

    Args:
        work: The workspace.
    """

    def __init__(self, work: Path) -> None:
        self._work = work
        self._files: Mapping[str, Files] = {}
        self._order_N: NDArray[np.int64] | None = None

    def read(self) -> Snapshot:
        """Read all of it.

        Raises:
            UnpoolError: There is no workspace.
        """
        snapshot, self._order_N = Snapshot(self._work), None
        now = ColumnReader(self._work)
        self._files = now.files() if now.version == snapshot.version else {}
        return snapshot

    def read_again(self, before: Snapshot) -> Snapshot:
        """Read what has changed since.

        Arrays that are as before are shared with `before`.
        """
        now = ColumnReader(self._work)
        files = now.files()
        changed = {name for name in {*files, *self._files} if files.get(name) != self._files.get(name)}
        if not self._files or not changed <= EDITED & set(files):
            return self.read()
        if self._order_N is None:
            import pyarrow.compute as pc

            self._order_N = np.asarray(pc.sort_indices(now.read(["path"])["path"]).to_numpy(), np.int64)
        rows = now.read(sorted(changed)).take(self._order_N).combine_chunks()
        if rows.num_rows != len(before):
            return self.read()
        after, self._files = _copy(before), files
        after.version = now.version
        after.names = before.names | {name: factorise(rows, name) for name in EDITED_NAMES if name in changed}
        if "suggestion_confidence" in changed:
            confidence_N = read_column(rows, "suggestion_confidence", np.float64, np.nan)
            after.measures = before.measures | {"suggestion_confidence": confidence_N}
        if "wrong" in changed:
            after.wrong_N = read_column(rows, "wrong", np.bool_, False)
        return after


def _copy(snapshot: Snapshot) -> Snapshot:
    """The same images, without what was computed from columns that edits change."""
    after = copy.copy(snapshot)
    for name in set(vars(after)) - KEPT:
        if isinstance(getattr(Snapshot, name, None), cached_property):
            del after.__dict__[name]
    return after
