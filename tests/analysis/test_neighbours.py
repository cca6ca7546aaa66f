"""Neighbours against NumPy brute force."""

from __future__ import annotations

import re
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from unpool.analysis import neighbours
from unpool.analysis.memo import clear_memos
from unpool.analysis.neighbours import Index, nearest, normalise, self_neighbours
from unpool.errors import UnpoolError


def brute_force(queries_QD: np.ndarray, vectors_ND: np.ndarray) -> np.ndarray:
    """All cosine distances (Q, N), in float64."""
    q, v = (np.asarray(table, dtype=np.float64) for table in (queries_QD, vectors_ND))
    return 1 - (q @ v.T) / np.outer(np.linalg.norm(q, axis=1), np.linalg.norm(v, axis=1))


@given(st.integers(1, 40), st.integers(1, 8), st.integers(1, 50), st.integers(0, 2**16))
@settings(max_examples=40)
def test_distances_are_those_of_brute_force(num, dimension, k, seed):
    rng = np.random.default_rng(seed)
    vectors_ND, queries_QD = rng.normal(size=(num, dimension)), rng.normal(size=(5, dimension))
    distances_QK, indices_QK = nearest(queries_QD, vectors_ND, k)
    every_QN = brute_force(queries_QD, vectors_ND)
    assert distances_QK.shape == indices_QK.shape == (5, min(k, num))
    np.testing.assert_allclose(distances_QK, np.sort(every_QN)[:, :k], atol=1e-6)
    np.testing.assert_allclose(np.take_along_axis(every_QN, indices_QK, 1), distances_QK, atol=1e-6)


@given(arrays(np.float32, (7, 3), elements=st.integers(-2, 2)), st.integers(1, 9))
@settings(max_examples=60)
def test_no_row_is_its_own_neighbour_even_among_duplicates_and_zeros(vectors_ND, k):
    distances_NK, indices_NK = self_neighbours(vectors_ND, k)
    assert indices_NK.shape == (7, min(k, 6))
    assert not (indices_NK == np.arange(7)[:, None]).any()
    assert all(len(set(row)) == len(row) for row in indices_NK.tolist())
    unit_ND = normalise(vectors_ND).astype(np.float64)
    every_NN = np.clip(1 - unit_ND @ unit_ND.T, 0, 2)
    np.fill_diagonal(every_NN, np.inf)
    np.testing.assert_allclose(distances_NK, np.sort(every_NN)[:, : min(k, 6)], atol=1e-6)


def test_many_equal_rows_have_each_other():
    distances_NK, indices_NK = self_neighbours(np.ones((50, 4)), 5)
    assert indices_NK.shape == (50, 5)
    assert not (indices_NK == np.arange(50)[:, None]).any()
    assert (distances_NK < 1e-6).all()


@pytest.mark.parametrize("spread", [0.1, 0.5, 10.0])
def test_lists_find_what_brute_force_finds(monkeypatch, spread):
    monkeypatch.setattr(neighbours, "EXACT_BELOW", 1000)
    rng = np.random.default_rng(0)
    centres_CD = rng.normal(size=(10, 16))
    vectors_ND = centres_CD[rng.integers(10, size=4000)] + spread * rng.normal(size=(4000, 16))
    index = Index(vectors_ND)
    assert index._lists is not None  # it is not an exact search that answers
    found_SK = index.nearest(vectors_ND[:300], 10)[1]
    true_SK = np.argsort(brute_force(vectors_ND[:300], vectors_ND))[:, :10]
    recall = np.mean([np.isin(true, found).mean() for true, found in zip(true_SK, found_SK, strict=True)])
    assert recall >= 0.99
    assert index.recall(10) >= 0.99
    again_SK = Index(vectors_ND).nearest(vectors_ND[:300], 10)[1]
    np.testing.assert_array_equal(found_SK, again_SK)


def test_few_queries_are_compared_with_all(monkeypatch):
    monkeypatch.setattr(neighbours, "EXACT_BELOW", 1000)
    monkeypatch.setattr(neighbours, "InvertedLists", None)
    vectors_ND = np.random.default_rng(0).normal(size=(4000, 16))
    found_QK = nearest(vectors_ND[:7] + 0.1, vectors_ND, 10)[1]
    np.testing.assert_array_equal(found_QK, np.argsort(brute_force(vectors_ND[:7] + 0.1, vectors_ND))[:, :10])
    with pytest.raises(TypeError):  # the other side: many are not
        nearest(np.repeat(vectors_ND, 2, axis=0), vectors_ND, 10)


