"""Random numbers as a function of (seed, epoch, image).

They are the same after a resume and in any order of images.

B images in a batch, K numbers for each, S rows of a table.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence

import numpy as np

GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def uniform(seed: int, epoch: int, index_B: np.ndarray, count: int, stream: int = 0) -> np.ndarray:
    """Draw `count` numbers in [-1, 1) for each image.

    Args:
        seed: the run's seed.
        epoch: the epoch, from 0.
        index_B: the images' indices in the data set, whole numbers.
        count: K, numbers for each image.
        stream: separates uses of the same image.

    Returns:
        (B, K) float32.

    Source: Steele, Lea, Flood 2014, Fast Splittable Pseudorandom Number Generators (SplitMix64), used as a
    hash of the counter.

    >>> a = uniform(0, 3, np.array([5, 9]), 2)
    >>> bool((uniform(0, 3, np.array([9, 5]), 2) == a[::-1]).all())
    True
    """
    key = np.array([seed, epoch, stream], dtype=np.uint64)
    with np.errstate(over="ignore"):
        state = np.zeros((), np.uint64)
        for part in key:
            state = _mix(state * GOLDEN + part + np.uint64(1))
        rows_B1 = _mix(state + (index_B.astype(np.uint64)[:, None] + np.uint64(1)) * GOLDEN)
        bits_BK = _mix(rows_B1 + np.arange(1, count + 1, dtype=np.uint64) * GOLDEN)
    return ((bits_BK >> np.uint64(40)).astype(np.float32) / np.float32(1 << 23)) - np.float32(1)


def subsample_indices(
    count: int, at_most: int, seed: int | Sequence[int] | np.random.Generator
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Draw at most `at_most` row indices of `count`, in order.

    All are taken where there are no more. Returns (S,) whole numbers.

    >>> subsample_indices(3, 5, 0).tolist(), subsample_indices(100, 3, 0).tolist()
    ([0, 1, 2], [51, 63, 83])
    """
    if count <= at_most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, at_most, replace=False))


def seed_c(seed: int) -> None:
    """Seed the C library's `rand`.

    Some compiled packages draw from it and give no way to seed it.

    >>> seed_c(3)
    """
    name = "ucrtbase" if sys.platform == "win32" else None
    ctypes.CDLL(name).srand(seed)


def _mix(state: np.ndarray) -> np.ndarray:
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: np.ndarray = state ^ (state >> np.uint64(31))
    return mixed
