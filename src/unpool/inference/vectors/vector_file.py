"""Vectors that another program made, read from a file.

A .npy file holds an array (N, D); a list of paths lies beside it, or its rows are in the order of the images. A
.parquet file has the columns `path` and `vector`.

N vectors, D numbers in each.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unpool.core.text.encodings import decode_text
from unpool.core.text.json_files import load_json
from unpool.errors import UnpoolError, shorten_reason

if TYPE_CHECKING:
    import pyarrow as pa

ENDINGS = (".npy", ".parquet")
LISTS = (".json", ".csv", ".txt")  # of paths, beside a .npy file, the first that is there
PATH, VECTOR = "path", "vector"
BLOCK = 1 << 16  # vectors that are checked at a time


@dataclass(frozen=True)
class VectorFile:
    """Vectors of a file, all finite and of one length.

    Args:
        file: Where they come from.
        paths: The image of each; None where the rows are in the order of the images.
        vectors_ND: float32, or another kind of numbers that is cast when a vector is taken.
        digest: Of the content of the file and its list.
    """

    file: Path
    paths: list[str] | None
    vectors_ND: np.ndarray
    digest: str

    @property
    def dimension(self) -> int:
        """D, the length of a vector."""
        return int(self.vectors_ND.shape[1])


def read_vectors(file: Path) -> VectorFile:
    """Read vectors, and check them.

    Args:
        file: A .npy or .parquet file.

    Returns:
        The vectors with their paths.

    Raises:
        UnpoolError: the file cannot be read, its vectors differ in length or are not finite, or paths are missing or
            there twice.
    """
    ending = file.suffix.lower()
    if ending not in ENDINGS:
        raise UnpoolError(f"--vectors {file} is neither .npy nor .parquet; save an array (N, D) as .npy")
    if not file.is_file():
        raise UnpoolError(f"there is no file {file}; check --vectors")
    digest = hashlib.sha256()
    _add_content(digest, file)
    if ending == ".npy":
        vectors_ND = _read_npy(file)
        beside = next((each for each in map(file.with_suffix, LISTS) if each.is_file()), None)
        paths = None if beside is None else _read_paths(beside)
        if beside is not None and paths is not None:
            _add_content(digest, beside)
            if len(paths) != len(vectors_ND):
                raise UnpoolError(
                    f"{beside} names {len(paths)} paths, but {file} has {len(vectors_ND)} rows; give a path for each"
                )
    else:
        paths, vectors_ND = _read_parquet(file)
    if not len(vectors_ND) or not vectors_ND.shape[1]:
        raise UnpoolError(f"{file} holds no vectors: its shape is {vectors_ND.shape}")
    _check_finite(file, vectors_ND, paths)
    if paths is not None:
        _check_unique(file, paths)
    return VectorFile(file, paths, vectors_ND, digest.hexdigest())


def _add_content(digest: hashlib._Hash, file: Path) -> None:
    with file.open("rb") as stream:
        while block := stream.read(1 << 20):
            digest.update(block)


def _read_npy(file: Path) -> np.ndarray:
    try:
        vectors = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise UnpoolError(
            f"{file} cannot be read as an array ({shorten_reason(error)}); save one with numpy.save"
        ) from error
    if not isinstance(vectors, np.ndarray) or vectors.ndim != 2 or vectors.dtype.kind not in "fiu":
        shape, kind = getattr(vectors, "shape", ()), getattr(vectors, "dtype", "")
        raise UnpoolError(
            f"{file} holds {kind} of shape {shape}; expected numbers of shape (images, dimension)"
        )
    return vectors


def _read_paths(file: Path) -> list[str]:
    """The paths of a list beside an array."""
    text = decode_text(file.read_bytes()).text
    if file.suffix.lower() == ".json":
        try:
            found = load_json(text)
        except ValueError as error:
            raise UnpoolError(
                f"{file} cannot be read as JSON ({shorten_reason(error)}); give a list of paths"
            ) from error
        paths = found.get("paths") if isinstance(found, dict) else found
        if not isinstance(paths, list) or not all(isinstance(each, str) for each in paths):
            raise UnpoolError(
                f'{file} holds no list of paths; expected ["a.jpg", "b.jpg"] or {{"paths": […]}}'
            )
        return list(paths)
    if file.suffix.lower() == ".csv":
        rows = list(csv.reader(io.StringIO(text)))
        header = [cell.strip().lower() for cell in rows[0]] if rows else []
        if PATH not in header:
            raise UnpoolError(
                f"{file} has no column `path` in its first line; its columns are {', '.join(header)}"
            )
        column = header.index(PATH)
        return [row[column] for row in rows[1:] if len(row) > column]
    return [line for line in text.splitlines() if line.strip()]


def _read_parquet(file: Path) -> tuple[list[str], np.ndarray]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        names = pq.read_schema(file).names
        if missing := [name for name in (PATH, VECTOR) if name not in names]:
            raise UnpoolError(f"{file} has no column `{missing[0]}`; its columns are {', '.join(names)}")
        table = pq.read_table(file, columns=[PATH, VECTOR])
    except (OSError, pa.ArrowException) as error:
        raise UnpoolError(
            f"{file} cannot be read as Parquet ({shorten_reason(error)}); write it again"
        ) from error
    kind = table[PATH].type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind  # as of pandas' categories
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        raise UnpoolError(f"{file}: `path` is {kind}, expected text")
    has_vector = table[VECTOR].is_valid()
    paths = [str(each) for each in table[PATH].cast(pa.large_string()).filter(has_vector).to_pylist()]
    table = table.select([VECTOR]).filter(has_vector)
    return paths, _stack(file, paths, table[VECTOR])


def _stack(file: Path, paths: Sequence[str], column: pa.ChunkedArray) -> np.ndarray:
    """Lists of numbers as an array (N, D)."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    if not is_list or not (pa.types.is_floating(kind.value_type) or pa.types.is_integer(kind.value_type)):
        raise UnpoolError(f"{file}: `vector` is {kind}, expected lists of numbers")
    lengths_N = pc.list_value_length(column).to_numpy()
    if len(lengths_N) and (other := np.flatnonzero(lengths_N != lengths_N[0])).size:
        raise UnpoolError(
            f"{file}: the vector of {paths[other[0]]} has {lengths_N[other[0]]} numbers, that of {paths[0]} "
            f"{lengths_N[0]}; all must have as many"
        )
    flat = pc.list_flatten(column).combine_chunks()
    numbers: np.ndarray = flat.to_numpy(zero_copy_only=False).astype(
        np.float32, copy=False
    )  # null becomes NaN
    return numbers.reshape(len(paths), -1) if len(paths) else numbers.reshape(0, 0)


def _check_finite(file: Path, vectors_ND: np.ndarray, paths: Sequence[str] | None) -> None:
    wrong: list[int] = []
    with np.errstate(over="ignore"):
        for start, block_nD in _blocks(vectors_ND):
            wrong += (start + np.flatnonzero(~np.isfinite(block_nD.astype(np.float32)).all(axis=1))).tolist()
    if wrong:
        first = f"row {wrong[0]}" if paths is None else paths[wrong[0]]
        raise UnpoolError(
            f"{file}: {len(wrong)} of {len(vectors_ND)} vectors hold NaN or infinite numbers, the first is that of "
            f"{first}; leave them out or compute them again"
        )


def _blocks(vectors_ND: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    for start in range(0, len(vectors_ND), BLOCK):
        yield start, vectors_ND[start : start + BLOCK]


def _check_unique(file: Path, paths: Sequence[str]) -> None:
    seen: set[str] = set()
    for path in paths:
        if path in seen:
            raise UnpoolError(f"{file} has several vectors for {path}; leave one of them")
        seen.add(path)
