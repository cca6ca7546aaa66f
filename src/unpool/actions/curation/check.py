"""`unpool check`: what is wrong with the images of a workspace, and which of them are there twice.

Shapes: N usable images sorted by path, M of them embedded, K neighbours.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unpool import __version__
from unpool.actions.curation.reconstruction_error import note_reconstruction_errors
from unpool.analysis.checks.sketches import Sketches
from unpool.analysis.checks.thresholds import Flagged, first_duplicate
from unpool.core.atomic_files import write_json
from unpool.core.progress import Progress
from unpool.options import PROBLEMS
from unpool.options import check as check_options
from unpool.report.drawing import open_thumbnail
from unpool.store.columns import OK, SKIPPED
from unpool.store.csv_files import write_problems
from unpool.store.findings import FILE, FORMAT, SETS, found_problems, found_sets
from unpool.store.state import REPORT, read_state
from unpool.store.table import ImageTable, Thumbnails, embedded_vectors

__all__ = ["check", "found_problems", "found_sets"]

CHUNK = 1024  # thumbnails in memory at a time
NEIGHBOURS, FARTHEST = 10, 15  # whose mean distance is the score; whose distance makes an outlier
FACTS = ("path", "id", "width", "height", "sharpness", "reconstruction_error")
Entry = dict[str, Any]


def check(
    work: Path, *, seed: int = 0, device: str = "auto", progress: Progress | None = None
) -> dict[str, Any]:
    """Look for unreadable files, copies, near copies, outliers, blurred, dark and bright images; none is removed.

    Writes the columns `duplicate_of`, `outlier_score` and, where the model has a decoder, `reconstruction_error`;
    report/check.json, report/near_duplicates.json and problems.csv. Returns the JSON object of `unpool check`.
    Raises `UnpoolError` where nothing is embedded yet.
    """
    check_options(seed=seed, device=device)
    began, progress = time.perf_counter(), progress or Progress()
    table = ImageTable(work)
    note_reconstruction_errors(work, table, device, progress)
    found = _Findings(table, seed)
    found.look(progress)
    found.write()
    write_problems(work, table)
    return {
        "images": len(found.paths), "unreadable": table.count(SKIPPED),
        **{kind: len(found.entries[kind]) for kind in PROBLEMS},
        "seconds": round(time.perf_counter() - began, 3),
    }  # fmt: skip


class _Findings:
    """The usable images of a table, and what is wrong with them: entries by kind, the limits they went beyond."""

    def __init__(self, table: ImageTable, seed: int) -> None:
        self.table, self.seed = table, seed
        self.rows = table.arrow(FACTS, where=f"status = '{OK}'")
        self.paths: list[str] = self.rows["path"].to_pylist()
        self.ids: list[str] = [name or "" for name in self.rows["id"].to_pylist()]
        self.first_N = first_duplicate([name or None for name in self.ids])
        self.entries: dict[str, list[Entry]] = {kind: [] for kind in PROBLEMS}
        self.limits: dict[str, dict[str, float | None]] = {}

    def look(self, progress: Progress) -> None:
        """Look at every thumbnail, then for everything that is told."""
        from unpool.analysis.checks import thresholds as problems

        with progress.stage("neighbours"):
            near_NK = self._neighbours()  # before there are sketches: the vectors take most of the memory
        sketches = self._sketched(progress)
        with progress.stage("comparing", 100, "%") as stage:
            self._copies()
            self._near_copies(sketches, near_NK, lambda share: stage.reach(100 * share, 100))
        error_N = self._column("reconstruction_error")
        contrast_N = sketches.contrast_N
        self._flag("outliers", problems.outliers(self.far_N, error_N, contrast_N))
        sharpness_N = self._column("sharpness")
        self._flag("blurred", problems.blurred(sketches.blur_N, sharpness_N, contrast_N))
        self._flag("dark", problems.dark(sketches.high_N))
        self._flag("bright", problems.bright(sketches.low_N))

    def write(self) -> None:
        """The columns of the table, and what report/ holds of it."""
        kept = [None if first < 0 else self.paths[first] for first in self.first_N]
        told = {
            "format": FORMAT, "unpool": __version__, "images": len(self.paths), "seed": self.seed,
            "model": read_state(self.table.work).get("embedded_by"), "limits": self.limits,
            "problems": self.entries,
        }  # fmt: skip
        write_json(self.table.work / REPORT / FILE, told)
        # The table last: whoever sees it changed must find the findings.
        self.table.update(self.paths, {"duplicate_of": kept, "outlier_score": self.alone_N})
        write_json(self.table.work / REPORT / SETS, found_sets(self.table.work, "near_duplicates"))

    def _sketched(self, progress: Progress) -> Sketches:
        """All thumbnails as sketches; a few at a time are in memory."""
        thumbnails, parts, count = Thumbnails(self.table.work, self.paths), [], len(self.paths)
        with progress.stage("looking", count, "images") as stage:
            for start in range(0, count, CHUNK):
                contents = thumbnails.take(range(start, min(start + CHUNK, count)))
                parts.append(Sketches.from_images(map(open_thumbnail, contents)))
                stage.advance(len(contents))
        return Sketches.concatenate(parts)

    def _neighbours(self) -> NDArray[np.int64]:
        """Who is near each image in the embedding (N, K), -1 for none; how alone it is goes to `alone_N`."""
        from unpool.analysis.neighbours import self_neighbours

        paths, vectors_MD = embedded_vectors(self.table)
        place = {path: row for row, path in enumerate(self.paths)}
        row_M = np.array([place[path] for path in paths])
        distances_MK, nearest_MK = self_neighbours(vectors_MD, FARTHEST, seed=self.seed)
        near_NK = np.full((len(self.paths), nearest_MK.shape[1]), -1, np.int64)
        near_NK[row_M] = row_M[nearest_MK]
        self.alone_N, self.far_N = (np.full(len(self.paths), np.nan, np.float32) for _ in range(2))
        self.alone_N[row_M] = distances_MK[:, :NEIGHBOURS].mean(axis=1) if distances_MK.shape[1] else 0
        self.far_N[row_M] = distances_MK[:, -1] if distances_MK.shape[1] else 0
        return near_NK

    def _copies(self) -> None:
        order = sorted(np.flatnonzero(self.first_N >= 0).tolist(), key=lambda row: (self.first_N[row], row))
        self.entries["duplicates"] = [self._entry(row) | self._of(int(self.first_N[row])) for row in order]

    def _near_copies(
        self, sketches: Sketches, near_NK: NDArray[np.int64], progress: Callable[[float], None]
    ) -> None:
        """Among the images that are no copies of a file; the one with most pixels is kept, then the sharpest."""
        from unpool.analysis.checks.near_duplicates import near_duplicates

        one_U = np.flatnonzero((self.first_N < 0) & np.isfinite(sketches.high_N))
        place_N = np.full(len(self.paths) + 1, -1)  # the last is for no neighbour
        place_N[one_U] = np.arange(len(one_U))
        found = near_duplicates(
            sketches if len(one_U) == len(sketches) else sketches.some(one_U),
            place_N[near_NK[one_U]],
            self._worths()[one_U],
            seed=self.seed,
            progress=progress,
        )
        for kept, *others in found.sets:
            for row in others:
                told = {"agreement": round(float(found.agreement_N[row]), 4)}
                self.entries["near_duplicates"].append(self._entry(one_U[row]) | self._of(one_U[kept]) | told)

    def _worths(self) -> NDArray[np.int64]:
        """Rank of each image as the one to keep: by pixels, then sharpness, then the earlier path."""
        pixels_N = self._column("width") * self._column("height")
        order_N = np.lexsort((-np.arange(len(pixels_N)), self._column("sharpness"), pixels_N))
        return np.argsort(order_N)

    def _column(self, name: str) -> NDArray[np.float64]:
        return np.asarray(self.rows[name].cast("double").to_numpy(zero_copy_only=False))

    def _flag(self, kind: str, flagged: Flagged) -> None:
        self.limits[kind] = {name: _short(value) for name, value in flagged.limits.items()}
        self.entries[kind] = [
            self._entry(row) | {"detail": told} for row, told in zip(flagged.rows, flagged.told, strict=True)
        ]

    def _entry(self, row: int) -> Entry:
        return {"path": self.paths[row], "id": self.ids[row]}

    def _of(self, row: int) -> Entry:
        return {"of": self.paths[row], "of_id": self.ids[row]}


def _short(value: float) -> float | None:
    return round(value, 5) if math.isfinite(value) else None
