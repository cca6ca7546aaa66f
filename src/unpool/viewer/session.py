"""The workspace that the page shows, read into memory.

Shapes: N images sorted by path; a row is an image's place among them; D numbers in a vector.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from unpool.actions.curation.stale_suggestions import are_uncalibrated
from unpool.actions.curation.undo import last_edit, last_undone
from unpool.actions.fields.shown_fields import ShownFields
from unpool.actions.grouping.drift import reason_to_rebuild
from unpool.actions.history.recording import recover
from unpool.actions.inspection.judging.verdicts import Inspection, Judged, describe_inspection, find_pending
from unpool.actions.sharing.snapshot import Snapshot
from unpool.actions.words.word_query import WordsState, describe_words
from unpool.analysis.checks.kinds import checked_kinds
from unpool.errors import UnpoolError
from unpool.report.items import UNGROUPED
from unpool.store.columns import measures, names
from unpool.store.findings import found_doubts, found_sets
from unpool.store.inspection.inspector import GOOD, NOT_GOOD, SCORE, VERDICT, read_inspector
from unpool.store.reading import count_reading, summarise_reading
from unpool.store.remote.mirror import name_of, with_addresses
from unpool.store.spaces.paths import space_of, spaces_of
from unpool.store.sync import problem_rows
from unpool.store.table import ImageTable
from unpool.store.thumbnails import Thumbnails
from unpool.viewer.images import Pictures
from unpool.viewer.messages.answers import Collection, Doubt, Near, Sets, Unreadable
from unpool.viewer.snapshot_reader import SnapshotReader

Value: TypeAlias = str | float | bool | list[str] | dict[str, float] | None
Rows = NDArray[np.int64]


class StaleError(UnpoolError):
    """The page names rows that have changed their place since."""


class Session:
    """A workspace opened for the page. `revision` grows whenever rows come, go or change their place."""

    def __init__(self, work: Path, *, segmenter: Path | None = None) -> None:
        """Open a workspace.

        Args:
            work: The workspace.
            segmenter: Model folder for overlays; WORK/segmenter where None.

        Raises:
            UnpoolError: There is no workspace.
        """
        self._lock = threading.RLock()
        self._segmenter = segmenter
        self.revision = 0
        self.open(work)

    def open(self, work: Path) -> None:
        """Show another workspace from now on."""
        _tidy_up(work)
        reader = SnapshotReader(work)
        snapshot = reader.read()
        with self._lock:
            self.work, self._snapshot, self._reader = work, snapshot, reader
            self.pictures = Pictures(work, segmenter=self._segmenter)
            self.table = ImageTable(work)
            self._thumbnails = Thumbnails(work, snapshot.paths)
            self._problems: dict[str, Rows] | None = None
            self._figures: dict[str, dict[int, float]] = {}
            self._checked = False
            self._fields: ShownFields | None = None
            self._fields_version = 0
            self._words = self._describe_words()
            self.revision += 1

    def reload(self) -> None:
        """Read table and findings again where they have changed."""
        _tidy_up(self.work)
        with self._lock:
            self._problems = None
            if self.pictures.is_outdated():
                self.pictures = Pictures(self.work, segmenter=self._segmenter)
            table = ImageTable(self.work)
            if table.version == self._snapshot.version:
                return
            before, after = self._snapshot, self._reader.read_again(self._snapshot)
            self.table, self._snapshot = table, after
            self._words = self._describe_words()
            if after.paths is not before.paths and not before.paths.equals(after.paths):
                self.revision += 1
                self._thumbnails = Thumbnails(self.work, after.paths)

    def snapshot(self, revision: int) -> Snapshot:
        """The images as they are.

        Raises `StaleError` where the page knows another order of rows.
        """
        with self._lock:
            if revision != self.revision:
                raise StaleError("the images have changed meanwhile; load the page again")
            return self._snapshot

    def rows(self, revision: int, rows: Sequence[int]) -> Rows:
        """Rows that a request names, checked."""
        row_K = np.asarray(rows, np.int64)
        count = len(self.snapshot(revision))
        if len(row_K) and (row_K.min() < 0 or row_K.max() >= count):
            raise UnpoolError(f"there is no row {int(row_K.max())}: the collection has {count} images")
        return row_K

    def paths(self, revision: int, rows: Sequence[int]) -> list[str]:
        """The paths of rows that a request names."""
        return self.snapshot(revision).some_paths(self.rows(revision, rows))

    def thumbnails(self, revision: int, rows: Sequence[int]) -> list[bytes | None]:
        """The small pictures (WebP) of some rows."""
        row_K = self.rows(revision, rows)
        return self._thumbnails.take(row_K.tolist())

    def problems(self) -> dict[str, Rows]:
        """The rows of each kind of problem, the worst first."""
        with self._lock:
            if self._problems is None:
                self._problems, self._checked = self._snapshot.find_problems()
                self._figures = self._snapshot.find_figures()
            return self._problems

    def collection(self) -> Collection:
        """Describe the workspace for the page."""
        with self._lock:
            seen, folder = self._snapshot, self.pictures.folder
            return {
                **seen.collection(),
                "revision": self.revision, "work": name_of(self.work),
                "folder": None if folder is None else str(folder),
                "problems": {kind: len(rows) for kind, rows in self.problems().items()}
                | {"unreadable": seen.skipped, "reading": count_reading(summarise_reading(self.work))},
                "checked": self._checked, "uncalibrated": are_uncalibrated(self.work), "undo": last_edit(self.work),
                "redo": last_undone(self.work), "rebuild": reason_to_rebuild(seen.drift),
                "has": {
                    "map": seen.is_mapped, "model": seen.has_model, "mirror": self.pictures.has_mirror,
                    "segmenter": self.pictures.has_segmenter,
                },
                "inspection": self._describe_inspection(),
                "words": self._words, "spaces": spaces_of(self.work), "space": space_of(self.work),
            }  # fmt: skip

    def facts(self, revision: int, rows: Sequence[int]) -> list[dict[str, Value]]:
        """The facts of some rows.

        Every column that the page reads, and the words for their problems.
        """
        seen, row_K = self.snapshot(revision), self.rows(revision, rows)
        words_of = self._problem_words(row_K)
        return [
            {
                "row": row, "path": path, "group": _group_or_none(int(seen.group_N[row])),
                "wrong": bool(seen.wrong_N[row]), "duplicate_of": _row_or_none(int(seen.original_N[row])),
                "problems": words_of.get(row, []),
                "figures": {kind: each[row] for kind, each in self._figures.items() if row in each},
                **{name: _number_or_none(seen.measures[name][row]) for name in measures()},
                **{name: seen.name_of(name, row) for name in names()},
                # Images of a named set have no date.
                "modified": _number_or_none(seen.measures["modified"][row]) or None,
            }
            for row, path in zip(row_K.tolist(), seen.some_paths(row_K), strict=True)
        ]  # fmt: skip

    def read_judged(self) -> Judged:
        """Scores of all images, and what people said of them."""
        seen = self._snapshot
        distinct, code_N = seen.names[VERDICT]
        called_good_N, called_bad_N = (
            code_N == (distinct.index(word) if word in distinct else len(distinct))
            for word in (GOOD, NOT_GOOD)
        )
        return Judged(seen.measures[SCORE], called_good_N, called_bad_N)

    def _describe_inspection(self) -> Inspection | None:
        found = read_inspector(self.work)
        if found is None:
            return None
        return describe_inspection(found, self.read_judged(), len(find_pending(self.work, found)))

    def file_facts(self, path: str) -> dict[str, Any]:
        """Bytes, colour mode and digest of an image's file."""
        rows: list[dict[str, Any]] = self.table.some([path], ["bytes", "mode", "id"]).to_pylist()
        return {name: rows[0][name] if rows else None for name in ("bytes", "mode", "id")}

    def fields(self, revision: int) -> ShownFields:
        """What the table holds of each field."""
        with self._lock:
            seen = self.snapshot(revision)
            if self._fields is None or self._fields_version != seen.version:
                self._fields = ShownFields(self.work, seen.paths, self._fields)
                self._fields_version = seen.version
            return self._fields

    def duplicates(self, revision: int) -> Sets:
        """Sets of exact, near and turned duplicates, and bursts.

        The one to keep comes first.
        """
        seen = self.snapshot(revision)

        def sets_of(kind: str) -> list[list[int]]:
            found = (seen.rows_of(paths).tolist() for paths in found_sets(self.work, kind))
            return [rows for rows in found if len(rows) > 1]

        return {
            "exact": sets_of("duplicates"),
            "near": sets_of("near_duplicates"),
            "turned": sets_of("turned"),
            "bursts": sets_of("bursts"),
        }

    def doubts(self, revision: int) -> list[Doubt]:
        """Labels that look wrong, the likeliest first."""
        seen = self.snapshot(revision)
        found = found_doubts(self.work)
        rows = seen.find_texts([entry["path"] for entry in found]).tolist()
        return [
            {
                "row": row,
                "label": entry["label"],
                "predicted": entry["predicted"],
                "probability": entry["probability"],
            }
            for row, entry in zip(rows, found, strict=True)
            if row >= 0
        ]

    def unreadable(self) -> list[Unreadable]:
        """Files that cannot be used, and why."""
        rows = problem_rows(self.table)
        return [{"path": path, "problem": problem, "detail": detail} for path, problem, detail in rows]

    def nearest(self, vector_D: NDArray[np.floating], k: int) -> list[Near]:
        """The `k` rows nearest to a vector (D,), nearest first."""
        with self._lock:
            table = self.table
        return self.near(*table.nearest(np.asarray(vector_D, np.float32), k))

    def near(self, paths: Sequence[str], distances: NDArray[np.floating]) -> list[Near]:
        """The rows of found paths."""
        import pyarrow as pa

        with self._lock:
            seen = self._snapshot
        found = zip(seen.find(pa.array(paths, pa.string())).tolist(), distances, strict=True)
        # An image that came after the snapshot was taken has no row in it.
        return [{"row": row, "distance": round(float(distance), 6)} for row, distance in found if row >= 0]

    def near_row(self, revision: int, row: int, k: int) -> list[Near]:
        """Find the images nearest to one of the collection.

        Args:
            revision: Of the collection.
            row: The image.
            k: How many images at most.

        Returns:
            The nearest first, without the image itself; none where it has no vector.
        """
        (path,) = self.paths(revision, [row])
        vector_D = self.table.vector_of(path, self._thumbnails.position(row))
        if vector_D is None:
            return []
        return [near for near in self.nearest(vector_D, k + 1) if near["row"] != row][:k]

    def _describe_words(self) -> WordsState:
        state = describe_words(self.work)
        return {"ready": state["ready"], "message": with_addresses(state["message"])}

    def _problem_words(self, row_K: Rows) -> dict[int, list[str]]:
        words: dict[int, list[str]] = {}
        for kind in checked_kinds():
            for row in row_K[np.isin(row_K, self.problems()[kind.name])].tolist():
                words.setdefault(row, []).append(kind.word)
        return words


def _number_or_none(value: float) -> float | None:
    return None if value != value else float(value)


def _tidy_up(work: Path) -> None:
    """End what killed commands have begun, if that can be done at once."""
    with contextlib.suppress(UnpoolError, OSError):  # a command is at work, or nothing can be written
        recover(work, patience=0)


def _group_or_none(number: int) -> int | None:
    return None if number == UNGROUPED else number


def _row_or_none(row: int) -> int | None:
    return None if row < 0 else row
