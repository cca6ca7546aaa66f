"""Distances of images as a whole, good ones by the others."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.covariance import ledoit_wolf_shrinkage

from unpool.analysis.anomaly.whole import FLOOR, SHARED, fit_spread


def good_vectors(num: int, dimension: int, seed: int = 0) -> np.ndarray:
    """Correlated, on different scales, around different means."""
    rng = np.random.default_rng(seed)
    mixed = rng.standard_normal((num, dimension)) @ rng.standard_normal((dimension, dimension))
    vectors: np.ndarray = (3 + mixed * np.geomspace(0.1, 10, dimension)).astype(np.float32)
    return vectors


def distances_by_refitting(vectors: np.ndarray) -> np.ndarray:
    """Each image is taken out, mean and covariance are computed anew, with scales and shrinkage of all."""
    x = vectors.astype(np.float64)
    variance = x.var(0)
    y = (x - x.mean(0)) / np.sqrt(variance + SHARED * variance.mean() + 1e-12)
    shrinkage = float(np.clip(ledoit_wolf_shrinkage(y, assume_centered=True), 0.02, 1))
    target = np.eye(y.shape[1]) * (np.trace(y.T @ y) / y.size + FLOOR)
    distances = []
    for number in range(len(y)):
        others = np.delete(y, number, 0)
        covariance = np.cov(others.T, bias=True)
        difference = y[number] - others.mean(0)
        full = (1 - shrinkage) * covariance + shrinkage * target
        distances.append(np.sqrt(difference @ np.linalg.solve(full, difference)))
    return np.array(distances)


@pytest.mark.parametrize(("num", "dimension"), [(60, 6), (12, 6), (15, 40)])
def test_distances_from_the_others_are_those_of_refitting(num: int, dimension: int) -> None:
    vectors = good_vectors(num, dimension)
    np.testing.assert_allclose(fit_spread(vectors).own_N, distances_by_refitting(vectors), rtol=0.01)


def test_new_images_lie_as_far_as_good_ones_from_the_others() -> None:
    vectors = good_vectors(400, 20)
    fitted = fit_spread(vectors[:60])
    new = np.linalg.norm((vectors[60:] - fitted.mean_D) @ fitted.whitening_DD, axis=1)
    inside = np.linalg.norm((vectors[:60] - fitted.mean_D) @ fitted.whitening_DD, axis=1)
    assert np.median(new) == pytest.approx(np.median(fitted.own_N), rel=0.1)
    assert np.median(inside) < 0.9 * np.median(new)  # why those learnt from are not compared with themselves


def test_an_image_of_which_a_defect_was_made_is_not_compared_with() -> None:
    vectors, changed = good_vectors(15, 6), good_vectors(15, 6) + 1
    found = fit_spread(vectors).distances(changed, np.arange(15))
    x = np.concatenate([vectors, changed]).astype(np.float64)
    variance = x[:15].var(0)
    y = (x - x[:15].mean(0)) / np.sqrt(variance + SHARED * variance.mean() + 1e-12)
    shrinkage = float(np.clip(ledoit_wolf_shrinkage(y[:15], assume_centered=True), 0.02, 1))
    target = np.eye(6) * (np.trace(y[:15].T @ y[:15]) / y[:15].size + FLOOR)
    for number in range(15):
        others = np.delete(y[:15], number, 0)
        full = (1 - shrinkage) * np.cov(others.T, bias=True) + shrinkage * target
        difference = y[15 + number] - others.mean(0)
        expected = np.sqrt(difference @ np.linalg.solve(full, difference))
        assert found[number] == pytest.approx(expected, rel=0.01)


def test_what_always_goes_together_counts_when_it_does_not() -> None:
    rng = np.random.default_rng(0)
    along = rng.standard_normal(80)
    vectors = np.stack([along, along + 0.05 * rng.standard_normal(80)], 1).astype(np.float32)
    fitted = fit_spread(vectors)
    usual, odd = np.linalg.norm((np.float32([[2, 2], [1, -1]]) - fitted.mean_D) @ fitted.whitening_DD, axis=1)
    assert odd > 2 * usual


def test_what_never_varied_gives_finite_distances() -> None:
    vectors = good_vectors(20, 4)
    vectors[:, 2] = 7
    fitted = fit_spread(vectors)
    assert np.isfinite(fitted.own_N).all()
    assert np.isfinite(fitted.whitening_DD).all()
    equal = fit_spread(np.ones((10, 3), np.float32))
    assert np.isfinite(equal.own_N).all()
    assert np.isfinite(equal.whitening_DD).all()


def test_vectors_for_a_graph_are_single_precision() -> None:
    fitted = fit_spread(good_vectors(20, 4))
    assert fitted.mean_D.dtype == fitted.whitening_DD.dtype == np.float32
