"""Places of paths among sorted ones.

N sorted paths, P looked up.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

MAX_BISECTED = 1_000  # paths: for more, a hash table of all is made sooner


def find_sorted(paths: pa.Array, values: pa.Array | pa.ChunkedArray) -> np.ndarray:
    """Find the places of some paths.

    Few are looked up one by one: of a million paths a hash table takes a tenth of a second.

    Args:
        paths: Arrow array of N paths, sorted.
        values: Arrow array of P paths, null ones too.

    Returns:
        (P,) places, -1 for a path that is missing.

    >>> import pyarrow as pa
    >>> find_sorted(pa.array(["a", "c"]), pa.array(["c", "b", None])).tolist()
    [1, -1, -1]
    """
    import pyarrow.compute as pc

    if len(values) > MAX_BISECTED:
        found = pc.fill_null(pc.index_in(values, value_set=paths, skip_nulls=True), -1)
        return np.asarray(found.to_numpy(zero_copy_only=False), np.int64)
    places = (-1 if value is None else _bisect(paths, value) for value in values.to_pylist())
    return np.fromiter(places, np.int64, len(values))


def _bisect(paths: pa.Array, value: str) -> int:
    # Arrow sorts by the bytes of UTF-8, which is the order of Python's strings but for lone surrogates: there are none.
    place = bisect_left(range(len(paths)), value, key=lambda at: paths[at].as_py())
    return place if place < len(paths) and paths[place].as_py() == value else -1
