"""Batches hold images near each other of one name, and only probable ones."""

from __future__ import annotations

import numpy as np

from support.kinds import make_kinds
from unpool.analysis.classification.batches import find_batches


def test_a_batch_holds_the_images_nearest_to_the_most_certain() -> None:
    unit_ND, kind_N = make_kinds((50, 40), spread=0.4)
    probability_NK = np.full((90, 2), 0.03, np.float32)
    probability_NK[np.arange(90), kind_N] = 0.97
    probability_NK[7, kind_N[7]] = 0.99
    is_open_N = np.ones(90, bool)
    batches = {batch.class_: batch for batch in find_batches(unit_ND, probability_NK, is_open_N, size=10)}
    batch = batches[int(kind_N[7])]
    same = np.flatnonzero(kind_N == kind_N[7])
    nearest = same[np.argsort(-(unit_ND[same] @ unit_ND[7]))[:10]]
    assert batch.rows[0] == 7
    assert set(batch.rows) == set(nearest.tolist())
    assert abs(batch.probability - (0.97 * 9 + 0.99) / 10) < 1e-6
    assert set(batches) == {0, 1}


def test_doubtful_and_closed_images_are_left_out() -> None:
    unit_ND, _ = make_kinds((30,))
    probability_NK = np.tile(np.array([[0.95, 0.05]], np.float32), (30, 1))
    probability_NK[:10] = [0.85, 0.15]
    is_open_N = np.arange(30) != 12
    (batch,) = find_batches(unit_ND, probability_NK, is_open_N)
    assert set(batch.rows) == {*range(10, 30)} - {12}
    assert find_batches(unit_ND, probability_NK, np.arange(30) > 25) == []  # fewer than five


def test_the_most_probable_batch_comes_first() -> None:
    unit_ND, kind_N = make_kinds((20, 20, 20))
    probability_NK = np.full((60, 3), 0.01, np.float32)
    probability_NK[np.arange(60), kind_N] = np.array([0.92, 0.98, 0.95])[kind_N]
    assert [batch.class_ for batch in find_batches(unit_ND, probability_NK, np.ones(60, bool))] == [1, 2, 0]
