"""Open a Lance dataset, read and write it by row.

Shapes: N rows, P paths, R rows by position, M rows that fulfil a condition, K nearest of them, D numbers of one.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.core.markers import WORKSPACE_TABLE
from unpool.core.objects.credentials import lance_settings
from unpool.core.user_cache import ensure_temporary_folder
from unpool.errors import UnpoolError
from unpool.store.remote.mirror import remote_of
from unpool.store.spaces.paths import outer_workspace
from unpool.store.spaces.view import as_seen_from, to_seen, to_stored, whole
from unpool.store.state import NewerVersionError

if TYPE_CHECKING:
    import lance
    import pyarrow as pa

Files = tuple[str, ...]

CHUNK = 2048  # vectors in memory during a search
MAX_SOUGHT_SHARE = 0.02  # share of a set that is looked for, below which the set is compared with the values
_NEWER = re.compile(r"upgrade|newer[a-z, ]* version of Lance", re.IGNORECASE)  # in what Lance raises


def open_dataset(work: Path, version: int | None = None) -> lance.LanceDataset:
    """Open a table as a workspace or space sees it.

    As it is or was.
    """
    return as_seen_from(work, open_whole(work, version))


def open_whole(work: Path, version: int | None = None) -> lance.LanceDataset:
    """Open a workspace's table with the columns of all spaces."""
    return _import_lance(work).dataset(
        _address(work), version=version, storage_options=_storage_options(work)
    )


def open_for_tags(work: Path) -> lance.LanceDataset:
    """Open the table of a workspace to make tags.

    By a plain path Lance makes a folder `J%C3%BCrgen` beside `Jürgen`, or fails where it may not.
    """
    if remote_of(work) is not None:
        return open_whole(work)
    address = (outer_workspace(work).absolute() / WORKSPACE_TABLE).as_uri()
    return _import_lance(work).dataset(address.replace("file:", "file-object-store:", 1))


def create_dataset(work: Path, schema: pa.Schema) -> None:
    """Make the table of a workspace, without rows."""
    options = _storage_options(work)
    _import_lance(work).write_dataset(schema.empty_table(), _address(work), storage_options=options)
    if options is not None:  # stands for the table on this machine
        (outer_workspace(work) / WORKSPACE_TABLE).mkdir(exist_ok=True)


def overwrite_dataset(work: Path, rows: pa.Table) -> None:
    """Replace all rows of a table, in one commit."""
    options = _storage_options(work)
    _import_lance(work).write_dataset(rows, _address(work), mode="overwrite", storage_options=options)


def _address(work: Path) -> str:
    """Absolute, for Lance would take `a:b.unpool` for an address elsewhere, and `~.unpool` for a home folder."""
    remote = remote_of(work)
    return str(outer_workspace(work).absolute() / WORKSPACE_TABLE) if remote is None else remote.table


def _storage_options(work: Path) -> dict[str, str] | None:
    remote = remote_of(work)
    return None if remote is None else lance_settings(remote.address)


def _import_lance(work: Path) -> ModuleType:
    """Import Lance, whose Rust side would log to standard error, where the progress bar lives."""
    os.environ.setdefault("LANCE_LOG", "error")
    ensure_temporary_folder(work)
    return importlib.import_module("lance")


@contextlib.contextmanager
def damage_reported(folder: Path) -> Iterator[None]:
    """Turn what Lance raises into one line.

    Raises:
        UnpoolError: the dataset in `folder` cannot be opened.
    """
    try:
        yield
    except BaseException as error:
        if not isinstance(error, RuntimeError | ValueError | OSError) and not is_panic(error):
            raise
        check_not_newer(folder, error)
        raise _damage(folder, " ".join(str(error).split(", /")[0].split())[:160]) from error


def is_panic(error: BaseException) -> bool:
    """Whether Lance's Rust side has given up.

    That is no `Exception`.
    """
    return type(error).__name__ == "PanicException"


def check_not_newer(folder: Path, error: BaseException) -> None:
    """Check that no newer version of Lance wrote a dataset.

    Raises `UnpoolError` where its error says so.
    """
    if _NEWER.search(str(error)):
        raise NewerVersionError(
            f"{folder} was written by a newer version of Lance than this one; upgrade it: pip install --upgrade unpool "
            "pylance"
        ) from error


