"""The usable images of a workspace, as arrays.

What the page and a static share show.

Shapes: N images, sorted by path; a row is an image's place among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from unpool.actions.sharing.arrays import factorise, read_column, select_paths
from unpool.actions.sharing.collection import Counted, Group, LabelCount, SharedCollection
from unpool.actions.sharing.levels import NO_LEAF, describe_levels, read_levels
from unpool.actions.sharing.meta import page_meta
from unpool.analysis.checks.kinds import ProblemKind, annotated_kinds, checked_kinds
from unpool.analysis.joining import Drift, measure_drift
from unpool.analysis.words.naming import name_of_each_group
from unpool.report.items import UNGROUPED, group_name
from unpool.report.palette import MAX_COLOURS, distinct_colours, group_colours, ink_on
from unpool.store.columns import COLUMNS, OK, SKIPPED, measures, names
from unpool.store.findings import found_figures, found_problems
from unpool.store.inspection.inspector import KIND as NOT_GOOD
from unpool.store.inspection.inspector import SCORE, VERDICT, found_not_good
from unpool.store.search.sorted_paths import find_sorted
from unpool.store.state import MODEL, read_state
from unpool.store.table import ImageTable
from unpool.training.model_file import has_model

if TYPE_CHECKING:
    import pyarrow as pa

REPRESENTATIVES = 12  # of each group are shown before any other image
MAX_FOLDERS = 1000  # in the list of folders


class Snapshot:
    """What the table holds of every usable image, read once.

    Later changes are not seen.

    Attributes:
        work: The workspace.
        version: Of the table.
        paths: Arrow array of N paths, sorted.
        group_N: Number of the group, -1 for noise, UNGROUPED where there is none.
        leaf_N: Leaf of the tree of groups, -1 for none.
        x_N, y_N: Places on the map, NaN where there is none.
        joined_distance_N: Distance to its neighbours when an image joined the groups, NaN where it was there before.
        wrong_N: Whether the image is marked as wrong.
        original_N: The row that the image is a duplicate of, -1 where it is none.
        measures: Arrays (N,) of numbers by column, NaN where there is none.
        names: By column the distinct names, sorted, and the place of each image's name among them, -1 for none.
        skipped: Number of files that cannot be used.
        dimension: Length of a vector; None before anything was embedded.
    """

    def __init__(self, work: Path, paths: Sequence[str] | None = None) -> None:
        """Read the table of a workspace.

        Args:
            work: The workspace.
            paths: Some images only; None for all.

        Raises:
            UnpoolError: There is no workspace.
        """
        self.work = work
        table = ImageTable(work)
        self.version = table.version
        others = ["path", "group", "leaf", "x", "y", "joined_distance", "wrong", "duplicate_of"]
        rows = table.arrow([*others, *measures(), *names()], where=f"status = '{OK}'").combine_chunks()
        if paths is not None:
            rows = select_paths(rows, paths)
        self.paths = rows["path"].combine_chunks() if rows["path"].num_chunks != 1 else rows["path"].chunk(0)
        self.group_N = read_column(rows, "group", np.int32, UNGROUPED)
        self.leaf_N = read_column(rows, "leaf", np.int32, NO_LEAF)
        self.x_N, self.y_N = (read_column(rows, name, np.float32, np.nan) for name in ("x", "y"))
        self.joined_distance_N = read_column(rows, "joined_distance", np.float64, np.nan)
        self.wrong_N = read_column(rows, "wrong", np.bool_, False)
        self.measures = {name: read_column(rows, name, np.float64, np.nan) for name in measures()}
        self.names: dict[str, tuple[list[str], NDArray[np.int32]]] = {
            name: factorise(rows, name) for name in names()
        }
        self.original_N = self.find(rows["duplicate_of"])
        self.skipped = table.count(SKIPPED)
        self.dimension = table.dimension

    def __len__(self) -> int:
        return len(self.paths)

    def path(self, row: int) -> str:
        """The path of an image.

        IndexError where there is no such row.
        """
        return str(self.paths[row].as_py())

    def some_paths(self, rows: Sequence[int] | NDArray[np.integer]) -> list[str]:
        """The paths of some images, in the order of `rows`."""
        import pyarrow as pa

        paths: list[str] = self.paths.take(pa.array(rows, pa.int64())).to_pylist()
        return paths

    def rows_of(self, paths: Sequence[str]) -> NDArray[np.int64]:
        """The rows of those of `paths` that are here."""
        found = self.find_texts(paths)
        return found[found >= 0]

    def find_texts(self, paths: Sequence[str]) -> NDArray[np.int64]:
        """The row of each path, -1 where it is missing."""
        import pyarrow as pa

        return self.find(pa.array(list(paths), pa.string()))

    def name_of(self, column: str, row: int) -> str | None:
        """The label, suggestion or other name of an image."""
        distinct, code_N = self.names[column]
        return distinct[code_N[row]] if code_N[row] >= 0 else None

    def find_problems(self) -> tuple[dict[str, NDArray[np.int64]], bool]:
        """Find the rows of each problem kind, the worst first.

        Returns:
            The rows by kind, and whether these images have been checked at all.
        """
        found = found_problems(self.work)
        paths = found or {
            NOT_GOOD: [entry["path"] for entry in found_not_good(self.work)]
        }  # known without a check
        rows = {kind.name: self.rows_of(paths.get(kind.name, [])) for kind in checked_kinds()}
        return rows | {kind.name: self._annotated(kind) for kind in annotated_kinds()}, found is not None

    def find_figures(self) -> dict[str, dict[int, float]]:
        """Find the figure of each found row, by kind."""
        import pyarrow as pa

        found = {}
        for kind, figure_of in found_figures(self.work).items():
            rows = self.find(pa.array(list(figure_of), pa.string())).tolist()
            found[kind] = {row: each for row, each in zip(rows, figure_of.values(), strict=True) if row >= 0}
        return found

    def _annotated(self, kind: ProblemKind) -> NDArray[np.int64]:
        if kind.column in self.names:
            is_found_N = self.names[kind.column][1] >= 0
            if kind.column == "suggestion":  # one labelled since, in another space, waits for nothing
                is_found_N &= self.names["label"][1] < 0
            return np.flatnonzero(is_found_N)
        if kind.column in self.measures:
            return np.flatnonzero(np.nan_to_num(self.measures[kind.column]) != 0)
        return np.flatnonzero(self.wrong_N)

    def shared_values(self) -> dict[str, list[Any]]:
        """The values of all columns that a static share carries.

        Numbers have four digits.
        """
        values: dict[str, list[Any]] = {"path": self.some_paths(np.arange(len(self)))}
        for column in COLUMNS.values():
            if column.name in (SCORE, VERDICT) and not self._has_values(column.name):
                continue  # of most collections: nothing of them is carried
            if column.shared and column.name in self.measures:
                values[column.name] = [_round(value) for value in self.measures[column.name].tolist()]
            elif column.shared and column.name in self.names:
                distinct, code_N = self.names[column.name]
                values[column.name] = [distinct[code] if code >= 0 else None for code in code_N.tolist()]
        return values

    @cached_property
    def folders(self) -> pa.Array:
        """The folder of each path, "" at the top."""
        import pyarrow.compute as pc

        return pc.replace_substring_regex(self.paths, r"(^|/)[^/]*$", "")

    @cached_property
    def members(self) -> dict[int, NDArray[np.int64]]:
        """The rows of each group, ascending.

        Of -1 those of the images in none.
        """
        group_N = np.maximum(self.group_N, -1)
        order_N = np.argsort(group_N, kind="stable")
        numbers, starts = np.unique(group_N[order_N], return_index=True)
        ends = [*starts[1:], len(order_N)]
        return {
            int(number): order_N[start:end] for number, start, end in zip(numbers, starts, ends, strict=False)
        }

    @cached_property
    def drift(self) -> Drift:
        """How much images that came later have changed the collection."""
        grouped_N = self.group_N != UNGROUPED
        return measure_drift(self.measures["outlier_score"][grouped_N], self.joined_distance_N[grouped_N])

    @cached_property
    def rank_N(self) -> NDArray[np.int64]:
        """Rank each image in its group, the most certain 0."""
        order_N = np.lexsort((-np.nan_to_num(self.measures["probability"]), self.group_N))
        starts = np.unique(self.group_N[order_N], return_index=True)[1]
        rank_N = np.empty(len(self), np.int64)
        rank_N[order_N] = np.arange(len(self)) - np.repeat(starts, np.diff([*starts, len(self)]))
        return rank_N

    @cached_property
    def priority_N(self) -> NDArray[np.uint32]:
        """Rank of each image where there is little room.

        Some of each group come first, then the most certain.
        """
        probability_N = np.nan_to_num(self.measures["probability"])
        noise_N = self.group_N < 0
        order_N = np.lexsort((-probability_N, np.minimum(self.rank_N, REPRESENTATIVES), noise_N))
        priority_N = np.empty(len(self), np.uint32)
        priority_N[order_N] = np.arange(len(self), dtype=np.uint32)
        return priority_N

    @cached_property
    def places_N2(self) -> NDArray[np.float32]:
        """Place of each image on the map, NaN without one.

        From -1 to 1, with one scale for x and y.
        """
        xy_N2 = np.stack([self.x_N, self.y_N], axis=1)
        known_N = np.isfinite(xy_N2).all(axis=1)
        if not known_N.any():
            return np.full_like(xy_N2, np.nan)
        low, high = xy_N2[known_N].min(axis=0), xy_N2[known_N].max(axis=0)
        span = max(float((high - low).max()), 1e-12)
        return np.asarray(2 * (xy_N2 - (low + high) / 2) / span, np.float32)

    def points(self) -> bytes:
        """Little-endian: uint32 N.

        Float32 x[N], y[N]; int32 group[N], label[N]; uint32 priority[N].
        """
        places_N2 = self.places_N2
        columns = (
            np.array([len(self)], "<u4"), places_N2[:, 0].astype("<f4"), places_N2[:, 1].astype("<f4"),
            np.maximum(self.group_N, -1).astype("<i4"), self.names["label"][1].astype("<i4"),
            self.priority_N.astype("<u4"), self.leaf_N.astype("<i4"),
        )  # fmt: skip
        return b"".join(column.tobytes() for column in columns)

    def groups(self) -> list[Group]:
        """Describe each group, the images without one last."""
        sizes = {number: len(rows) for number, rows in self.members.items()}
        order = [number for number in sizes if number >= 0] + [number for number in sizes if number < 0]
        colours = group_colours(order)
        titles = self._group_names(order)
        middle = self._middles(order)
        return [
            {
                "group": number, "name": titles[number], "colour": colours[number], "ink": ink_on(colours[number]),
                "count": sizes[number], "middle": middle.get(number),
            }
            for number in order
        ]  # fmt: skip

    def count_names(self, column: str) -> list[Counted]:
        """Count the images of each label, suggestion or other name."""
        distinct, code_N = self.names[column]
        count_K = np.bincount(code_N[code_N >= 0], minlength=len(distinct))
        return [{"name": name, "count": int(count)} for name, count in zip(distinct, count_K, strict=True)]

    def labels(self) -> list[LabelCount]:
        """Count the images of each label, and choose its colour.

        No group has that colour while there are enough.
        """
        counted = self.count_names("label")
        num_groups = min(max(self.members, default=-1) + 1, MAX_COLOURS // 2)
        colours = distinct_colours(min(MAX_COLOURS, num_groups + len(counted)))[num_groups:]
        return [{**label, "colour": colours[at % len(colours)]} for at, label in enumerate(counted)]

    def count_folders(self, limit: int = MAX_FOLDERS) -> list[Counted]:
        """Count the images in each folder and its subfolders.

        Sorted by name.

        Of more than `limit` folders the fullest are listed. The name "" stands for images in no folder.
        """
        import pyarrow.compute as pc

        found: dict[str, int] = {}
        for entry in pc.value_counts(self.folders).to_pylist():
            parts = entry["values"].split("/")
            for depth in range(1, len(parts) + 1):
                name = "/".join(parts[:depth])
                found[name] = found.get(name, 0) + entry["counts"]
        fullest = sorted(found.items(), key=lambda entry: -entry[1])[:limit]
        return [{"name": name, "count": count} for name, count in sorted(fullest)]

    def known_columns(self) -> list[str]:
        """The page's columns in which any image has a value."""
        read = (column for column in COLUMNS.values() if column.title or column.is_sortable)
        return [column.name for column in read if self._has_values(column.name)]

    def _has_values(self, name: str) -> bool:
        if name in self.measures:
            value_N = self.measures[name]
            # The date of images of a named set is 0.
            return bool((value_N > 0).any() if name == "modified" else np.isfinite(value_N).any())
        if name in self.names:
            return bool(self.names[name][0])
        return bool((self.group_N != UNGROUPED).any()) if name == "group" else len(self) > 0

    def collection(self) -> SharedCollection:
        """What the page shows of the collection, whoever sends it."""
        date_N = self.measures["modified"]
        date_N = date_N[date_N > 0]  # images of a named set have none
        return {
            "name": self.name, "images": len(self), "skipped": self.skipped,
            "groups": [] if (self.group_N == UNGROUPED).all() else self.groups(),
            "tree": describe_levels(read_levels(self.work)),
            "labels": self.labels(), "folders": self.count_folders(),
            "columns": self.known_columns(), "meta": page_meta(),
            "dates": {
                "first": float(date_N.min()) if len(date_N) else None,
                "last": float(date_N.max()) if len(date_N) else None,
            },
        }  # fmt: skip

    @property
    def is_mapped(self) -> bool:
        """Whether any image has a place on the map."""
        return bool(np.isfinite(self.x_N).any())

    @property
    def name(self) -> str:
        """Name of the images' folder or named set."""
        return Path(str(read_state(self.work).get("images", self.work))).name

    @property
    def has_model(self) -> bool:
        """Whether images from elsewhere can be compared with these."""
        return has_model(self.work / MODEL)

    def _group_names(self, order: list[int]) -> dict[int, str]:
        """Name each group by the label of most of its images, else by words that fit it, else by its number."""
        labels, code_N = self.names["label"]
        name_of: dict[int, str] = {}
        uses: dict[str, int] = {}
        for number in order:
            code_M = code_N[self.members[number]]
            count_L = np.bincount(code_M[code_M >= 0], minlength=max(1, len(labels)))
            is_labelled = number >= 0 and count_L.max() * 2 > len(code_M)
            name_of[number] = labels[int(count_L.argmax())] if is_labelled else self._word_name(number)
            uses[name_of[number]] = uses.get(name_of[number], 0) + 1
        return {number: name if uses[name] == 1 else f"{name} ({number})" for number, name in name_of.items()}

    def _word_name(self, number: int) -> str:
        """The name that `unpool group --names` gave a group, else its number."""
        return self._names_in_words.get(number) or group_name(number)

    @cached_property
    def _names_in_words(self) -> dict[int, str]:
        distinct, code_N = self.names["group_name"]
        return {group: distinct[code] for group, code in name_of_each_group(self.group_N, code_N).items()}

    def _middles(self, order: list[int]) -> dict[int, int]:
        """The image nearest to each group's median place; the median itself may lie inside another group."""
        middle = {}
        places_N2 = self.places_N2
        for number in order:
            row_M = self.members[number]
            row_M = row_M[np.isfinite(places_N2[row_M, 0])]
            if number >= 0 and len(row_M):
                offset_M2 = places_N2[row_M] - np.median(places_N2[row_M], axis=0)
                middle[number] = int(row_M[np.hypot(*offset_M2.T).argmin()])
        return middle

    def find(self, paths: pa.Array | pa.ChunkedArray) -> NDArray[np.int64]:
        """The row of each path, -1 where it is missing."""
        import pyarrow as pa

        if isinstance(paths, pa.ChunkedArray):
            paths = paths.combine_chunks()
        if paths.null_count == len(paths):
            return np.full(len(paths), -1, np.int64)
        return find_sorted(self.paths, paths)


def _round(value: float) -> float | int | None:
    """Four digits; None for NaN."""
    if value != value:
        return None
    return int(value) if value.is_integer() else float(f"{value:.4g}")
