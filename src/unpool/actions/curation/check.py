"""`unpool check`: find problems and duplicates among the images.

Shapes: N usable images sorted by path, M of them embedded, K neighbours, U images that are no copy of another.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unpool import __version__
from unpool.actions.checks.inspected import choose_inspector, inspect_workspace
from unpool.actions.curation.label_checks import (
    ComparedLabels,
    choose_labels,
    compare_labels,
    find_leaks,
    find_splits,
)
from unpool.actions.curation.originals import Facts, Originals
from unpool.actions.curation.reconstruction_error import compute_reconstruction_errors
from unpool.actions.curation.settings import CheckSettings
from unpool.analysis.checks.kinds import checked_kinds, detect
from unpool.analysis.checks.sketches import Sketches
from unpool.analysis.checks.thresholds import Flagged, first_duplicate, soft_rows
from unpool.analysis.checks.turned_copies import Pose
from unpool.core.atomic_files import write_json
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress, Stage
from unpool.core.settings import check_settings
from unpool.images.pixel_cache import map_ordered
from unpool.report.drawing import open_thumbnail
from unpool.store.columns import OK, SKIPPED
from unpool.store.csv_files import write_problems
from unpool.store.findings import FILE, FORMAT, SETS, found_sets
from unpool.store.inspection.inspector import found_not_good
from unpool.store.lance_rows import release_memory
from unpool.store.lock import exclusive
from unpool.store.state import REPORT, read_state
from unpool.store.table import ImageTable, embedded_vectors
from unpool.store.thumbnails import Thumbnails

CHUNK = 128  # thumbnails that a thread reads at a time
MAX_MEASURED = 5000  # soft images whose originals are read, the softest first
NUM_SCORED = 10  # nearest images whose mean distance is the outlier score
NUM_NEIGHBOURS = 15  # the distance to the last of them decides on outliers
READ_COLUMNS = (
    "path", "id", "width", "height", "bytes", "mode", "reconstruction_error", "label", "wrong", "kept_label",
    "taken", "camera", "sharpness",
)  # fmt: skip
Entry = dict[str, Any]


@exclusive("unpool check", "results")
def check(
    work: Path,
    settings: CheckSettings = CheckSettings(),  # noqa: B008 - frozen
    *,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Find unreadable files, copies, outliers, poor images and wrong labels.

    No image is removed. Writes the columns `duplicate_of`, `outlier_score` and, where the model has a decoder,
    `reconstruction_error`; report/check.json, report/near_duplicates.json and problems.csv.

    Args:
        work: the workspace.
        settings: seed, device, and which labels are compared.
        progress: where stages go.

    Returns:
        The JSON object of `unpool check`.

    Raises:
        UnpoolError: nothing is embedded yet, or no image has one of the labels.
    """
    check_settings(settings)
    start, progress = time.perf_counter(), progress or Progress()
    table = ImageTable(work)
    inspector = choose_inspector(work, settings.model, settings.threshold, progress)
    compute_reconstruction_errors(work, table, settings.device, progress)
    findings = _Findings(table, settings)
    findings.search(progress)
    findings.write()
    if inspector is not None:
        inspect_workspace(work, inspector, progress, settings.threshold)
    findings.entries["not_good"] = found_not_good(work)
    write_problems(work, table)
    num_unsure, num_turned = (
        sum("unsure" in entry for entry in findings.entries[kind]) for kind in ("near_duplicates", "turned")
    )
    if num_unsure + num_turned:
        progress.message(
            f"{num_unsure + num_turned} copies were compared by thumbnails only: files gone, changed or too many"
        )
    return {
        "images": len(findings.paths), "unreadable": table.count(SKIPPED),
        **{kind.name: len(findings.entries[kind.name]) for kind in checked_kinds()},
        "near_duplicates_unsure": num_unsure, "labelled": findings.labels.labelled,
        "labels": findings.labels.source, "seconds": round(time.perf_counter() - start, 3),
    }  # fmt: skip