def check_data_files(dataset: lance.LanceDataset, folder: Path) -> None:
    """Check that no data file of a dataset is missing.

    Raises:
        UnpoolError: for the first one that is.
    """
    remote = remote_of(folder.parent)
    there = None if remote is None else remote.list_data_files()
    for fragment in dataset.get_fragments():
        for file in fragment.data_files():
            is_there = (folder / "data" / file.path).is_file() if there is None else file.path in there
            if not is_there:
                raise _damage(folder, f"its file data/{file.path} is missing")


def _damage(folder: Path, reason: str) -> UnpoolError:
    remedy = f"`unpool doctor --work {folder.parent}` saves what can be read of it"
    return UnpoolError(f"{folder} is damaged: {reason}; {remedy}")


def nearest_rows(
    dataset: lance.LanceDataset, query_D: np.ndarray, k: int, where: str | None
) -> tuple[list[str], np.ndarray]:
    """Find the rows nearest to a vector, exactly.

    Vectors are read in chunks: Lance's own flat search holds most of them in memory.

    Args:
        dataset: The table.
        query_D: The vector.
        k: How many rows at most.
        where: SQL condition on the rows; None for all.

    Returns:
        Paths, and cosine distances (K,) from 0 to 2, nearest first.
    """
    offset_M = _matching_rows(dataset, where)
    distance_M = np.full(len(offset_M), np.nan, np.float32)
    for start in range(0, len(offset_M), CHUNK):
        part = slice(start, start + CHUNK)
        distance_M[part] = _distances(dataset.take(offset_M[part], columns=["vector"])["vector"], query_D)
    known_M = np.flatnonzero(~np.isnan(distance_M))
    best_K = known_M[np.argsort(distance_M[known_M], kind="stable")[:k]]
    paths: list[str] = dataset.take(offset_M[best_K], columns=["path"])["path"].to_pylist()
    return paths, distance_M[best_K]


