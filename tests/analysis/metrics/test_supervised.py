"""Figures of quality against closed forms, brute force and scikit-learn."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import cKDTree
from sklearn.manifold import trustworthiness as sklearn_trustworthiness
from sklearn.neighbors import KNeighborsClassifier

from unpool.analysis.metrics import supervised as quality
from unpool.errors import UnpoolError

few = st.lists(st.tuples(st.integers(-1, 3), st.integers(0, 3)), min_size=1, max_size=20)


def best_of_all_matchings(group_N: list[int], label_N: list[int]) -> float:
    """Accuracy by trying every one-to-one matching."""
    groups, labels = sorted(set(group_N)), [*sorted(set(label_N)), *["none"] * len(set(group_N))]
    pairs = list(zip(group_N, label_N, strict=True))
    return max(
        sum(dict(zip(groups, chosen, strict=True))[g] == c for g, c in pairs) / len(pairs)
        for chosen in itertools.permutations(labels, len(groups))
    )


@given(few)
@settings(max_examples=40)
def test_accuracy_is_that_of_the_best_matching(pairs):
    group_N, label_N = map(list, zip(*pairs, strict=True))
    assert quality.accuracy(group_N, label_N) == pytest.approx(best_of_all_matchings(group_N, label_N))


@given(few, st.permutations([0, 1, 2, 3]))
@settings(max_examples=40)
def test_names_of_groups_do_not_matter(pairs, names):
    group_N, label_N = map(list, zip(*pairs, strict=True))
    renamed_N = [names[g] if g >= 0 else -1 for g in group_N]
    for measure in (quality.accuracy, quality.nmi, quality.ari):
        assert measure(renamed_N, label_N) == pytest.approx(measure(group_N, label_N))
        assert -0.5 - 1e-9 <= measure(group_N, label_N) <= 1 + 1e-9


def test_noise_is_a_group_of_its_own():
    assert quality.accuracy([0, 0, -1, -1], ["a", "a", "b", "b"]) == 1
    assert quality.accuracy([0, 0, -1, -1], ["a", "a", "a", "a"]) == 0.5


def test_unequal_numbers_of_groups_and_classes():
    assert quality.accuracy([0, 1, 2, 3], ["a", "a", "b", "b"]) == 0.5
    assert quality.accuracy([0, 0, 0, 0], ["a", "b", "c", "c"]) == 0.5


def test_nmi_and_ari_in_closed_form():
    group_N, label_N = [0, 0, 1, 1], ["a", "a", "a", "b"]
    entropy = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    mutual = np.log(2) + entropy - (0.5 * np.log(2) + 2 * 0.25 * np.log(4))
    assert quality.nmi(group_N, label_N) == pytest.approx(2 * mutual / (np.log(2) + entropy))
    # Pairs together in both: 1; in groups 2, in classes 3, of 6: expected 1, at most 2.5.
    assert quality.ari(group_N, label_N) == pytest.approx((1 - 2 * 3 / 6) / (2.5 - 1))


def test_lengths_that_differ_are_refused():
    with pytest.raises(UnpoolError, match=r"groups and labels: shapes \(2,\) and \(3,\)"):
        quality.accuracy([0, 1], [0, 1, 2])
    with pytest.raises(UnpoolError, match="labels: 1, expected 2"):
        quality.knn_accuracy(np.eye(2), ["a"])
    with pytest.raises(UnpoolError, match="groups: 3, expected 2"):
        quality.evaluate(np.eye(2), [0, 1, 2])
    with pytest.raises(UnpoolError, match="labels: 3, expected 2"):
        quality.evaluate(np.eye(2), [0, 1], ["a", "b", "c"])


def blobs(num: int = 200, spread: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    label_N = rng.integers(4, size=num)
    return np.eye(4, 6)[label_N] + spread * rng.normal(size=(num, 6)), label_N


def test_knn_accuracy_against_leaving_each_one_out():
    vectors_ND, label_N = blobs(120, 0.5)
    right = 0
    for row in range(120):
        others = np.arange(120) != row
        voter = KNeighborsClassifier(1, metric="cosine").fit(vectors_ND[others], label_N[others])
        right += voter.predict(vectors_ND[[row]])[0] == label_N[row]
    assert quality.knn_accuracy(vectors_ND, label_N, k=1) == pytest.approx(right / 120)


def test_votes_are_counted_and_the_nearest_breaks_a_tie():
    angle_N = np.radians([0, 1, 2.5, 5])
    vectors_ND = np.stack([np.cos(angle_N), np.sin(angle_N)], axis=1)
    assert quality.knn_accuracy(vectors_ND, list("abba"), k=3) == 0.0  # row 0 hears b, b, a
    assert (
        quality.knn_accuracy(vectors_ND, list("aabb"), k=2) == 0.75
    )  # four ties: only row 2 has a stranger nearest
    assert quality.knn_accuracy(np.eye(1), ["a"]) is None


@pytest.mark.parametrize("k", [1, 5, 15])
def test_trustworthiness_is_that_of_scikit_learn(k):
    vectors_ND, _ = blobs()
    for xy_N2 in (vectors_ND[:, :2], np.random.default_rng(0).normal(size=(200, 2))):
        theirs = sklearn_trustworthiness(vectors_ND, xy_N2, n_neighbors=k, metric="cosine")
        assert quality.trustworthiness(vectors_ND, xy_N2, k) == pytest.approx(theirs, abs=1e-6)


def test_trustworthiness_by_parts_is_the_same_with_one_search_of_the_map(monkeypatch):
    vectors_ND, _ = blobs()
    xy_N2 = np.random.default_rng(0).normal(size=(200, 2))
    expected, built = quality.trustworthiness(vectors_ND, xy_N2), []
    monkeypatch.setattr(quality, "NUM_DISTANCES", 7 * 200)
    monkeypatch.setattr("scipy.spatial.cKDTree", lambda places: built.append(1) or cKDTree(places))
    assert quality.trustworthiness(vectors_ND, xy_N2) == pytest.approx(expected)
    assert built == [1]


def test_trustworthiness_is_two_sided():
    angle_N = np.random.default_rng(0).uniform(0, 1, 300)
    circle_N2 = np.stack([np.cos(angle_N), np.sin(angle_N)], axis=1)
    assert quality.trustworthiness(circle_N2, circle_N2) == 1
    assert quality.trustworthiness(circle_N2, np.random.default_rng(1).permutation(circle_N2)) < 0.6
    part = quality.trustworthiness(circle_N2, circle_N2[:, ::-1] * [1, 0], sample=100)
    assert part > 0.98


@pytest.mark.parametrize("num", [1, 2, 3, 4, 7])
def test_trustworthiness_of_few(num):
    vectors_ND = np.random.default_rng(0).normal(size=(num, 2))
    answer = quality.trustworthiness(vectors_ND, vectors_ND)
    assert answer is None if num < 3 else 0 <= answer <= 1


def test_medoids_are_nearest_to_the_mean_direction():
    vectors_ND, label_N = blobs()
    label_N[:10] = -1
    found = quality.medoids(vectors_ND, label_N, 7)
    assert sorted(found) == [0, 1, 2, 3]
    for group, rows in found.items():
        members = [row for row in range(200) if label_N[row] == group]
        lengths = [v / np.linalg.norm(v) for v in vectors_ND]
        mean = sum(lengths[row] for row in members)
        expected = sorted(members, key=lambda row: -float(lengths[row] @ mean))[:7]
        assert rows.tolist() == expected
    assert len(quality.medoids(np.eye(2), [0, 0], 5)[0]) == 2


def test_the_odd_one_out_scores_highest():
    vectors_ND, _ = blobs(100, 0.05)
    vectors_ND[42] = [0, 0, 0, 0, 0, 1]
    score_N = quality.outlier_score(vectors_ND)
    unit_ND = vectors_ND / np.linalg.norm(vectors_ND, axis=1, keepdims=True)
    nearest_NK = np.sort(1 - unit_ND @ unit_ND.T)[:, 1:11]  # the first is the row itself
    np.testing.assert_allclose(score_N, nearest_NK.mean(axis=1), atol=1e-6)
    assert score_N.dtype == np.float32
    assert score_N.argmax() == 42
    assert score_N[42] > 3 * np.delete(score_N, 42).max()
    assert quality.outlier_score([[1.0, 2.0]]).tolist() == [0.0]


def test_evaluate_gathers_all_and_skips_what_has_no_label():
    vectors_ND, label_N = blobs()
    names = [
        None if row < 50 else float("nan") if row < 60 else f"class {c}" for row, c in enumerate(label_N)
    ]
    figures = quality.evaluate(vectors_ND, label_N, names)
    assert list(figures) == [
        "images", "groups", "accuracy", "nmi", "ari", "knn_accuracy", "silhouette", "coverage"
    ]  # fmt: skip
    assert (figures["images"], figures["groups"], figures["accuracy"], figures["coverage"]) == (200, 4, 1, 1)
    assert figures["knn_accuracy"] == quality.knn_accuracy(vectors_ND[60:], label_N[60:])
    without = quality.evaluate(vectors_ND, np.where(label_N == 2, -1, label_N))
    assert [without[key] for key in ("accuracy", "nmi", "ari", "knn_accuracy")] == [None] * 4
    assert without["groups"] == 3
    assert without["coverage"] == pytest.approx(np.mean(label_N != 2))
    assert quality.evaluate(vectors_ND, label_N, [None] * 200)["accuracy"] is None
