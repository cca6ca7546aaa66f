"""Results kept for the next caller with the same arrays.

The map, groups, purity, outliers and communities of one set of vectors need the same neighbours and directions; each
asks for them by the vectors, and the first answer serves all.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Any, Generic, TypeVar

import numpy as np
import numpy.typing as npt

Value = TypeVar("Value")
_MEMOS: list[Memo[Any]] = []


class Memo(Generic[Value]):
    """The last few results, by what they were computed from.

    Args:
        size: Number of results that are kept.

    >>> memo = Memo[int](1)
    >>> memo["a"] = 1
    >>> memo["b"] = 2
    >>> memo.get("a"), memo.get("b")
    (None, 2)
    """

    def __init__(self, size: int) -> None:
        self._size = size
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()
        self._lock = Lock()
        _MEMOS.append(self)

    def get(self, key: Hashable) -> Value | None:
        """Return what is kept, or None."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def __setitem__(self, key: Hashable, value: Value) -> None:
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > self._size:
                self._kept.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._kept.clear()


def clear_memos() -> None:
    """Forget all results, of every kind."""
    for memo in _MEMOS:
        memo.clear()


def digest(table: npt.NDArray[np.generic]) -> bytes:
    """Compute a key of an array's content, shape and type.

    >>> digest(np.zeros(2)) == digest(np.zeros(2)), digest(np.zeros(2)) == digest(np.zeros((2, 1)))
    (True, False)
    """
    content = hashlib.blake2b(np.ascontiguousarray(table).data, digest_size=16)
    content.update(repr((table.shape, table.dtype.str)).encode())
    return content.digest()
