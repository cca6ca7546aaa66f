"""Lists find what comparing all finds, and compare few."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis import inverted_lists
from unpool.analysis.inverted_lists import RECALL, InvertedLists, largest_products, train_centres
from unpool.analysis.neighbours import normalise

NUM, D = 3000, 16


def draw(spread: float, num: int = NUM) -> np.ndarray:
    rng = np.random.default_rng(0)
    centre_CD = rng.normal(size=(10, D))
    return normalise(centre_CD[rng.integers(10, size=num)] + spread * rng.normal(size=(num, D)))


def true_rows(query_QD: np.ndarray, vector_ND: np.ndarray, k: int) -> np.ndarray:
    return np.argsort(-query_QD.astype(np.float64) @ vector_ND.T.astype(np.float64), axis=1)[:, :k]


def recall(found_QK: np.ndarray, true_QK: np.ndarray) -> float:
    return float(
        np.mean([np.isin(true, found).mean() for true, found in zip(true_QK, found_QK, strict=True)])
    )


@pytest.mark.parametrize("spread", [0.1, 0.5, 10.0])
def test_all_rows_find_their_neighbours(spread: float) -> None:
    unit_ND = draw(spread)
    lists = InvertedLists(unit_ND, 0)
    cosine_NK, row_NK = lists.search(unit_ND, 8)
    assert recall(row_NK, true_rows(unit_ND, unit_ND, 8)) >= 0.985
    assert lists.recall_of[8] >= RECALL
    np.testing.assert_allclose(cosine_NK, np.einsum("nd,nkd->nk", unit_ND, unit_ND[row_NK]), atol=1e-6)
    assert (np.diff(cosine_NK, axis=1) <= 0).all()


def test_other_queries_find_theirs() -> None:
    unit_ND, query_QD = draw(0.5), draw(0.6, 200)
    assert recall(InvertedLists(unit_ND, 0).search(query_QD, 8)[1], true_rows(query_QD, unit_ND, 8)) >= 0.98


def test_grouped_rows_are_compared_with_few() -> None:
    """What the lists are for: neighbours are found among a part of the rows."""
    lists = InvertedLists(draw(0.1), 0)
    assert lists.num_lists == 108
    assert lists._measure(8) <= NUM // 4


def test_no_more_rows_are_compared_than_allowed_and_the_recall_says_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(inverted_lists, "MAX_COMPARED", 150)
    unit_ND = draw(10.0)
    lists = InvertedLists(unit_ND, 0)
    found_NK = lists.search(unit_ND, 8)[1]
    true = recall(found_NK, true_rows(unit_ND, unit_ND, 8))
    assert lists.recall_of[8] == pytest.approx(true, abs=0.05)
    assert true < 0.7


def test_more_is_found_than_the_nearest_lists_hold() -> None:
    unit_ND = draw(0.5, 400)
    lists = InvertedLists(unit_ND, 0)
    lists._num_compared[400] = 1
    assert [sorted(row) for row in lists.search(unit_ND[:3], 400)[1].tolist()] == [list(range(400))] * 3


def test_a_row_of_zeros_and_many_equal_ones_are_searched() -> None:
    unit_ND = np.concatenate([np.zeros((1, D), np.float32), np.tile(draw(0.5, 1), (600, 1)), draw(0.5, 600)])
    cosine_NK, row_NK = InvertedLists(unit_ND, 0).search(unit_ND, 5)
    assert np.isfinite(cosine_NK).all()
    assert (cosine_NK[0] == 0).all()
    assert (row_NK >= 0).all()


def test_the_same_seed_gives_the_same_lists() -> None:
    unit_ND = draw(0.5)
    np.testing.assert_array_equal(train_centres(unit_ND, 30, 4), train_centres(unit_ND, 30, 4))
    assert not np.array_equal(train_centres(unit_ND, 30, 4), train_centres(unit_ND, 30, 5))
    one, other = (InvertedLists(unit_ND, 3).search(unit_ND, 4)[1] for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_largest_products_are_those_of_numpy() -> None:
    rng = np.random.default_rng(1)
    query_QD, vector_ND = (rng.normal(size=(num, 5)).astype(np.float32) for num in (30, 70))
    product_QK, row_QK = largest_products(query_QD, vector_ND, 4)
    np.testing.assert_array_equal(row_QK, true_rows(query_QD, vector_ND, 4))
    np.testing.assert_allclose(product_QK, np.sort(query_QD @ vector_ND.T)[:, :-5:-1], rtol=1e-5)


def test_many_equal_rows_are_not_all_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inverted_lists, "MAX_LIST", 50)
    unit_ND = np.concatenate([np.tile(draw(0.5, 1), (900, 1)), draw(0.5, 300)])
    lists = InvertedLists(unit_ND, 0)
    assert np.diff(lists._bounds).max() <= 50
    assert sorted(lists._row_N.tolist()) == list(range(1200))
    cosine_NK, row_NK = lists.search(unit_ND, 5)
    np.testing.assert_allclose(cosine_NK[:900], 1, atol=1e-6)
    assert (row_NK[:900] < 901).all()
    assert lists._num_compared[5] <= 300
    true_NK = np.sort(unit_ND[900:] @ unit_ND.T, axis=1)[:, :-6:-1]
    assert (cosine_NK[900:] >= true_NK - 1e-6).mean() > 0.97
