"""New vectors join by their neighbours; how badly they fit is measured."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis import joining
from unpool.analysis.joining import DRIFT_LIMIT, find_near, measure_drift, vote


def test_a_few_new_vectors_find_the_neighbours_that_all_distances_say(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(0)
    vectors_ND = rng.normal(size=(300, 8)).astype(np.float32)
    known_B = np.flatnonzero(rng.random(300) < 0.7)
    new_MD = rng.normal(size=(5, 8)) * 7
    unit_ND = vectors_ND / np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    unit_MD = new_MD / np.linalg.norm(new_MD, axis=1, keepdims=True)
    far_MB = 1 - unit_MD @ unit_ND[known_B].T
    expected = known_B[np.argsort(far_MB, axis=1)[:, :10]]
    for rows, pairs in ((65_536, 10**9), (32, 10**9), (32, 0)):
        monkeypatch.setattr(joining, "ROWS_AT_ONCE", rows)
        monkeypatch.setattr(joining, "MAX_PAIRS", pairs)
        distance_MK, row_MK = find_near(new_MD, vectors_ND, known_B)
        assert row_MK.tolist() == expected.tolist()
        np.testing.assert_allclose(distance_MK, np.sort(far_MB, axis=1)[:, :10], atol=1e-6)


def test_of_fewer_known_vectors_all_are_neighbours() -> None:
    assert find_near([[1, 0]], np.eye(2, dtype=np.float32), np.array([1]))[1].tolist() == [[1]]


def test_a_small_group_nearby_wins_against_a_large_one_behind_it() -> None:
    distance_MK = np.array([[0.01, 0.02, 0.03, *[0.9] * 7]], np.float32)
    group_M, share_M = vote(distance_MK, np.array([[5] * 3 + [2] * 7]))
    assert group_M.tolist() == [5]
    assert share_M[0] > 0.99
    group_M, share_M = vote(np.zeros((1, 3), np.float32), np.array([[1, 2, 2]]))
    assert (group_M.tolist(), round(float(share_M[0]), 3)) == ([2], 0.667)


def test_drift_is_small_where_images_fit_and_large_where_they_do_not() -> None:
    rng = np.random.default_rng(0)
    there, nothing = rng.uniform(0.1, 0.2, 1000), np.full(1000, np.nan)
    assert measure_drift(there, nothing) == (1000, 0, 0, 0.0)
    like = rng.uniform(0.1, 0.2, 100)
    fits = measure_drift([*there, *like], [*nothing, *like])
    assert fits.drift < 0.12
    assert not fits.is_large
    strange = measure_drift([*there, *(like + 0.2)], [*nothing, *(like + 0.2)])
    assert (strange.joined, strange.far, strange.drift, strange.is_large) == (100, 100, 1.0, True)
    few = measure_drift([*there, *[0.9] * 5], [*nothing, *[0.9] * 5])
    assert (few.far, few.is_large) == (5, False)


def test_drift_grows_with_the_share_of_images_that_joined() -> None:
    score = np.full(400, 0.1)
    for joined in (0, 99, 100, 400):
        drift = measure_drift(score, np.where(np.arange(400) < joined, 0.1, np.nan))
        assert drift.drift == round(joined / 400, 4)
        assert drift.is_large == (joined / 400 >= DRIFT_LIMIT)
    assert measure_drift([], []).drift == 0