class _Findings:
    """What is wrong with the usable images: entries by kind, and the limits that they exceed."""

    def __init__(self, table: ImageTable, settings: CheckSettings) -> None:
        self.table, self.settings, self.seed = table, settings, settings.seed
        self.rows = table.arrow(READ_COLUMNS, where=f"status = '{OK}'")
        self.paths: list[str] = self.rows["path"].to_pylist()
        self.ids: list[str] = [name or "" for name in self.rows["id"].to_pylist()]
        self.first_N = first_duplicate([name or None for name in self.ids])
        self.thumbnails = Thumbnails(table.work, self.paths)
        self.originals = Originals(table.work, self._facts(), self.thumbnails)
        self.entries: dict[str, list[Entry]] = {kind.name: [] for kind in checked_kinds()}
        self.limits: dict[str, dict[str, float | None]] = {}
        self.labels = ComparedLabels()

    def search(self, progress: Progress) -> None:
        """Read every thumbnail, then find every kind of problem."""
        with progress.stage("finding neighbours"):
            near_NK = self._read_vectors(
                progress
            )  # before there are sketches: the vectors take most of the memory
        release_memory()
        sketches = self._sketches(progress)
        release_memory()  # of the thumbnails
        with progress.stage("comparing", 100, "%") as stage:
            self._find_copies()
            self._find_near_copies(sketches, near_NK, lambda share: stage.reach(90 * share, 100))
            self._find_turned_copies(sketches)
        self._find_bursts(near_NK)
        self._find_leaks()
        measurements: dict[str, NDArray[np.floating[Any]]] = {
            "distance_N": self.far_N, "error_N": self._column("reconstruction_error"),
            "width_N": self._edge_widths(sketches, progress), "contrast_N": sketches.contrast_N,
            "high_N": sketches.high_N, "low_N": sketches.low_N,
        }  # fmt: skip
        for kind in checked_kinds():
            if kind.detect:
                self._add_flagged(kind.name, detect(kind, measurements))

    def write(self) -> None:
        """Write the columns of the table and the files of report/."""
        first_paths = [None if first < 0 else self.paths[first] for first in self.first_N]
        record = {
            "format": FORMAT, "unpool": __version__, "images": len(self.paths), "seed": self.seed,
            "model": read_state(self.table.work).get("embedded_by"), "limits": self.limits,
            "problems": self.entries,
        }  # fmt: skip
        write_json(self.table.work / REPORT / FILE, record)
        # The table last: whoever sees it changed must find the findings.
        self.table.update(self.paths, {"duplicate_of": first_paths, "outlier_score": self.alone_N})
        write_json(self.table.work / REPORT / SETS, found_sets(self.table.work, "near_duplicates"))

    def _sketches(self, progress: Progress) -> Sketches:
        """Sketch all thumbnails, a few at a time in memory."""
        count = len(self.paths)
        with progress.stage("reading thumbnails", count, "images") as stage:
            # Threads decode; of the many small steps of a sketch they would only wait for each other.
            parts = map_ordered(self._read_part, range(0, count, CHUNK), usable_cores())
            return Sketches.concatenate((_sketch_part(part, stage) for part in parts), count)

    def _read_part(self, start: int) -> list[Image.Image | None]:
        contents = self.thumbnails.take(range(start, min(start + CHUNK, len(self.paths))))
        self.originals.note_thumbnails(start, contents)
        return [open_thumbnail(content) for content in contents]

    def _read_vectors(self, progress: Progress) -> NDArray[np.int64]:
        """Compare vectors, and labels by them; returns the rows near each image."""
        paths, vectors_MD = embedded_vectors(self.table)
        row_of = {path: row for row, path in enumerate(self.paths)}
        row_M = np.array([row_of[path] for path in paths])
        near_NC = self._neighbours(row_M, vectors_MD)
        self._find_mislabelled(row_M, vectors_MD, progress)
        return near_NC

    def _neighbours(self, row_M: NDArray[np.int64], vectors_MD: NDArray[np.float32]) -> NDArray[np.int64]:
        """Rows near each image in the embedding, -1 for none.

        They are (N, C), as many as are compared. Sets `alone_N`, the mean distance to the nearest ten, and `far_N`, the
        distance to the fifteenth.
        """
        from unpool.analysis.checks.near_duplicates import NUM_NEIGHBOURS as NUM_COMPARED
        from unpool.analysis.neighbours import self_neighbours

        distances_MK, nearest_MK = self_neighbours(vectors_MD, NUM_NEIGHBOURS, seed=self.seed)
        nearest_MC = nearest_MK[:, :NUM_COMPARED]
        near_NC = np.full((len(self.paths), nearest_MC.shape[1]), -1, np.int64)
        near_NC[row_M] = row_M[nearest_MC]
        self.alone_N, self.far_N = (np.full(len(self.paths), np.nan, np.float32) for _ in range(2))
        self.alone_N[row_M] = distances_MK[:, :NUM_SCORED].mean(axis=1) if distances_MK.shape[1] else 0
        self.far_N[row_M] = distances_MK[:, -1] if distances_MK.shape[1] else 0
        return near_NC

    def _find_mislabelled(
        self, row_M: NDArray[np.int64], vectors_MD: NDArray[np.float32], progress: Progress
    ) -> None:
        """Compare the labels of images that nobody marked as wrong; what somebody has kept is not listed."""
        given, wrong, kept = (self.rows[name].to_pylist() for name in ("label", "wrong", "kept_label"))
        labels = choose_labels(self.table.work, self.paths, given, self.settings.labels, progress)
        is_judged_M = np.array([not wrong[row] for row in row_M.tolist()], bool)
        self.labels = compare_labels(
            labels, row_M[is_judged_M], _take(vectors_MD, is_judged_M), seed=self.seed, progress=progress
        )
        self.limits["mislabelled"] = self.labels.limits
        self.entries["mislabelled"] = [
            self._entry(doubt.row)
            | {
                "figure": doubt.error, "detail": doubt.detail, "label": doubt.label, "predicted": doubt.predicted,
                "probability": doubt.probability, "is_given": given[doubt.row] is not None,
            }
            for doubt in self.labels.doubts
            if kept[doubt.row] != doubt.label
        ]  # fmt: skip

    def _find_leaks(self) -> None:
        """Find images of the validation or test folder in the train folder, by the copies that were found."""
        splits = find_splits(self.table, self.paths)
        if not any(splits):
            return
        row_of = {path: row for row, path in enumerate(self.paths)}
        words = {
            "duplicates": "the same file",
            "near_duplicates": "nearly the same",
            "turned": "turned or mirrored",
        }
        pairs = [
            (row_of[entry["of"]], row_of[entry["path"]], word)
            for kind, word in words.items()
            for entry in self.entries[kind]
        ]
        self.entries["leaked"] = [
            self._entry(leak.row)
            | self._of(leak.of)
            | {
                "detail": f"in {leak.splits[0]} and in {leak.splits[1]}: {leak.relation}, {self.paths[leak.of]}"
            }
            for leak in find_leaks(splits, pairs)
        ]

    def _find_copies(self) -> None:
        order = sorted(np.flatnonzero(self.first_N >= 0).tolist(), key=lambda row: (self.first_N[row], row))
        self.entries["duplicates"] = [self._entry(row) | self._of(int(self.first_N[row])) for row in order]

    def _find_near_copies(
        self, sketches: Sketches, near_NK: NDArray[np.int64], progress: Callable[[float], None]
    ) -> None:
        """Compare the images that are no exact copies; of a set the best is kept, by `_keep_priority`."""
        from unpool.analysis.checks.near_duplicates import near_duplicates

        one_U = np.flatnonzero((self.first_N < 0) & np.isfinite(sketches.high_N))
        position_N = np.full(len(self.paths) + 1, -1)  # the last is for no neighbour
        position_N[one_U] = np.arange(len(one_U))
        found = near_duplicates(
            sketches if len(one_U) == len(sketches) else sketches.take(one_U),
            position_N[near_NK[one_U]],
            self._keep_priority()[one_U],
            judge=_Among(self.originals, one_U),
            seed=self.seed,
            progress=progress,
        )
        for kept, *others in found.sets:
            for row in others:
                facts: Entry = {"agreement": round(float(found.agreement_N[row]), 4)}
                self._add_copy("near_duplicates", one_U[row], one_U[kept], facts)

    def _find_turned_copies(self, sketches: Sketches) -> None:
        """Compare the images that are no copies of others yet, mirrored and turned by quarters."""
        from unpool.analysis.checks.turned_copies import turned_copies

        near = {entry["path"] for entry in self.entries["near_duplicates"]}
        is_copy_N = (self.first_N >= 0) | np.array([path in near for path in self.paths], bool)
        one_U = np.flatnonzero(~is_copy_N)
        judge = _Among(self.originals, one_U)
        found = turned_copies(sketches.take(one_U), self._keep_priority()[one_U], judge, seed=self.seed)
        for kept, *others in found.sets:
            for row in others:
                self._add_copy("turned", one_U[row], one_U[kept], {"how": found.pose_of[row].words})

    def _find_bursts(self, near_NK: NDArray[np.int64]) -> None:
        """Stack what one camera took within seconds; exact copies are none of it."""
        from unpool.analysis.checks.bursts import find_bursts

        time_N = np.where(self.first_N < 0, self._column("taken"), np.nan)
        cameras = self.rows["camera"].to_pylist()
        places = [(PurePosixPath(path).parent, name) for path, name in zip(self.paths, cameras, strict=True)]
        number_of = {place: number for number, place in enumerate(dict.fromkeys(places))}
        place_N = np.array([number_of[place] for place in places], np.int64)
        for kept, *others in find_bursts(time_N, place_N, near_NK, self._column("sharpness")):
            self.entries["bursts"] += [self._entry(row) | self._of(kept) for row in others]

    def _add_copy(self, kind: str, row: int, kept: int, facts: Entry) -> None:
        if not self.originals.was_compared(kept, row):
            facts["unsure"] = True
        self.entries[kind].append(self._entry(row) | self._of(kept) | facts)

    def _keep_priority(self) -> NDArray[np.int64]:
        """Rank of each image as the one that others are compared with: by pixels, bytes, then the earlier path."""
        facts = self.originals.facts
        order_N = np.lexsort((-np.arange(len(self.paths)), facts.bytes, facts.pixels))
        return np.argsort(order_N)

    def _facts(self) -> Facts:
        modes = [mode or "" for mode in self.rows["mode"].to_pylist()]
        pixels_N, bytes_N = self._column("width") * self._column("height"), self._column("bytes")
        return Facts(self.paths, self.ids, modes, np.nan_to_num(pixels_N), np.nan_to_num(bytes_N))

    def _column(self, name: str) -> NDArray[np.float64]:
        return np.asarray(self.rows[name].cast("double").to_numpy(zero_copy_only=False))

    def _add_flagged(self, kind: str, flagged: Flagged) -> None:
        self.limits[kind] = {name: _round_finite(value) for name, value in flagged.limits.items()}
        self.entries[kind] = [
            self._entry(row) | {"figure": figure, "detail": reason}
            for row, figure, reason in zip(flagged.rows, flagged.figures, flagged.reasons, strict=True)
        ]

    def _edge_widths(self, sketches: Sketches, progress: Progress) -> NDArray[np.float64]:
        """Edge widths of the images whose thumbnails are soft, by their originals; NaN for all others."""
        width_N = np.full(len(self.paths), np.nan)
        rows = soft_rows(sketches.blur_N)
        with progress.stage("measuring sharpness", len(rows), "images") as stage:
            for row, width in zip(rows, self.originals.edge_widths(rows, MAX_MEASURED), strict=True):
                width_N[row] = width
                stage.advance(1)
        return width_N

    def _entry(self, row: int) -> Entry:
        return {"path": self.paths[row], "id": self.ids[row]}

    def _of(self, row: int) -> Entry:
        return {"of": self.paths[row], "of_id": self.ids[row]}


class _Among:
    """The judge of some of the images, which are numbered anew."""

    def __init__(self, originals: Originals, row_U: NDArray[np.int64]) -> None:
        self.originals, self.row_U = originals, row_U

    def verify(self, pair_P2: NDArray[np.int64], poses: Sequence[Pose] | None = None) -> NDArray[np.bool_]:
        """Return which pairs show the same everywhere, the second turned back."""
        return self.originals.verify(self.row_U[pair_P2], poses)

    def elect(self, rows: Sequence[int]) -> int:
        """Return the one to keep."""
        elected = self.originals.elect([int(self.row_U[row]) for row in rows])
        return int(np.searchsorted(self.row_U, elected))


def _take(vectors_MD: NDArray[np.float32], is_taken_M: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Some of the vectors; all of them uncopied."""
    return vectors_MD if is_taken_M.all() else vectors_MD[is_taken_M]


def _sketch_part(pictures: list[Image.Image | None], stage: Stage) -> Sketches:
    sketches = Sketches.from_images(pictures)
    stage.advance(len(pictures))
    return sketches


def _round_finite(value: float) -> float | None:
    return round(value, 5) if math.isfinite(value) else None
