"""Groups: found where they are, the same for a seed, alive for few and equal vectors."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.cluster import KMeans
from sklearn.datasets import load_digits

from unpool.analysis.clustering import consensus as confident
from unpool.analysis.clustering import grouping
from unpool.analysis.clustering.grouping import Grouping, group, relabel_by_size
from unpool.analysis.clustering.num_groups import num_groups_of_map
from unpool.analysis.mapping import compute_map, compute_maps
from unpool.analysis.metrics.silhouette import silhouette
from unpool.analysis.metrics.supervised import accuracy, coverage, nmi
from unpool.errors import UnpoolError, UsageError

METHODS = ["auto", "kmeans", "gmm", "hdbscan", "graph", "temi"]


def number_for(method: str, number: int) -> int | str:
    return "auto" if method == "hdbscan" else number


@pytest.fixture(scope="module")
def blobs() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Five uneven, well parted groups in eight dimensions, their labels, and their map."""
    label_N = np.repeat([0, 1, 2, 3, 4], [45, 35, 30, 25, 15])
    vectors_ND = np.eye(5, 8)[label_N] + 0.1 * np.random.default_rng(0).normal(size=(150, 8))
    return vectors_ND, label_N, compute_map(vectors_ND)


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray, Grouping]:
    vectors_ND, label_N = load_digits(return_X_y=True)
    return vectors_ND, label_N, group(vectors_ND, groups=10)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_groups_that_are_plain(blobs, method, monkeypatch):
    monkeypatch.setattr("unpool.analysis.clustering.temi.MAX_STEPS", 600)
    vectors_ND, label_N, xy_N2 = blobs
    found = group(vectors_ND, method=method, groups=number_for(method, 5), xy_N2=xy_N2)
    assert accuracy(found.labels, label_N) > 0.97
    assert (found.method, found.labels.dtype, found.probability.dtype) == (method, np.int64, np.float32)
    kept_N = found.labels >= 0
    assert np.bincount(found.labels[kept_N]).tolist() == sorted(np.bincount(found.labels[kept_N]))[::-1]
    assert 0 <= found.probability.min() <= found.probability.max() <= 1
    assert found.probability[kept_N].mean() > (0.6 if method == "temi" else 0.8)
    assert found.silhouette == silhouette(vectors_ND, found.labels)
    assert found.silhouette > 0.7


@pytest.mark.parametrize("method", METHODS)
def test_every_method_says_so_when_there_is_nothing(method, monkeypatch):
    """The other side: labels of noise are not found again."""
    monkeypatch.setattr("unpool.analysis.clustering.temi.MAX_STEPS", 600)
    rng = np.random.default_rng(0)
    found = group(rng.normal(size=(150, 8)), method=method, groups=number_for(method, 5))
    assert nmi(found.labels, rng.integers(5, size=150)) < 0.2
    assert found.silhouette is None or found.silhouette < 0.3


@pytest.mark.parametrize("method", METHODS)
def test_the_same_seed_gives_the_same_groups(blobs, method, monkeypatch):
    monkeypatch.setattr("unpool.analysis.clustering.temi.MAX_STEPS", 50)
    noisy_ND = blobs[0][::2] + 0.3 * np.random.default_rng(1).normal(size=(75, 8))
    first, second = (group(noisy_ND, method=method, groups=number_for(method, 7), seed=2) for _ in range(2))
    np.testing.assert_array_equal(first.labels, second.labels)
    np.testing.assert_allclose(first.probability, second.probability, atol=1e-6)


@pytest.mark.slow
def test_digits_are_reported_apart_from_their_pixels(digits):
    vectors_ND, label_N, found = digits
    pixels_N = KMeans(10, n_init=10, random_state=0).fit_predict(vectors_ND)
    assert accuracy(pixels_N, label_N) < 0.85
    assert accuracy(found.labels, label_N) > 0.88
    assert nmi(found.labels, label_N) > 0.87


@pytest.mark.slow
def test_sure_images_are_right_more_often_than_unsure_ones():
    vectors_ND, label_N = (values[:700] for values in load_digits(return_X_y=True))
    found = group(vectors_ND, groups=10)
    sure_N = found.probability >= 0.85
    purest = {g: np.bincount(label_N[found.labels == g]).argmax() for g in range(10)}
    right_N = np.array([purest[g] for g in found.labels]) == label_N
    assert right_N[sure_N].mean() > right_N[~sure_N].mean() + 0.03


