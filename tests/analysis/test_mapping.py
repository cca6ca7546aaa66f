"""Maps: bad before, good after; the same for a seed; alive for few and equal vectors."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA

from unpool.analysis import mapping
from unpool.analysis.mapping import STAGES, Stage, compute_map, compute_maps, place, reduce
from unpool.analysis.memo import clear_memos
from unpool.analysis.metrics.supervised import trustworthiness
from unpool.analysis.neighbours import normalise
from unpool.core.rng import subsample_indices
from unpool.errors import UnpoolError, UsageError


@pytest.fixture(scope="module")
def digits() -> np.ndarray:
    return load_digits().data[:500].astype(np.float32)


@pytest.fixture(scope="module")
def digits_map(digits) -> np.ndarray:
    return compute_map(digits)


def test_neighbours_stay_neighbours_better_than_in_two_principal_directions(digits, digits_map):
    before = trustworthiness(digits, compute_map(digits, method="pca"))
    assert before < 0.87
    assert trustworthiness(digits, digits_map) > 0.97


def test_a_map_is_centred_and_single_precision(digits_map):
    assert digits_map.dtype == np.float32
    assert digits_map.shape == (500, 2)
    np.testing.assert_allclose(digits_map.mean(axis=0), 0, atol=1e-4)


@pytest.mark.parametrize("barnes_hut_below", [10_000, 100])
def test_the_same_seed_gives_the_same_map_bit_for_bit_by_threads(digits, monkeypatch, barnes_hut_below):
    monkeypatch.setattr(mapping, "usable_cores", lambda: 2)
    monkeypatch.setattr(mapping, "MIN_VECTORS_THREADED", 0)
    monkeypatch.setattr(mapping, "MAX_BARNES_HUT", barnes_hut_below)
    monkeypatch.setattr(mapping, "MAX_BARNES_HUT_GATHERED", barnes_hut_below)
    monkeypatch.setattr(mapping, "GATHER", Stage(50, 12, 25))
    monkeypatch.setattr(mapping, "STAGES", (Stage(30, 4, 25), Stage(30, 1, 25)))
    clear_memos()
    first_N2 = compute_map(digits[:120], seed=3)
    clear_memos()
    np.testing.assert_array_equal(first_N2, compute_map(digits[:120], seed=3))
    assert not np.array_equal(first_N2, compute_map(digits[:120], seed=4))


@pytest.mark.slow
def test_the_method_for_many_is_as_good(digits, monkeypatch):
    monkeypatch.setattr(mapping, "MAX_BARNES_HUT", 100)
    monkeypatch.setattr(mapping, "MAX_BARNES_HUT_GATHERED", 100)
    clear_memos()
    assert trustworthiness(digits, compute_map(digits)) > 0.95


def test_length_of_vectors_does_not_matter(digits):
    scaled_ND = digits[:50] * 2.0 ** np.arange(50)[:, None]
    np.testing.assert_array_equal(compute_map(scaled_ND), compute_map(digits[:50]))


@pytest.mark.parametrize("method", ["tsne", "pca"])
@pytest.mark.parametrize("num", [1, 2, 3, 4, 10])
@pytest.mark.parametrize("kind", ["random", "equal", "zero"])
def test_few_and_equal_vectors_have_a_map(method, num, kind, caplog):
    rng = np.random.default_rng(0)
    for dimension in (1, 3, 100):
        vectors_ND = {
            "random": rng.normal(size=(num, dimension)),
            "equal": np.ones((num, dimension)),
            "zero": np.zeros((num, dimension)),
        }[kind]
        xy_N2 = compute_map(vectors_ND, method=method)
        assert xy_N2.shape == (num, 2)
        assert np.isfinite(xy_N2).all()
    assert caplog.messages == []  # openTSNE warns where the perplexity is too large for so few


def test_maps_spread_as_attraction_falls_and_the_last_is_the_map(digits, digits_map):
    maps = compute_maps(digits)
    assert len(maps) == len(STAGES) == 3, "as docs/decisions/0017 has them"
    spans = [np.ptp(xy_N2) for xy_N2 in maps]
    assert spans == sorted(spans)
    np.testing.assert_array_equal(maps[-1], digits_map)
    np.testing.assert_array_equal(maps[1], compute_map(digits, exaggeration=4))


def test_a_stage_known_already_is_not_computed_again(digits, digits_map, monkeypatch):
    expected_N2 = compute_map(digits, exaggeration=4)
    monkeypatch.setattr(mapping, "_run_stages", None)
    np.testing.assert_array_equal(compute_map(digits, exaggeration=4), expected_N2)
    returned_N2 = compute_map(digits)
    returned_N2[:] = 0  # what a caller does with its map is its own affair
    np.testing.assert_array_equal(compute_map(digits), digits_map)


def test_attraction_that_draws_all_into_one_point_is_overcome():
    """At twelvefold attraction a cloud without parts shrinks to nothing, step by step."""
    vectors_ND = np.random.default_rng(0).normal(size=(150, 60)).astype(np.float32)
    gathered_N2, _, plain_N2 = compute_maps(vectors_ND)
    assert np.ptp(gathered_N2) < 1
    assert np.ptp(plain_N2) > 5


def test_progress_rises_from_nothing_to_all(digits):
    seen: list[float] = []
    compute_map(digits[:40], progress=seen.append)
    assert (seen[0], seen[-1]) == (0, 1)
    assert len(set(seen)) > 10
    assert seen == sorted(seen)


def test_a_large_set_is_fitted_in_part_and_the_rest_is_placed(digits, digits_map, monkeypatch):
    monkeypatch.setattr(mapping, "MAX_FITTED", 400)
    xy_N2 = compute_map(digits)
    assert np.isfinite(xy_N2).all()
    assert trustworthiness(digits, xy_N2) > 0.95
    np.testing.assert_array_equal(xy_N2, compute_map(digits))
    fitted_F = subsample_indices(500, 400, 0)
    np.testing.assert_array_equal(xy_N2[fitted_F], compute_map(digits[fitted_F]))


def test_known_vectors_are_placed_on_themselves(digits, digits_map):
    span = np.ptp(digits_map)
    placed_M2 = place(digits[:100] * 3, digits, digits_map)
    assert np.abs(placed_M2 - digits_map[:100]).max() < 0.01 * span


def test_a_place_is_inside_its_neighbours_and_nearer_to_the_nearer():
    known_ND, known_N2 = np.array([[1, 0], [0, 1], [-1, 0]]), np.array([[0, 0], [1, 0], [1, 9]])
    x, y = place([[1.0, 0.5]], known_ND, known_N2, k=3)[0]
    distances = 1 - np.array([1, 0.5, -1]) / np.sqrt(1.25)
    weights = 1 / (distances / distances[2]) - 1 + 1e-6
    np.testing.assert_allclose([x, y], weights @ known_N2 / weights.sum(), rtol=1e-5)
    assert x < 0.5
    assert 0 <= y < 1


def test_a_map_of_other_vectors_is_refused():
    with pytest.raises(UnpoolError, match=r"map: shape \(2, 2\), expected \(3, 2\), one position a vector"):
        place(np.eye(3), np.eye(3), np.zeros((2, 2)))


def test_long_vectors_keep_their_distances_when_reduced():
    rng = np.random.default_rng(0)
    vectors_ND = normalise(rng.normal(size=(300, 20)) @ rng.normal(size=(20, 200)))
    reduced_ND = reduce(vectors_ND)
    assert reduced_ND.shape == (300, 50)
    expected_ND = PCA(20).fit_transform(vectors_ND.astype(np.float64))
    np.testing.assert_allclose(np.abs(reduced_ND[:, :20]), np.abs(expected_ND), atol=1e-4)
    assert reduce(vectors_ND[:, :64]) is not None
    np.testing.assert_array_equal(reduce(vectors_ND[:, :64]), vectors_ND[:, :64])


def test_words_that_are_wrong():
    with pytest.raises(UsageError, match="unknown method 'tnse'; did you mean 'tsne'"):
        compute_map(np.eye(3), method="tnse")
    with pytest.raises(UnpoolError, match="NaN or infinity"):
        compute_map([[1.0, np.nan]])


def test_umap_that_is_not_installed_is_reported(monkeypatch):
    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(UnpoolError, match=r'umap-learn.*pip install "unpool\[umap\]"'):
        compute_map(np.eye(3), method="umap")
