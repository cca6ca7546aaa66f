"""The silhouette in closed form, sampled, and with noise."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import silhouette_score

from unpool.analysis.metrics import silhouette as separation


def blobs(num: int = 200, spread: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    label_N = rng.integers(4, size=num)
    return np.eye(4, 6)[label_N] + spread * rng.normal(size=(num, 6)), label_N


def test_silhouette_in_closed_form():
    vectors_ND = [[1, 0], [1, 0], [0, 1], [0, 1], [1, 1]]
    # Own group at distance 0 and the other at 1: four ones. The middle: own mean a = 1 − √½, other the same: 0.
    a = 1 - np.sqrt(0.5)
    own = [1 - (a / 2) / 1] * 2  # the middle is in group 0: its two fellows lie a/2 away on average
    others = [1 - 0 / ((1 + 1 + a) / 3)] * 2
    assert separation.silhouette(vectors_ND, [0, 0, 1, 1, 0]) == pytest.approx(
        np.mean([*own, *others, 0]), abs=1e-6
    )


def test_silhouette_leaves_noise_out_and_needs_two_groups():
    vectors_ND, label_N = blobs()
    assert separation.silhouette(vectors_ND, np.zeros(200)) is None
    assert separation.silhouette(vectors_ND, np.where(label_N, -1, 0)) is None
    assert separation.silhouette(np.eye(3), [0, 1, 2]) is None
    kept = label_N != 3
    noisy_N = np.where(kept, label_N, -1)
    assert separation.silhouette(vectors_ND, noisy_N) == separation.silhouette(
        vectors_ND[kept], label_N[kept]
    )


@pytest.mark.parametrize("rows_at_once", [1_000, 64])
def test_silhouettes_are_those_of_scikit_learn(monkeypatch, rows_at_once):
    monkeypatch.setattr(separation, "ROWS_AT_ONCE", rows_at_once)
    vectors_ND, label_N = blobs()
    vectors_ND[5] = 0  # one away from all, itself included
    label_N[7] = 9  # alone in its group
    expected = silhouette_score(vectors_ND, label_N, metric="cosine")
    assert separation.silhouette(vectors_ND, label_N) == pytest.approx(expected, abs=1e-6)
    others_N = np.random.default_rng(2).integers(5, size=200)
    found = separation.map_silhouettes(vectors_ND[:, :2], [label_N, others_N, np.zeros(200)])
    expected = [silhouette_score(vectors_ND[:, :2], groups) for groups in (label_N, others_N)]
    assert found == [pytest.approx(each, abs=1e-6) for each in expected] + [None]
    noisy_N = np.where(label_N == 2, -1, label_N)
    expected = silhouette_score(vectors_ND[label_N != 2, :2], label_N[label_N != 2])
    assert separation.map_silhouette(vectors_ND[:, :2], noisy_N) == pytest.approx(expected, abs=1e-6)


def test_a_sampled_silhouette_is_near_the_whole_one_and_repeats():
    vectors_ND, label_N = blobs(2000)
    place_N2 = vectors_ND[:, :2]
    whole, part = (separation.map_silhouette(place_N2, label_N, sample=size) for size in (5000, 500))
    assert part != whole
    assert part == pytest.approx(whole, abs=0.05)
    assert part == separation.map_silhouette(place_N2, label_N, sample=500)


def test_a_map_in_one_point_is_grouped_by_its_shape():
    place_N2 = np.array([[0, 0], [0, 1], [9, 0], [9, 1]]) * 1e-30
    assert sorted(np.bincount(separation.map_groups(place_N2, 2))) == [2, 2]


def test_groups_of_several_numbers_are_as_tight_as_those_of_each():
    place_N2 = blobs(400)[0][:, :2]

    def scatter(label_N: np.ndarray) -> float:
        parts = [place_N2[label_N == group] for group in np.unique(label_N)]
        return sum(float(((part - part.mean(axis=0)) ** 2).sum()) for part in parts)

    found = separation.map_groups_of_numbers(place_N2, range(2, 9))
    for number, label_N in zip(range(2, 9), found, strict=True):
        assert len(set(label_N)) == number
        assert scatter(label_N) < 1.03 * scatter(separation.map_groups(place_N2, number))
    np.testing.assert_array_equal(found[-1], separation.map_groups_of_numbers(place_N2, [8])[0])
    assert separation.map_groups_of_numbers(place_N2, []) == []
