"""What the page is looking at: one workspace, read into memory, and what is found in it.

Shapes: N images sorted by path; a row is an image's place among them; D numbers in a vector.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unpool.actions.curation.edit import last_edit
from unpool.actions.sharing.snapshot import Snapshot
from unpool.errors import UnpoolError
from unpool.options import PROBLEMS
from unpool.report.items import UNGROUPED
from unpool.store.columns import OK
from unpool.store.findings import found_problems, found_sets
from unpool.store.sync import problem_rows
from unpool.store.table import ImageTable, Thumbnails
from unpool.viewer.images import Pictures


class StaleError(UnpoolError):
    """The page speaks of rows that have changed their place since."""


class Session:
    """A workspace opened for the page. `revision` grows whenever rows come, go or change their place."""

    def __init__(self, work: Path, *, segmenter: Path | None = None) -> None:
        """Open a workspace; `UnpoolError` where there is none."""
        self._lock = threading.RLock()
        self._segmenter = segmenter
        self.revision = 0
        self.open(work)

    def open(self, work: Path) -> None:
        """Look at another workspace from now on."""
        snapshot = Snapshot(work)
        with self._lock:
            self.work, self._snapshot = work, snapshot
            self.pictures = Pictures(work, segmenter=self._segmenter)
            self.table = ImageTable(work)
            self._thumbnails = Thumbnails(work, snapshot.paths)
            self._problems: dict[str, NDArray[np.int64]] | None = None
            self._checked = False
            self.revision += 1

    def reload(self) -> None:
        """Read the table again where it has changed, and what was found in it."""
        with self._lock:
            self._problems = None
            table = ImageTable(self.work)
            if table.version == self._snapshot.version:
                return
            before, after = self._snapshot, Snapshot(self.work)
            self.table, self._snapshot = table, after
            if not before.paths.equals(after.paths):
                self.revision += 1
                self._thumbnails = Thumbnails(self.work, after.paths)
            if self.pictures.is_outdated():
                self.pictures = Pictures(self.work, segmenter=self._segmenter)

    def seen(self, revision: int) -> Snapshot:
        """The images as they are; `StaleError` where the page has another order of rows in mind."""
        with self._lock:
            if revision != self.revision:
                raise StaleError("the images have changed meanwhile; load the page again")
            return self._snapshot

    def rows(self, revision: int, rows: Sequence[int]) -> NDArray[np.int64]:
        """Rows that a request names, checked."""
        row_K = np.asarray(rows, np.int64)
        count = len(self.seen(revision))
        if len(row_K) and (row_K.min() < 0 or row_K.max() >= count):
            raise UnpoolError(f"there is no row {int(row_K.max())}: the collection has {count} images")
        return row_K

    def paths(self, revision: int, rows: Sequence[int]) -> list[str]:
        """The paths of rows that a request names."""
        return self.seen(revision).some_paths(self.rows(revision, rows))

    def thumbnails(self, revision: int, rows: Sequence[int]) -> list[bytes | None]:
        """The small pictures (WebP) of some rows."""
        row_K = self.rows(revision, rows)
        return self._thumbnails.take(row_K.tolist())

    def problems(self) -> dict[str, NDArray[np.int64]]:
        """The rows of each kind of problem, the worst first."""
        with self._lock:
            if self._problems is None:
                checked = found_problems(self.work)
                found, self._checked = checked or {}, checked is not None
                self._problems = {kind: self._snapshot.rows_of(found.get(kind, [])) for kind in PROBLEMS}
                seen = self._snapshot
                self._problems["wrong"] = np.flatnonzero(seen.wrong_N)
                self._problems["suggested"] = np.flatnonzero(seen.words["suggestion"][1] >= 0)
            return self._problems

    def collection(self) -> dict[str, Any]:
        """The `Collection` of web/src/data/types.ts."""
        with self._lock:
            seen, folder = self._snapshot, self.pictures.folder
            return seen.collection() | {
                "revision": self.revision, "work": str(self.work),
                "folder": None if folder is None else str(folder),
                "problems": {kind: len(rows) for kind, rows in self.problems().items()}
                | {"unreadable": seen.skipped},
                "checked": self._checked, "undo": last_edit(self.work),
                "has": {
                    "map": seen.is_mapped, "model": seen.has_model, "mirror": self.pictures.has_mirror,
                    "segmenter": self.pictures.has_segmenter,
                },
            }  # fmt: skip

    def facts(self, revision: int, rows: Sequence[int]) -> list[dict[str, Any]]:
        """The `RowFacts` of some rows."""
        seen, row_K = self.seen(revision), self.rows(revision, rows)
        wrong_of = self._words_of_problems(row_K)
        return [
            {
                "row": row, "path": path, "width": _whole(seen.numbers["width"][row]),
                "height": _whole(seen.numbers["height"][row]), "group": _group(int(seen.group_N[row])),
                "label": seen.word("label", row), "suggestion": seen.word("suggestion", row),
                "wrong": bool(seen.wrong_N[row]), "duplicate_of": _known(int(seen.original_N[row])),
                "problems": wrong_of.get(row, []), "modified": _number(seen.numbers["modified"][row]) or None,
            }
            | {name: _number(seen.numbers[name][row]) for name in (
                "probability", "suggestion_confidence", "outlier_score", "reconstruction_error",
                "sharpness", "brightness",
            )}
            for row, path in zip(row_K.tolist(), seen.some_paths(row_K), strict=True)
        ]  # fmt: skip

    def file_facts(self, path: str) -> dict[str, Any]:
        """Bytes and colour mode of an image's file, and the digest of its content."""
        quoted = path.replace("'", "''")
        row = self.table.arrow(["bytes", "mode", "id"], where=f"path = '{quoted}'").to_pylist()
        return row[0] if row else {"bytes": None, "mode": None, "id": None}

    def duplicates(self, revision: int) -> dict[str, list[list[int]]]:
        """Sets of rows with identical files, and with nearly the same picture; the one to keep comes first."""
        seen = self.seen(revision)
        return {
            name: [
                rows for paths in found_sets(self.work, kind) if len(rows := seen.rows_of(paths).tolist()) > 1
            ]
            for name, kind in (("exact", "duplicates"), ("near", "near_duplicates"))
        }

    def unreadable(self) -> list[dict[str, str]]:
        """What could not be used, and why."""
        rows = problem_rows(self.table)
        return [dict(zip(("path", "problem", "detail"), row, strict=True)) for row in rows]

    def nearest(self, vector_D: NDArray[Any], k: int) -> list[dict[str, Any]]:
        """The `Near` rows to a vector, nearest first."""
        import pyarrow as pa

        with self._lock:
            table, seen = self.table, self._snapshot
        paths, distances = table.nearest(np.asarray(vector_D, np.float32), k, where=f"status = '{OK}'")
        found = zip(seen.find(pa.array(paths, pa.string())).tolist(), distances, strict=True)
        # An image that came after the snapshot was taken has no row in it.
        return [{"row": row, "distance": round(float(distance), 6)} for row, distance in found if row >= 0]

    def near_row(self, revision: int, row: int, k: int) -> list[dict[str, Any]]:
        """The images nearest to one of the collection, itself left out; none where it has no vector."""
        (path,) = self.paths(revision, [row])
        _, vectors_ND = self.table.vectors_of([path])
        if not len(vectors_ND):
            return []
        return [near for near in self.nearest(vectors_ND[0], k + 1) if near["row"] != row][:k]

    def _words_of_problems(self, row_K: NDArray[np.int64]) -> dict[int, list[str]]:
        told: dict[int, list[str]] = {}
        for kind, text in PROBLEMS.items():
            for row in row_K[np.isin(row_K, self.problems()[kind])].tolist():
                told.setdefault(row, []).append(text)
        return told


def _number(value: Any) -> float | None:
    return None if value != value else float(value)


def _whole(value: Any) -> int:
    return 0 if value != value else int(value)


def _group(number: int) -> int | None:
    return None if number == UNGROUPED else number


def _known(row: int) -> int | None:
    return None if row < 0 else row