def test_lists_fill_up_when_more_is_asked_than_they_hold(monkeypatch):
    monkeypatch.setattr(neighbours, "EXACT_BELOW", 500)
    vectors_ND = np.random.default_rng(0).normal(size=(600, 4))
    index = Index(vectors_ND)
    distances_QK, indices_QK = index.nearest(vectors_ND[:5], 600)
    assert [sorted(row) for row in indices_QK.tolist()] == [list(range(600))] * 5
    np.testing.assert_allclose(distances_QK, np.sort(brute_force(vectors_ND[:5], vectors_ND)), atol=1e-6)


@pytest.mark.parametrize("scale", [1e-30, 1.0, 1e30])
def test_unit_rows_at_any_scale(scale):
    rows_ND = normalise(np.array([[3, 4], [-4, 3]]) * scale)
    assert rows_ND.dtype == np.float32
    np.testing.assert_allclose(rows_ND, [[0.6, 0.8], [-0.8, 0.6]], rtol=1e-6)


def test_a_row_of_zeros_stays_and_is_one_away_from_all():
    assert (normalise([[0.0, 0.0], [0.0, 2.0]]) == [[0, 0], [0, 1]]).all()
    assert nearest([[1.0, 0.0]], [[0.0, 0.0]], 1)[0].tolist() == [[1.0]]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_numbers_that_are_none_are_refused(bad):
    vectors_ND = np.ones((4, 2))
    vectors_ND[2, 1] = bad
    with pytest.raises(UnpoolError, match=r"1 of 4 rows hold NaN or infinity \(the first is row 2\).*embed"):
        self_neighbours(vectors_ND, 1)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (3,), ()])
def test_tables_without_rows_or_columns_are_refused(shape):
    with pytest.raises(UnpoolError, match=re.escape(f"vectors: shape {shape}, expected (rows, numbers)")):
        Index(np.zeros(shape))


def test_queries_of_another_length_are_refused():
    with pytest.raises(UnpoolError, match="queries: 3 numbers each, expected 2"):
        nearest(np.ones((1, 3)), np.ones((4, 2)), 1)
    with pytest.raises(UnpoolError, match=r"queries: shape \(1, 2\), expected \(4, 2\)"):
        nearest(np.ones((1, 2)), np.ones((4, 2)), 1, exclude_self=True)


def test_the_room_is_entered_without_heavy_luggage():
    code = (
        "import sys; from unpool.analysis import mapping, neighbours; "
        "from unpool.analysis.clustering import grouping; from unpool.analysis.metrics import supervised; "
        "print([m for m in ('faiss', 'sklearn', 'scipy', 'openTSNE', 'umap', 'torch') if m in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"


def test_one_search_serves_all_who_ask_for_few_neighbours(monkeypatch):
    vectors_ND = np.random.default_rng(5).normal(size=(50, 6)).astype(np.float32)
    clear_memos()
    searches = []
    plain = neighbours.Index.self_nearest
    monkeypatch.setattr(
        neighbours.Index, "self_nearest", lambda index, k: (searches.append(k), plain(index, k))[1]
    )
    for k in (10, 15, 3, 16):
        distances_NK, indices_NK = self_neighbours(vectors_ND, k)
        expected = plain(neighbours.Index(vectors_ND), k)
        np.testing.assert_array_equal(indices_NK, expected[1])
        np.testing.assert_array_equal(distances_NK, expected[0])
        indices_NK[:] = -1  # the next caller gets its own
    self_neighbours(vectors_ND, 5, seed=7)
    assert searches == [neighbours.NUM_KEPT], "an exact search is the same for any seed"
    assert neighbours.self_recall(vectors_ND) == 1
    self_neighbours(vectors_ND, 17)
    self_neighbours(vectors_ND + 1, 3)
    assert searches == [16, 17, 16]


def test_rows_of_length_one_are_not_copied():
    unit_ND = normalise(np.random.default_rng(5).normal(size=(50, 6)))
    assert normalise(unit_ND) is unit_ND
    assert normalise(unit_ND * np.float32(1.01)) is not unit_ND


def test_the_recall_of_a_kept_search_is_known(monkeypatch):
    monkeypatch.setattr(neighbours, "EXACT_BELOW", 1000)
    vectors_ND = np.random.default_rng(3).normal(size=(2000, 6)).astype(np.float32)
    clear_memos()
    assert neighbours.self_recall(vectors_ND) == 1, "nothing was searched yet"
    monkeypatch.setattr(neighbours.Index, "recall", lambda index, k: 0.5 if k == 17 else 1.0)
    self_neighbours(vectors_ND, 4)
    assert neighbours.self_recall(vectors_ND) == 0.5


def test_many_rows_are_scaled_as_few_are(monkeypatch):
    vectors_ND = np.random.default_rng(4).normal(size=(100, 6)).astype(np.float32)
    expected_ND = normalise(vectors_ND)
    monkeypatch.setattr(neighbours, "VALUES_AT_ONCE", 21)
    np.testing.assert_array_equal(normalise(vectors_ND), expected_ND)
