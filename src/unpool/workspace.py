"""The table of a workspace, one row per image: the only file that knows Lance.

Every change is one commit of the table: a reader, or a run after a kill, sees all of it or nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from unpool.errors import UnpoolError

TABLE = "images"

# name → Arrow type, in the order people see them; `vector` is added once its length is known.
COLUMNS: dict[str, str] = {
    "path": "string",
    "id": "string",
    "width": "int32",
    "height": "int32",
    "mode": "string",
    "bytes": "int64",
    "modified": "double",
    "status": "string",
    "problem": "string",
    "detail": "string",
    "thumbnail": "binary",
    "grey": "bool",
    "model": "string",
    "group": "int32",
    "probability": "float",
    "x": "float",
    "y": "float",
    "reconstruction_error": "float",
    "outlier_score": "float",
    "duplicate_of": "string",
    "sharpness": "float",
    "brightness": "float",
    "label": "string",
}
OK = "ok"
SKIPPED = "skipped"


class ImageTable:
    """The images of one workspace, stored in `WORK/images.lance`.

    >>> import tempfile
    >>> table = ImageTable.create(Path(tempfile.mkdtemp()) / "a.unpool")
    >>> table.upsert([{"path": "b.png", "status": "ok"}, {"path": "a.png", "status": "ok"}])
    >>> table.frame(["path"])["path"].tolist()
    ['a.png', 'b.png']
    """

    def __init__(self, work: Path) -> None:
        """Open the table of an existing workspace; UnpoolError where there is none."""
        if not (work / f"{TABLE}.lance").is_dir():
            raise UnpoolError(
                f"no workspace at {work}: make one with `unpool run FOLDER --work {work}` "
                "or name another with --work"
            )
        self.work = work
        self._table = _connect(work).open_table(TABLE)

    @classmethod
    def create(cls, work: Path) -> ImageTable:
        """Open the table of a workspace, made empty where there is none yet."""
        if not (work / f"{TABLE}.lance").is_dir():
            work.mkdir(parents=True, exist_ok=True)
            _connect(work).create_table(TABLE, schema=_schema())
        return cls(work)

    @property
    def dimension(self) -> int | None:
        """How many numbers a vector has; None before anything was embedded."""
        names = self._table.schema.names
        return int(self._table.schema.field("vector").type.list_size) if "vector" in names else None

    def __len__(self) -> int:
        return int(self._table.count_rows())

    def arrow(self, columns: Sequence[str] | None = None, *, where: str | None = None) -> Any:
        """Rows as an Arrow table, sorted by path; `where` is an SQL condition on the columns."""
        names = [name for name in (columns or self._table.schema.names) if name in self._table.schema.names]
        query = self._table.search().select(list(dict.fromkeys(["path", *names])))
        if where:
            query = query.where(where)
        return query.limit(max(1, len(self))).to_arrow().sort_by("path").select(names)

    def frame(self, columns: Sequence[str] | None = None, *, where: str | None = None) -> pd.DataFrame:
        """Rows as a DataFrame sorted by path; whole numbers stay whole where some are missing."""
        frame: pd.DataFrame = self.arrow(columns, where=where).to_pandas(
            types_mapper=_nullable_integers().get, integer_object_nulls=False
        )
        return frame

    def vectors(self) -> tuple[list[str], np.ndarray]:
        """Paths and vectors (N, D) float32 of every embedded image, sorted by path."""
        if self.dimension is None:
            return [], np.zeros((0, 0), np.float32)
        rows = self.arrow(["path", "vector"], where=f"status = '{OK}' AND vector IS NOT NULL")
        flat = rows["vector"].combine_chunks().flatten().to_numpy(zero_copy_only=False)
        return rows["path"].to_pylist(), flat.astype(np.float32, copy=False).reshape(-1, self.dimension)

    def upsert(self, rows: Sequence[dict[str, Any]]) -> None:
        """Add rows, or overwrite the named columns of those whose path is there already."""
        if rows:
            data = _to_arrow(rows, self._table.schema)
            merge = self._table.merge_insert("path").when_matched_update_all().when_not_matched_insert_all()
            # Skipped rows have no vector, which LanceDB otherwise takes for a vector of the wrong length.
            merge.execute(data, on_bad_vectors="null")

    def update(self, paths: Sequence[str], columns: dict[str, Sequence[Any] | np.ndarray]) -> None:
        """Set some columns of existing rows; paths that are not in the table are passed over."""
        import pyarrow as pa

        if not len(paths):
            return
        data = {"path": pa.array(list(paths), pa.string())}
        for name, values in columns.items():
            data[name] = pa.array(_plain(values), self._table.schema.field(name).type)
        self._table.merge_insert("path").when_matched_update_all().execute(pa.table(data))

    def delete(self, paths: Iterable[str]) -> None:
        """Remove rows by path."""
        quoted = ["'" + path.replace("'", "''") + "'" for path in paths]
        for start in range(0, len(quoted), 500):
            self._table.delete(f"path IN ({', '.join(quoted[start : start + 500])})")

    def reset_vectors(self, dimension: int) -> None:
        """Forget every vector and what was computed from it; the next ones have `dimension` numbers."""
        import pyarrow as pa

        if "vector" in self._table.schema.names:
            self._table.drop_columns(["vector"])
        self._table.add_columns(pa.field("vector", pa.list_(pa.float32(), dimension)))
        derived = ("model", "group", "probability", "x", "y", "outlier_score", "reconstruction_error")
        if len(self):
            paths = self.arrow(["path"])["path"].to_pylist()
            self.update(paths, {name: [None] * len(paths) for name in derived})

    def compact(self) -> None:
        """Merge the small pieces that many commits leave, and drop versions older than an hour."""
        self._table.optimize(cleanup_older_than=timedelta(hours=1))


def _connect(work: Path) -> Any:
    # Quiet: Lance's Rust side logs to standard error, where the progress bar lives.
    os.environ.setdefault("LANCE_LOG", "error")
    import lancedb

    return lancedb.connect(str(work))


def _schema() -> Any:
    import pyarrow as pa

    types = {"string": pa.string(), "binary": pa.binary(), "bool": pa.bool_(), "double": pa.float64()}
    types |= {"float": pa.float32(), "int32": pa.int32(), "int64": pa.int64()}
    return pa.schema([pa.field(name, types[kind], nullable=name != "path") for name, kind in COLUMNS.items()])


def _nullable_integers() -> dict[Any, Any]:
    import pyarrow as pa

    return {pa.int32(): pd.Int32Dtype(), pa.int64(): pd.Int64Dtype()}


def _to_arrow(rows: Sequence[dict[str, Any]], schema: Any) -> Any:
    import pyarrow as pa

    names = [name for name in schema.names if any(name in row for row in rows)]
    return pa.table(
        {name: pa.array([row.get(name) for row in rows], schema.field(name).type) for name in names}
    )


def _plain(values: Sequence[Any] | np.ndarray) -> Sequence[Any] | np.ndarray:
    """Arrow takes (N,) arrays as they are and wants the rows of an (N, D) array as a list."""
    return list(values) if isinstance(values, np.ndarray) and values.ndim > 1 else values