def find_rows(dataset: lance.LanceDataset, paths: Sequence[str] | pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Find the positions of paths in the dataset's own order.

    -1 where a path is missing.
    """
    import pyarrow as pa

    values = paths if isinstance(paths, pa.Array | pa.ChunkedArray) else pa.array(list(paths), pa.string())
    return _index_in(values, dataset.to_table(columns=["path"])["path"])


def _index_in(values: pa.Array | pa.ChunkedArray, value_set: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """The position of each value in a set, -1 where it is missing."""
    import pyarrow as pa
    import pyarrow.compute as pc

    value_set = value_set.combine_chunks() if isinstance(value_set, pa.ChunkedArray) else value_set
    place = None
    # Most of the time would be spent on a table of all values.
    if len(values) < MAX_SOUGHT_SHARE * len(value_set):
        few = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        place = np.flatnonzero(pc.is_in(value_set, value_set=few).to_numpy(zero_copy_only=False))
        value_set = value_set.take(pa.array(place))
    found = pc.fill_null(pc.index_in(values, value_set=value_set), -1)
    index = np.asarray(found.to_numpy(zero_copy_only=False), np.int64)
    return index if place is None else np.append(place, -1)[index]


def take_thumbnails(
    dataset: lance.LanceDataset, position_N: np.ndarray, row_R: np.ndarray
) -> list[bytes | None]:
    """Read the thumbnails of some rows.

    Args:
        dataset: The table.
        position_N: Position of each row in the dataset's own order, -1 where it is missing.
        row_R: The rows.

    Returns:
        A WebP picture for each of `row_R`; None where there is none.
    """
    position_R = position_N[row_R]
    known = np.flatnonzero(position_R >= 0)
    found: list[bytes | None] = [None] * len(row_R)
    if len(known):
        column = dataset.take(position_R[known], columns=["thumbnail"])["thumbnail"]
        for index, content in zip(known.tolist(), column.to_pylist(), strict=True):
            found[index] = content
    return found


def _matching_rows(dataset: lance.LanceDataset, where: str | None) -> np.ndarray:
    """Positions of the rows that fulfil a condition."""
    if where is None:
        return np.arange(dataset.count_rows())
    every = dataset.to_table(columns=[], with_row_address=True)["_rowaddr"]
    matching = dataset.to_table(columns=[], with_row_address=True, filter=where)["_rowaddr"]
    return _index_in(matching, every)


def _distances(column: pa.ChunkedArray, query_D: np.ndarray) -> np.ndarray:
    """Cosine distances (N,) from 0 to 2 of a column of vectors, NaN where it is empty or zero."""
    column = column.combine_chunks()
    vector_ND = column.values.to_numpy(zero_copy_only=False)[column.offset * len(query_D) :]
    vector_ND = vector_ND[: len(column) * len(query_D)].reshape(-1, len(query_D))
    length_N = np.sqrt(np.einsum("nd,nd->n", vector_ND, vector_ND)) * np.linalg.norm(query_D)
    known_N = np.asarray(column.is_valid()) & (length_N > 0)
    cosine_N: np.ndarray = np.divide(
        vector_ND @ query_D, length_N, out=np.full(len(column), np.nan, np.float32), where=known_N
    )
    distance_N: np.ndarray = np.clip(1 - cosine_N, 0, 2)
    return distance_N


def rewrite_columns(dataset: lance.LanceDataset, paths: Sequence[str], columns: pa.Table) -> None:
    """Set some columns of some rows, in one commit.

    Unknown paths are ignored.

    Args:
        dataset: The table.
        paths: Of the rows.
        columns: The new values, one row for each path.
    """
    import lance
    import pyarrow as pa

    columns, dataset = to_stored(dataset, columns), whole(dataset)
    every = dataset.to_table(columns=["path"], with_row_address=True)
    position_P = _index_in(pa.array(list(paths), pa.string()), every["path"])
    known = np.flatnonzero(position_P >= 0)
    if not len(known):
        return
    address_P = every["_rowaddr"].to_numpy()[position_P[known]]
    data = columns.take(pa.array(known)).append_column("_rowaddr", pa.array(address_P, pa.uint64()))
    fragment_P = address_P >> 32
    parts, fields = [], set()
    for number in np.unique(fragment_P).tolist():
        own = data.filter(pa.array(fragment_P == number))
        part, changed = dataset.get_fragment(number).update_columns(own, left_on="_rowaddr")
        parts.append(part)
        fields |= set(changed)
    change = lance.LanceOperation.Update(
        updated_fragments=parts, fields_modified=sorted(fields), update_mode="rewrite_columns"
    )
    lance.LanceDataset.commit(dataset, change, read_version=dataset.version)


def name_files(dataset: lance.LanceDataset) -> dict[str, Files]:
    """Name the files that hold each column.

    What was deleted of them is named too.

    Args:
        dataset: The table.

    Returns:
        Names by column, that stay the same as long as no value of it changes.
    """
    table = whole(dataset)
    column_of = dict(_field_numbers(table.lance_schema.fields()))
    found: dict[str, list[str]] = {name: [] for name in table.schema.names}
    for fragment in table.get_fragments():
        kept = fragment.metadata
        for file in kept.files:
            for name in {column_of[number] for number in file.fields if number in column_of}:
                found[name].append(file.path)
        for names in found.values():
            names.append(f"{fragment.fragment_id}: {kept.deletion_file}")
    return to_seen(dataset, {name: tuple(files) for name, files in found.items()})


def _field_numbers(fields: Sequence[Any], column: str | None = None) -> Iterator[tuple[int, str]]:
    """The number of each field, and the column that it is part of."""
    for field in fields:
        name = column or str(field.name())
        yield field.id(), name
        yield from _field_numbers(field.children(), name)


def add_empty_columns(rows: pa.Table, fields: Sequence[pa.Field]) -> pa.Table:
    """Add empty columns that an older version's table lacks."""
    import pyarrow as pa

    for field in fields:
        rows = rows.append_column(field, pa.nulls(rows.num_rows, field.type))
    return rows


def release_memory() -> None:
    """Give memory of what was read back to the system.

    Arrow keeps it for the next read: of a million vectors a gigabyte.
    """
    import pyarrow as pa

    pa.default_memory_pool().release_unused()