@pytest.mark.parametrize("method", ["auto", "kmeans", "gmm", "graph"])
def test_the_number_is_found_where_it_is_plain(blobs, method):
    vectors_ND, label_N, xy_N2 = blobs
    found = group(vectors_ND, method=method, xy_N2=xy_N2)
    assert accuracy(found.labels, label_N) > 0.97
    assert found.labels.max() == 4


@pytest.mark.parametrize("num", [1, 2, 3])
def test_too_few_for_more_than_one_group(num):
    assert num_groups_of_map(np.eye(3, 2)[:num]) == 1
    assert num_groups_of_map(np.ones((100, 2))) == 1


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("num", [1, 2, 3, 10])
def test_few_and_equal_vectors_are_grouped(method, num, monkeypatch):
    monkeypatch.setattr("unpool.analysis.clustering.temi.MAX_STEPS", 50)
    rng = np.random.default_rng(0)
    for vectors_ND in (rng.normal(size=(num, 4)), np.ones((num, 4)), np.zeros((num, 4))):
        for groups in ("auto", 1, num):
            found = group(vectors_ND, method=method, groups=number_for(method, groups))
            assert found.labels.shape == found.probability.shape == (num,)
            assert np.isfinite(found.probability).all()
            assert found.labels.max() < num
    assert set(group(np.ones((num, 4)), method=method).labels) == {0}


def test_two_different_vectors_in_three_groups_are_two_groups():
    vectors_ND = np.repeat(np.eye(2), 10, axis=0)
    found = group(vectors_ND, method="kmeans", groups=3)
    assert found.labels.tolist() == [0] * 10 + [1] * 10


def test_hdbscan_leaves_what_lies_between_as_noise(blobs):
    vectors_ND, _, xy_N2 = blobs
    between_N2 = np.random.default_rng(0).uniform(xy_N2.min() * 3, xy_N2.max() * 3, size=(20, 2))
    found = group(
        np.vstack([vectors_ND, -np.ones((20, 8))]), method="hdbscan", xy_N2=np.vstack([xy_N2, between_N2])
    )
    assert coverage(found.labels[:150]) > 0.95
    assert coverage(found.labels[150:]) < 0.5
    assert (found.probability[found.labels < 0] == 0).all()


def test_a_given_map_is_used_and_must_fit(blobs, monkeypatch):
    vectors_ND, label_N, xy_N2 = blobs
    monkeypatch.setattr(grouping, "compute_map", lambda *_, **__: pytest.fail("made another map"))
    assert accuracy(group(vectors_ND, method="gmm", groups=5, xy_N2=xy_N2).labels, label_N) > 0.97
    with pytest.raises(UnpoolError, match="map: 149 positions, expected 150"):
        group(vectors_ND, method="gmm", groups=5, xy_N2=xy_N2[1:])


def test_of_large_sets_some_images_are_mapped(blobs, monkeypatch):
    vectors_ND, label_N, _ = blobs
    mapped = []

    def counted(some_SD, **options):
        mapped.append(len(some_SD))
        return compute_maps(some_SD, **options)

    monkeypatch.setattr(confident, "compute_maps", counted)
    found = confident.consensus_clustering(vectors_ND, groups=5, sample=90)
    assert mapped == [90, 90, 90]
    assert accuracy(found[0], label_N) > 0.97


def test_words_that_are_wrong():
    with pytest.raises(UsageError, match="unknown method 'kmean'; did you mean 'kmeans'"):
        group(np.eye(3), method="kmean")
    with pytest.raises(
        UnpoolError, match="--groups is 4, but there are only 3 images; give a smaller number"
    ):
        group(np.eye(3), groups=4)
    with pytest.raises(UsageError, match="hdbscan finds their number by itself"):
        group(np.eye(3), method="hdbscan", groups=2)
    for wrong in (0, -1, 2.0, True, "ten"):
        with pytest.raises(
            UsageError, match=f"groups: {wrong!r}, expected a whole number from 1 on, or auto"
        ):
            group(np.eye(3), groups=wrong)
    with pytest.raises(UnpoolError, match="NaN or infinity"):
        group([[1.0, np.inf]])


@given(st.lists(st.integers(-1, 6), min_size=1, max_size=40))
def test_groups_are_numbered_by_size_and_stay_the_same_groups(labels_N):
    new_N = relabel_by_size(labels_N)
    assert len({*zip(labels_N, new_N.tolist(), strict=True)}) == len(set(labels_N)) == len(set(new_N))
    assert [old == -1 for old in labels_N] == (new_N == -1).tolist()
    sizes = np.bincount(new_N[new_N >= 0])
    assert sizes.tolist() == sorted(sizes, reverse=True)
