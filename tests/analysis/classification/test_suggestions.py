"""Suggestions are wrong as rarely as promised, also where most kinds have no label."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from unpool.analysis.classification.suggestions import MIN_PROBABILITY, suggest_classes
from unpool.errors import UnpoolError


def some(class_N: np.ndarray, each: int, *, of: int | None = None, seed: int = 0) -> np.ndarray:
    """The labels of a few of each class (below `of`), -1 for all others."""
    label_N, rng = np.full(len(class_N), -1), np.random.default_rng(seed)
    for number in np.unique(class_N)[:of]:
        label_N[rng.choice(np.flatnonzero(class_N == number), each, replace=False)] = number
    return label_N


@pytest.fixture(scope="module")
def noisy_digits() -> tuple[np.ndarray, np.ndarray]:
    pixels_ND, class_N = load_digits(return_X_y=True)
    return pixels_ND + np.random.default_rng(0).normal(size=pixels_ND.shape) * 4, class_N


@pytest.mark.parametrize("error", [0.05, 0.15])
def test_expected_errors_are_the_true_ones(noisy_digits, error) -> None:
    vectors_ND, class_N = noisy_digits
    wrong, shares, expected = [], [], []
    for seed in range(3):
        label_N = some(class_N, 15, seed=seed)
        found = suggest_classes(vectors_ND, label_N, error=error)
        is_given_N = found.class_N >= 0
        wrong.append((found.class_N != class_N)[is_given_N].mean())
        shares.append(is_given_N[label_N < 0].mean())
        expected.append(found.error)
        assert found.confidence_N[is_given_N].min() >= max(found.threshold, MIN_PROBABILITY)
    assert np.mean(expected) <= error
    assert abs(np.mean(wrong) - np.mean(expected)) < 0.04
    assert np.mean(shares) > 0.5


def test_kinds_that_nobody_labelled_get_few_suggestions(noisy_digits) -> None:
    vectors_ND, class_N = noisy_digits
    unnamed, named, wrong = [], [], []
    for seed in range(3):
        label_N = some(class_N, 15, of=5, seed=seed)
        found = suggest_classes(vectors_ND, label_N)
        is_given_N = found.class_N >= 0
        unnamed.append(is_given_N[class_N >= 5].mean())
        named.append(is_given_N[(class_N < 5) & (label_N < 0)].mean())
        wrong.append((found.class_N != class_N)[is_given_N].mean())
        assert found.num_unlike > (class_N >= 5).sum() / 2
    assert np.mean(unnamed) < 0.1
    assert np.mean(named) > 0.4
    assert np.mean(wrong) < 0.12


def test_more_errors_allow_more_suggestions(noisy_digits) -> None:
    vectors_ND, class_N = noisy_digits
    counts = [
        (suggest_classes(vectors_ND, some(class_N, 8), error=error).class_N >= 0).sum()
        for error in (0.02, 0.1, 0.3)
    ]
    assert counts == sorted(counts)
    assert counts[0] < counts[2]


def test_labels_that_do_not_fit_each_other_suggest_nothing(noisy_digits) -> None:
    vectors_ND, class_N = noisy_digits
    shuffled_N = some(np.random.default_rng(0).permutation(class_N), 5)
    assert (suggest_classes(vectors_ND, shuffled_N).class_N == -1).all()


def test_labelled_images_get_none_and_numbers_need_not_follow_each_other(noisy_digits) -> None:
    vectors_ND, class_N = noisy_digits
    label_N = some(class_N, 10, of=3) * 7
    label_N[label_N < 0] = -1
    found = suggest_classes(vectors_ND, label_N, error=0.3)
    assert set(found.class_N) <= {-1, 0, 7, 14}
    assert (found.class_N[label_N >= 0] == -1).all()
    assert (found.confidence_N[found.class_N < 0] == 0).all()
    assert (found.confidence_N[found.class_N >= 0] > 0).all()


def test_few_images() -> None:
    assert suggest_classes([[1.0, 0.0]], [0]).class_N.tolist() == [-1]
    assert suggest_classes([[1, 0], [1, 0]], [4, -1]).class_N.tolist() == [-1, -1]
    same = suggest_classes(np.ones((30, 3)), [0, 1, 0, 1] + [-1] * 26)
    assert (same.class_N == -1).all()
    one = suggest_classes(np.ones((30, 3)), [3] * 10 + [-1] * 20)
    assert np.isfinite(one.confidence_N).all()


def test_wrong_labels_are_explained() -> None:
    with pytest.raises(UnpoolError, match="labels: none for 2 images, expected one at least"):
        suggest_classes([[1, 0], [0, 1]], [-1, -1])
    with pytest.raises(UnpoolError, match=r"labels: shape \(3,\), expected one for each of 2 vectors"):
        suggest_classes([[1, 0], [0, 1]], [-1, -1, 0])
    with pytest.raises(UnpoolError, match="NaN or infinity"):
        suggest_classes([[1, np.nan], [0, 1]], [0, -1])
