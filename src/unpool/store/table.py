"""The table of a workspace, one row per image.

It knows Lance, as lance_rows.py, versions.py, rows/, search/ and rescue/ of the store do, and no other file.

Every change is one commit of the table: a reader, or a run after a kill, sees all of it or nothing.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from unpool.core.file_names import printable
from unpool.core.markers import WORKSPACE_TABLE
from unpool.errors import UnpoolError
from unpool.store.columns import OK, Row, cleared_by_new_model
from unpool.store.lance_rows import (
    add_empty_columns,
    check_data_files,
    create_dataset,
    damage_reported,
    find_rows,
    nearest_rows,
    open_dataset,
    rewrite_columns,
    take_thumbnails,
)
from unpool.store.remote.mirror import check_held, remote_of
from unpool.store.rows.compaction import compact
from unpool.store.rows.schema import plain, table_schema, to_arrow
from unpool.store.rows.stored_rows import StoredRows
from unpool.store.search.vector_index import (
    drop_index,
    find_index,
    make_index,
    nearest_by_index,
    needs_index,
    sample_vectors,
)
from unpool.store.spaces.other_spaces import clear_spaces, columns_of_spaces
from unpool.store.spaces.paths import known_space, outer_workspace, space_of
from unpool.store.spaces.view import own_columns, to_stored
from unpool.store.state import check_format

if TYPE_CHECKING:
    import pyarrow as pa

MAX_ATTEMPTS = 20  # to commit where others commit at the same time
DELETE_BATCH = 500  # paths in one condition


class ImageTable(StoredRows):
    """The images of one workspace, stored in `WORK/images.lance`.

    Columns that the table of an older version lacks are added by the first write.

    >>> import tempfile
    >>> table = ImageTable.create(Path(tempfile.mkdtemp()) / "a.unpool")
    >>> table.upsert([{"path": "b.png", "status": "ok"}, {"path": "a.png", "status": "ok"}])
    >>> table.frame(["path"])["path"].tolist()
    ['a.png', 'b.png']
    """

    def __init__(self, work: Path) -> None:
        """Open the table of a workspace; `UnpoolError` where there is none."""
        check_workspace(work)
        self.work = work
        check_format(work)
        folder = outer_workspace(work) / WORKSPACE_TABLE
        with damage_reported(folder):
            super().__init__(open_dataset(work))
            check_data_files(self._dataset, folder)

    @classmethod
    def create(cls, work: Path) -> ImageTable:
        """Open the table of a workspace, creating it if needed."""
        if printable(str(work.absolute())) != str(work.absolute()):
            raise UnpoolError(
                f"{printable(str(work))}: the path of a workspace must be valid Unicode in one line; "
                "name another with --work"
            )
        work.mkdir(parents=True, exist_ok=True)
        if not has_table(work):
            create_dataset(work, table_schema())
        return cls(work)

    @property
    def dimension(self) -> int | None:
        """Length of a vector; None before anything was embedded."""
        schema = self._dataset.schema
        return int(schema.field("vector").type.list_size) if "vector" in schema.names else None

    def vectors(self) -> tuple[list[str], np.ndarray]:
        """Read paths and vectors (N, D) float32, sorted by path."""
        if self.dimension is None:
            return [], np.zeros((0, 0), np.float32)
        rows = self.arrow(["path", "vector"], where=f"status = '{OK}' AND vector IS NOT NULL")
        flat = rows["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return rows["path"].to_pylist(), flat.astype(np.float32, copy=False).reshape(-1, self.dimension)

    def vectors_of(self, paths: Sequence[str]) -> tuple[list[str], np.ndarray]:
        """Read vectors (n, D) float32 of some images, with their paths.

        Images without a vector are left out.
        """
        if self.dimension is None:
            return [], np.zeros((0, 0), np.float32)
        rows = self.some(paths, ["vector"])
        rows = rows.filter(rows["vector"].is_valid())
        flat = rows["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return rows["path"].to_pylist(), flat.astype(np.float32, copy=False).reshape(-1, self.dimension)

    def vector_of(self, path: str, offset: int) -> np.ndarray | None:
        """Read the vector (D,) of an image.

        Args:
            path: The image.
            offset: Its place in the table's own order, or the one that it had.

        Returns:
            The vector; None where it has none, or is not there.
        """
        if self.dimension is None:
            return None
        if 0 <= offset < len(self):
            rows = self._dataset.take([offset], columns=["path", "vector"])
            if rows["path"][0].as_py() == path:
                vector = rows["vector"][0]
                return np.asarray(vector.values.to_numpy(), np.float32) if vector.is_valid else None
        vectors_ND = self.vectors_of([path])[1]
        return vectors_ND[0] if len(vectors_ND) else None

    def sample_vectors(self, at_most: int, *, seed: int = 0) -> np.ndarray:
        """Read vectors (n, D) of random images, those without one left out."""
        if self.dimension is None or not len(self):
            return np.zeros((0, self.dimension or 0), np.float32)
        return sample_vectors(self._dataset, at_most, seed)

    def nearest(
        self, vector_D: npt.ArrayLike, k: int, *, where: str | None = None, breadth: int = 1
    ) -> tuple[list[str], np.ndarray]:
        """Find the images nearest to a vector.

        By the search index, where there is one, else exactly: vectors are then read in chunks, so that a large table
        needs little memory.

        Args:
            vector_D: The vector, of any length above 0.
            k: How many images at most.
            where: SQL condition on the images; None for all.
            breadth: How many times as many lists of an index are read as for the vector of an image.

        Returns:
            Paths, and cosine distances (k,) from 0 to 2, nearest first.

        Raises:
            UnpoolError: Nothing is embedded, or the vector has another shape or is not finite.
        """
        query_D = self._checked_query(vector_D)
        rows = self.nearest_by_index(query_D, k, where=where, breadth=breadth)
        if rows is None:
            return nearest_rows(self._dataset, query_D, k, where)
        return rows["path"].to_pylist(), rows["_distance"].to_numpy()

    def nearest_by_index(
        self, vector_D: npt.ArrayLike, k: int, *, columns: Sequence[str] = (), where: str | None = None,
        breadth: int = 1,
    ) -> pa.Table | None:  # fmt: skip
        """Find images nearest to a vector, by the index.

        Args:
            vector_D: The vector.
            k: How many images at most.
            columns: What is read of the images beside their paths.
            where: SQL condition on the images; None for all.
            breadth: How many times as many lists are read as for the vector of an image.

        Returns:
            The rows, nearest first, with `_distance`, the cosine distance; None without an index.
        """
        query_D = self._checked_query(vector_D)
        index = find_index(self._dataset) if query_D.any() else None
        if index is None:
            return None
        empty = self._missing_fields(columns)
        stored = [name for name in columns if name not in empty]
        rows = nearest_by_index(self._dataset, index, query_D, k, where, stored, breadth=breadth)
        return add_empty_columns(rows, [empty[name] for name in columns if name in empty])

    @property
    def has_index(self) -> bool:
        """Whether searches go by an index."""
        return find_index(self._dataset) is not None

    def needs_index(self) -> bool:
        """Whether a search index pays, and is missing or old."""
        return needs_index(self.newest())

    def make_index(self, *, seed: int = 0) -> str | None:
        """Make the search index, in place of a former one.

        Returns what was made, in one line; None where too few images have a vector.
        """
        check_held(self.work)
        message = make_index(self.newest(), seed=seed)
        self.newest()
        return message

    def _checked_query(self, vector_D: npt.ArrayLike) -> np.ndarray:
        query_D = np.asarray(vector_D, np.float32)
        if self.dimension is None:
            raise UnpoolError(f"nothing in {self.work} is embedded yet; run `unpool embed` first")
        if query_D.shape != (self.dimension,) or not np.isfinite(query_D).all():
            raise UnpoolError(
                f"query: shape {query_D.shape}, expected ({self.dimension},) finite numbers as the vectors of "
                f"{self.work} have; embed it by the same model"
            )
        return query_D

    def thumbnails(self, paths: Sequence[str]) -> list[bytes | None]:
        """Read the thumbnail of each path, or None.

        `Thumbnails` caches positions, for a few of many.
        """
        dataset = self.newest()
        return take_thumbnails(dataset, find_rows(dataset, paths), np.arange(len(paths)))

    def upsert(self, rows: Sequence[Row]) -> None:
        """Add rows, or update those whose path is known.

        Of known rows only the columns that any of `rows` names are set, to empty where one lacks a value.
        """
        if rows:
            check_held(self.work)
            self._add_missing_columns()
            rows = self._settle_spaces(rows)
            stored = to_stored(self._dataset, to_arrow(rows, self._dataset.schema))
            merge = self._dataset.merge_insert("path").when_matched_update_all().when_not_matched_insert_all()
            merge.execute(stored)

    def append(self, rows: Sequence[Row]) -> None:
        """Add rows whose paths are not in the table.

        That takes the same time however large the table is, where `upsert` reads all its paths.
        """
        if rows:
            check_held(self.work)
            self._add_missing_columns()
            self._dataset.insert(to_stored(self._dataset, to_arrow(rows, self._dataset.schema)))

    def update(self, paths: Sequence[str], columns: Mapping[str, Sequence[object] | np.ndarray]) -> None:
        """Set some columns of existing rows; unknown paths are ignored.

        Only these columns are written: no row changes its position, no thumbnail and no vector is moved.

        Args:
            paths: Of the rows.
            columns: A value for each path, by column.
        """
        import pyarrow as pa
        from lance.commit import CommitConflictError

        if not len(paths):
            return
        self._add_missing_columns(list(columns))
        kinds = {name: self._dataset.schema.field(name).type for name in columns}
        data = {name: pa.array(plain(values), kinds[name]) for name, values in columns.items()}
        for attempt in range(MAX_ATTEMPTS):
            check_held(self.work)
            try:
                rewrite_columns(self.newest(), paths, pa.table(data))
                break
            except CommitConflictError:
                if attempt == MAX_ATTEMPTS - 1:
                    raise
                time.sleep(random.uniform(0, 0.02 * (attempt + 1)))
        self.newest()

    def delete(self, paths: Iterable[str]) -> None:
        """Remove rows by path."""
        check_held(self.work)
        quoted = ["'" + path.replace("'", "''") + "'" for path in paths]
        for start in range(0, len(quoted), DELETE_BATCH):
            self._dataset.delete(f"path IN ({', '.join(quoted[start : start + DELETE_BATCH])})")

    def reset_vectors(self, dimension: int) -> None:
        """Clear all vectors and what was computed from them.

        New ones have length `dimension`.
        """
        import pyarrow as pa

        check_held(self.work)
        if "vector" in self.stored_columns:
            drop_index(self._dataset)
            self._dataset.drop_columns(["vector"])
        self._dataset.add_columns(pa.field("vector", pa.list_(pa.float32(), dimension)))
        if len(self):
            paths = self.arrow(["path"])["path"].to_pylist()
            self.update(paths, {name: [None] * len(paths) for name in cleared_by_new_model()})

    def compact(self) -> None:
        """Merge small files, and remove old versions that nobody keeps."""
        check_held(self.work)
        compact(self.newest())
        self.newest()

    def _settle_spaces(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Clear what other spaces hold of images that have changed; the rows that are left to write.

        Of images that a space has as they are, only its own columns are written: nothing else of them changes.
        """
        own = space_of(self.work)
        if own is None and not columns_of_spaces(self._dataset):
            return rows
        known = self.some([row["path"] for row in rows], ["id", "status"]).to_pylist()
        former = {row["path"]: row["id"] for row in known}
        clear_spaces(self.newest(), own, rows, former)
        if own is None:
            return rows
        usable = {row["path"] for row in known if row["status"] == OK and row["id"]}
        same = [row for row in rows if row["path"] in usable and row.get("status", OK) == OK]
        same = [row for row in same if row.get("id", former[row["path"]]) == former[row["path"]]]
        names = [name for name in own_columns() if any(name in row for row in same)]
        if same and names:
            self.update(
                [row["path"] for row in same], {name: [row.get(name) for row in same] for name in names}
            )
        paths = {row["path"] for row in same}
        return [row for row in rows if row["path"] not in paths]

    def _add_missing_columns(self, names: Sequence[str] = ()) -> None:
        """Add the columns that an older version did not know, and those of fields among `names`."""
        import pyarrow as pa

        if missing := self._missing_fields(names):
            self._dataset.add_columns(pa.schema(list(missing.values())))


def has_table(work: Path) -> bool:
    """Whether there is a table.

    One that was about to be made when a command was killed is none.
    """
    if (remote := remote_of(work)) is not None:
        return remote.has_table()
    folder = outer_workspace(work) / WORKSPACE_TABLE
    return any(file.is_file() for part in ("_versions", "data") for file in (folder / part).glob("*"))


def check_workspace(work: Path) -> None:
    """Raise `UnpoolError` where there is no workspace.

    `UsageError` where it has no such space.
    """
    if not has_table(work):
        raise UnpoolError(
            f"no workspace at {work}: create one with `unpool run FOLDER --work {work}` or name another with --work"
        )
    if (space := space_of(work)) is not None:
        known_space(outer_workspace(work), space)


def embedded_vectors(table: ImageTable) -> tuple[list[str], np.ndarray]:
    """Read paths and vectors (N, D) of all embedded images.

    Raises `UnpoolError` where there is none.
    """
    paths, vectors_ND = table.vectors()
    if not paths:
        raise UnpoolError(
            f"nothing in {table.work} is embedded yet; run `unpool embed FOLDER --work {table.work}` first"
        )
    return paths, vectors_ND
