"""Random numbers depend on (seed, epoch, image) alone, and are uniform."""

from __future__ import annotations

import ctypes
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unpool.core.rng import seed_c, subsample_indices, uniform


def splitmix64(state: int) -> int:
    """The finaliser of Steele, Lea and Flood 2014 in Python's whole numbers: an independent route."""
    mask = (1 << 64) - 1
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & mask
    return state ^ (state >> 31)


def expected(seed: int, epoch: int, index: int, number: int, stream: int) -> float:
    golden, mask, state = 0x9E3779B97F4A7C15, (1 << 64) - 1, 0
    for part in (seed, epoch, stream):
        state = splitmix64((state * golden + part + 1) & mask)
    row = splitmix64((state + (index + 1) * golden) & mask)
    bits = splitmix64((row + number * golden) & mask)
    return (bits >> 40) / (1 << 23) - 1


@settings(max_examples=50)
@given(st.integers(0, 2**31 - 1), st.integers(0, 10**6), st.integers(0, 10**7), st.integers(0, 9))
def test_the_numbers_are_splitmix64(seed: int, epoch: int, index: int, stream: int) -> None:
    found_BK = uniform(seed, epoch, np.array([index]), 3, stream)
    assert found_BK.dtype == np.float32
    assert found_BK[0].tolist() == [expected(seed, epoch, index, number, stream) for number in (1, 2, 3)]


def test_the_numbers_are_uniform_and_differ_by_every_part_of_the_key() -> None:
    index_N = np.arange(20_000)
    one = uniform(0, 0, index_N, 2)
    assert np.histogram(one, 10, (-1, 1))[0] == pytest.approx(4_000, rel=0.06)
    assert abs(np.corrcoef(one.T)[0, 1]) < 0.02
    for other in (uniform(1, 0, index_N, 2), uniform(0, 1, index_N, 2), uniform(0, 0, index_N, 2, 1)):
        assert abs(np.corrcoef(one[:, 0], other[:, 0])[0, 1]) < 0.02


def test_subsample_is_sorted_without_repeats_and_repeatable() -> None:
    rows = subsample_indices(1000, 50, 3)
    assert len(set(rows.tolist())) == 50
    assert (np.diff(rows) > 0).all()
    assert (rows == subsample_indices(1000, 50, np.random.default_rng(3))).all()
    assert subsample_indices(5, 5, 0).tolist() == [0, 1, 2, 3, 4]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads glibc's rand")
def test_the_c_library_is_seeded() -> None:
    rand = ctypes.CDLL(None).rand
    seed_c(7)
    one = [rand() for _ in range(3)]
    seed_c(7)
    assert [rand() for _ in range(3)] == one
    seed_c(8)
    assert [rand() for _ in range(3)] != one
