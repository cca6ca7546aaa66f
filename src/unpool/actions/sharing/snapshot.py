"""The usable images of a workspace at one moment, as arrays: what the page shows and a static share carries.

Shapes: N images, sorted by path; a row is an image's place among them.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unpool.report.items import UNGROUPED, group_name
from unpool.report.palette import group_colours, ink_on
from unpool.store.columns import OK, SKIPPED
from unpool.store.state import MODEL, read_state
from unpool.store.table import ImageTable
from unpool.training.model_file import has_model

REPRESENTATIVES = 12  # of each group are shown before any other image
NUMBERS = ("width", "height", "modified", "probability", "outlier_score", "reconstruction_error", "sharpness",
           "brightness", "suggestion_confidence")  # fmt: skip
WORDS = ("label", "suggestion")


class Snapshot:
    """What the table says of every usable image, read once; a later change of the table is not seen.

    `numbers` holds (N,) arrays by column, NaN where there is none; `group_N` is UNGROUPED where there is none.
    """

    def __init__(self, work: Path, paths: Sequence[str] | None = None) -> None:
        """Read the table of a workspace, or of some images only; `UnpoolError` where there is none."""
        self.work = work
        table = ImageTable(work)
        self.version = table.version
        rows = table.arrow(
            ["path", "group", "x", "y", "wrong", "duplicate_of", *NUMBERS, *WORDS], where=f"status = '{OK}'"
        ).combine_chunks()
        if paths is not None:
            rows = _only(rows, paths)
        self.paths = rows["path"].combine_chunks() if rows["path"].num_chunks != 1 else rows["path"].chunk(0)
        self.group_N = _column(rows, "group", np.int32, UNGROUPED)
        self.x_N, self.y_N = (_column(rows, name, np.float32, np.nan) for name in ("x", "y"))
        self.wrong_N = _column(rows, "wrong", np.bool_, False)
        self.numbers = {name: _column(rows, name, np.float64, np.nan) for name in NUMBERS}
        self.words: dict[str, tuple[list[str], NDArray[np.int32]]] = {
            name: _coded(rows, name) for name in WORDS
        }
        self.original_N = self.find(rows["duplicate_of"])
        self.skipped = table.count(SKIPPED)
        self.dimension = table.dimension

    def __len__(self) -> int:
        return len(self.paths)

    def path(self, row: int) -> str:
        """The path of an image; IndexError where there is no such row."""
        return str(self.paths[row].as_py())

    def some_paths(self, rows: Sequence[int] | NDArray[Any]) -> list[str]:
        """The paths of some images, in the order of `rows`."""
        import pyarrow as pa

        paths: list[str] = self.paths.take(pa.array(rows, pa.int64())).to_pylist()
        return paths

    def rows_of(self, paths: Sequence[str]) -> NDArray[np.int64]:
        """The rows of those of `paths` that are here, in their order."""
        import pyarrow as pa

        found = self.find(pa.array(list(paths), pa.string()))
        return found[found >= 0]

    def word(self, name: str, row: int) -> str | None:
        """The label or the suggestion of an image."""
        names, code_N = self.words[name]
        return names[code_N[row]] if code_N[row] >= 0 else None

    @cached_property
    def folders(self) -> Any:
        """The folder of each path as an Arrow array, "" at the top."""
        import pyarrow.compute as pc

        return pc.replace_substring_regex(self.paths, r"(^|/)[^/]*$", "")

    @cached_property
    def members(self) -> dict[int, NDArray[np.int64]]:
        """The rows of each group, ascending; of -1 those of the images in none."""
        group_N = np.maximum(self.group_N, -1)
        order_N = np.argsort(group_N, kind="stable")
        numbers, starts = np.unique(group_N[order_N], return_index=True)
        ends = [*starts[1:], len(order_N)]
        return {
            int(number): order_N[start:end] for number, start, end in zip(numbers, starts, ends, strict=False)
        }

    @cached_property
    def rank_N(self) -> NDArray[np.int64]:
        """0 for the surest image of its group, 1 for the next."""
        order_N = np.lexsort((-np.nan_to_num(self.numbers["probability"]), self.group_N))
        starts = np.unique(self.group_N[order_N], return_index=True)[1]
        rank_N = np.empty(len(self), np.int64)
        rank_N[order_N] = np.arange(len(self)) - np.repeat(starts, np.diff([*starts, len(self)]))
        return rank_N

    @cached_property
    def priority_N(self) -> NDArray[np.uint32]:
        """Who is shown first where there is room for some only: some of each group, then the surest of all."""
        sure_N = np.nan_to_num(self.numbers["probability"])
        noise_N = self.group_N < 0
        order_N = np.lexsort((-sure_N, np.minimum(self.rank_N, REPRESENTATIVES), noise_N))
        priority_N = np.empty(len(self), np.uint32)
        priority_N[order_N] = np.arange(len(self), dtype=np.uint32)
        return priority_N

    @cached_property
    def places_N2(self) -> NDArray[np.float32]:
        """Where each image is on the map, in -1..1 with one scale for x and y; NaN where it is not on it."""
        xy_N2 = np.stack([self.x_N, self.y_N], axis=1)
        known_N = np.isfinite(xy_N2).all(axis=1)
        if not known_N.any():
            return np.full_like(xy_N2, np.nan)
        low, high = xy_N2[known_N].min(axis=0), xy_N2[known_N].max(axis=0)
        span = max(float((high - low).max()), 1e-12)
        return np.asarray(2 * (xy_N2 - (low + high) / 2) / span, np.float32)

    def points(self) -> bytes:
        """Little-endian: uint32 N; float32 x[N], y[N]; int32 group[N], label[N]; uint32 priority[N]."""
        places_N2 = self.places_N2
        columns = (
            np.array([len(self)], "<u4"), places_N2[:, 0].astype("<f4"), places_N2[:, 1].astype("<f4"),
            np.maximum(self.group_N, -1).astype("<i4"), self.words["label"][1].astype("<i4"),
            self.priority_N.astype("<u4"),
        )  # fmt: skip
        return b"".join(column.tobytes() for column in columns)

    def groups(self) -> list[dict[str, Any]]:
        """Of each group its number, name, colours, size and the row in its middle; those without one last."""
        sizes = {number: len(rows) for number, rows in self.members.items()}
        order = [number for number in sizes if number >= 0] + [number for number in sizes if number < 0]
        colours = group_colours(order)
        names = self._names(order)
        middle = self._middles(order)
        return [
            {
                "group": number, "name": names[number], "colour": colours[number], "ink": ink_on(colours[number]),
                "count": sizes[number], "middle": middle.get(number),
            }
            for number in order
        ]  # fmt: skip

    def counted(self, name: str) -> list[dict[str, Any]]:
        """How many images have each label (or suggestion), by name."""
        names, code_N = self.words[name]
        count_K = np.bincount(code_N[code_N >= 0], minlength=len(names))
        return [{"name": word, "count": int(count)} for word, count in zip(names, count_K, strict=True)]

    def counted_folders(self, most: int = 1000) -> list[dict[str, Any]]:
        """The folders and how many images lie in each and in those inside it, by name; the fullest `most` of them.

        At the top, "", those that lie in no folder.
        """
        import pyarrow.compute as pc

        found: dict[str, int] = {}
        for entry in pc.value_counts(self.folders).to_pylist():
            parts = entry["values"].split("/")
            for depth in range(1, len(parts) + 1):
                name = "/".join(parts[:depth])
                found[name] = found.get(name, 0) + entry["counts"]
        fullest = sorted(found.items(), key=lambda entry: -entry[1])[:most]
        return [{"name": name, "count": count} for name, count in sorted(fullest)]

    def collection(self) -> dict[str, Any]:
        """Of the `Collection` of web/src/data/types.ts what does not depend on who shows it."""
        date_N = self.numbers["modified"]
        date_N = date_N[date_N > 0]  # images of a named set have none
        return {
            "name": self.name, "images": len(self), "skipped": self.skipped,
            "groups": [] if (self.group_N == UNGROUPED).all() else self.groups(),
            "labels": self.counted("label"), "folders": self.counted_folders(),
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
        """What people call the collection: its folder's name, or that of the named set."""
        return Path(str(read_state(self.work).get("images", self.work))).name

    @property
    def has_model(self) -> bool:
        """Whether images from elsewhere can be compared with these."""
        return has_model(self.work / MODEL)

    def _names(self, order: list[int]) -> dict[int, str]:
        """The label that most of a group has; else its number."""
        words, code_N = self.words["label"]
        names = {}
        taken: dict[str, int] = {}
        for number in order:
            code_M = code_N[self.members[number]]
            count_L = np.bincount(code_M[code_M >= 0], minlength=max(1, len(words)))
            named = number >= 0 and count_L.max() * 2 > len(code_M)
            names[number] = words[int(count_L.argmax())] if named else group_name(number)
            taken[names[number]] = taken.get(names[number], 0) + 1
        return {number: name if taken[name] == 1 else f"{name} ({number})" for number, name in names.items()}

    def _middles(self, order: list[int]) -> dict[int, int]:
        """The image nearest to each group's median place: the median itself may lie in another group's midst."""
        middle = {}
        places_N2 = self.places_N2
        for number in order:
            row_M = self.members[number]
            row_M = row_M[np.isfinite(places_N2[row_M, 0])]
            if number >= 0 and len(row_M):
                offset_M2 = places_N2[row_M] - np.median(places_N2[row_M], axis=0)
                middle[number] = int(row_M[np.hypot(*offset_M2.T).argmin()])
        return middle

    def find(self, paths: Any) -> NDArray[np.int64]:
        """The row of each of an Arrow array of paths, -1 where it is not here or null."""
        import pyarrow as pa
        import pyarrow.compute as pc

        if isinstance(paths, pa.ChunkedArray):
            paths = paths.combine_chunks()
        if paths.null_count == len(paths):
            return np.full(len(paths), -1, np.int64)
        found = pc.fill_null(pc.index_in(paths, value_set=self.paths, skip_nulls=True), -1)
        return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)


def _only(rows: Any, paths: Sequence[str]) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    return rows.filter(pc.is_in(rows["path"], value_set=pa.array(list(paths), pa.string()))).combine_chunks()


def _column(rows: Any, name: str, kind: type, missing: Any) -> NDArray[Any]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if name not in rows.schema.names:
        return np.full(rows.num_rows, missing, kind)
    column = pc.cast(rows[name], pa.float64()) if kind in (np.float32, np.float64) else rows[name]
    if column.null_count:
        column = pc.fill_null(column, missing)
    return np.asarray(column.to_numpy()).astype(kind)


def _coded(rows: Any, name: str) -> tuple[list[str], NDArray[np.int32]]:
    """The words of a column, sorted, and the place of each row's among them; -1 for none."""
    import pyarrow.compute as pc

    if name not in rows.schema.names:
        return [], np.full(rows.num_rows, -1, np.int32)
    names = sorted(word for word in pc.unique(rows[name]).to_pylist() if word is not None)
    if not names:
        return [], np.full(rows.num_rows, -1, np.int32)
    import pyarrow as pa

    found = pc.fill_null(pc.index_in(rows[name], value_set=pa.array(names, pa.string()), skip_nulls=True), -1)
    return names, np.asarray(found.to_numpy(), np.int32)
