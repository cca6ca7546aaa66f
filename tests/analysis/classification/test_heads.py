"""Heads agree with scikit-learn, generalise, and never score an image that they have seen."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm
from sklearn.linear_model import LogisticRegression

from unpool.analysis.classification import heads
from unpool.analysis.classification.heads import (
    HEADS,
    INVERSE_PENALTY,
    KERNEL_PENALTY,
    fit_head,
    out_of_fold,
    softmax,
    split_folds,
)
from unpool.errors import UnpoolError, UsageError


def blobs(num: int, dimension: int, classes: int = 3, *, width: float = 0.6, seed: int = 0):
    """Vectors around one direction of each class, and their classes."""
    rng = np.random.default_rng(seed)
    centre_KD = np.random.default_rng(99).normal(size=(classes, dimension))
    class_N = np.arange(num) % classes
    vector_ND = centre_KD[class_N] + width * rng.normal(size=(num, dimension))
    return vector_ND.astype(np.float32), class_N


def standardise(vector_ND: np.ndarray, like_ND: np.ndarray) -> np.ndarray:
    unit_ND, like_ND = (
        values / np.linalg.norm(values, axis=1, keepdims=True) for values in (vector_ND, like_ND)
    )
    centred_ND = like_ND - like_ND.mean(axis=0)
    return (unit_ND - like_ND.mean(axis=0)) / np.sqrt((centred_ND**2).sum(axis=1).mean())


@pytest.mark.parametrize(("num", "dimension", "classes"), [(20, 64, 3), (90, 16, 3), (20, 64, 2)])
def test_linear_head_is_logistic_regression(num, dimension, classes):
    vector_ND, class_N = blobs(num, dimension, classes)
    other_MD, _ = blobs(30, dimension, classes, seed=1)
    expected = LogisticRegression(C=INVERSE_PENALTY, tol=1e-8, max_iter=2000)
    expected.fit(standardise(vector_ND, vector_ND), class_N)
    found = softmax(fit_head(vector_ND, class_N).logits(other_MD))
    np.testing.assert_allclose(found, expected.predict_proba(standardise(other_MD, vector_ND)), atol=6e-3)


def test_kernel_head_is_logistic_regression_on_roots_of_similarities():
    """Of all features with these inner products, others than those that the head finds."""
    vector_ND, class_N = blobs(40, 16)
    other_MD, _ = blobs(30, 16, seed=1)

    def unit(rows: np.ndarray) -> np.ndarray:
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)

    def root(rows: np.ndarray) -> np.ndarray:
        return np.sign(rows) * np.sqrt(np.abs(unit(rows)))

    mean_D = root(vector_ND).mean(axis=0)
    own_ND, other_MD_ = unit(root(vector_ND) - mean_D), unit(root(other_MD) - mean_D)
    root_NN = np.real(sqrtm(np.exp(own_ND @ own_ND.T - 1)))
    other_MN = np.linalg.solve(root_NN, np.exp(other_MD_ @ own_ND.T - 1).T).T
    scale = np.sqrt(((root_NN - root_NN.mean(axis=0)) ** 2).sum(axis=1).mean())
    expected = LogisticRegression(C=KERNEL_PENALTY, tol=1e-8, max_iter=5000)
    expected.fit((root_NN - root_NN.mean(axis=0)) / scale, class_N)
    found = softmax(fit_head(vector_ND, class_N, "kernel").logits(other_MD))
    np.testing.assert_allclose(
        found, expected.predict_proba((other_MN - root_NN.mean(axis=0)) / scale), atol=0.02
    )


@pytest.mark.parametrize("kind", ["linear", "kernel"])
def test_labels_weigh_as_much_as_is_requested(kind):
    vector_ND, class_N = blobs(60, 16)
    once = fit_head(vector_ND, class_N, kind)
    twice = np.tile(vector_ND, (2, 1)), np.tile(class_N, 2)
    lighter = fit_head(*twice, kind, weigh_as=len(class_N))
    assert lighter.logits(vector_ND) == pytest.approx(once.logits(vector_ND), abs=0.05)
    assert (
        np.abs(fit_head(*twice, kind).logits(vector_ND)).max() > 1.05 * np.abs(once.logits(vector_ND)).max()
    )


def test_some_landmarks_are_enough(monkeypatch):
    monkeypatch.setattr(heads, "MAX_LANDMARKS", 25)
    monkeypatch.setattr(heads, "ROWS_AT_ONCE", 7)
    vector_ND, class_N = blobs(90, 16)
    other_MD, true_M = blobs(60, 16, seed=1)
    head = fit_head(vector_ND, class_N, "kernel")
    assert head.arrays["landmarks"].shape == (25, 16)
    assert (head.logits(other_MD).argmax(axis=1) == true_M).mean() > 0.9


@pytest.mark.parametrize("kind", HEADS)
def test_heads_name_unseen_vectors_of_any_length(kind):
    vector_ND, class_N = blobs(60, 32)
    other_MD, true_M = blobs(60, 32, seed=1)
    head = fit_head(vector_ND, class_N, kind)
    logit_MK = head.logits(other_MD)
    assert logit_MK.shape == (60, 3)
    assert logit_MK.dtype == np.float32
    assert (logit_MK.argmax(axis=1) == true_M).mean() > 0.95
    np.testing.assert_allclose(head.logits(7 * other_MD), logit_MK, atol=1e-4)
    np.testing.assert_array_equal(fit_head(vector_ND, class_N, kind).logits(other_MD), logit_MK)


@pytest.mark.parametrize("kind", HEADS)
def test_class_without_images_is_never_the_best(kind):
    vector_ND, class_N = blobs(40, 8, 2)
    logit_MK = fit_head(vector_ND, 1 + 2 * class_N, kind).logits(vector_ND)
    assert logit_MK.shape == (40, 4)
    assert np.isfinite(logit_MK).all()
    assert (logit_MK[:, [0, 2]].max(axis=1) < logit_MK[:, [1, 3]].min(axis=1)).all()
    assert (logit_MK.argmax(axis=1) == 1 + 2 * class_N).all()


@pytest.mark.parametrize("kind", HEADS)
def test_one_class_and_equal_vectors_are_no_error(kind):
    assert softmax(fit_head(np.ones((3, 4)), [0, 0, 0], kind).logits(np.ones((2, 4)))).tolist() == [[1], [1]]
    assert np.isfinite(fit_head(np.ones((4, 4)), [0, 1, 0, 1], kind).logits(np.ones((2, 4)))).all()


@pytest.mark.parametrize("kind", HEADS)
def test_out_of_fold_scores_know_nothing_of_the_label_itself(kind):
    """Labels drawn at random cannot be guessed, though a head that has seen them names most."""
    rng = np.random.default_rng(0)
    vector_ND, class_N = rng.normal(size=(120, 256)), rng.integers(0, 2, 120)
    assert (fit_head(vector_ND, class_N, kind).logits(vector_ND).argmax(axis=1) == class_N).mean() > 0.7
    assert abs((out_of_fold(vector_ND, class_N, kind).argmax(axis=1) == class_N).mean() - 0.5) < 0.15


def test_out_of_fold_scores_are_those_of_the_other_folds():
    vector_ND, class_N = blobs(30, 16)
    fold_N = split_folds(class_N, 3, 4)
    expected = fit_head(vector_ND[fold_N != 1], class_N[fold_N != 1]).logits(vector_ND[fold_N == 1])
    np.testing.assert_allclose(out_of_fold(vector_ND, class_N, folds=3, seed=4)[fold_N == 1], expected)


def test_only_image_of_a_class_is_scored_by_a_head_without_it():
    vector_ND, class_N = blobs(31, 16)
    class_N = np.where(np.arange(31) == 30, 3, class_N)
    logit_NK = out_of_fold(vector_ND, class_N)
    assert logit_NK.shape == (31, 4)
    assert np.isfinite(logit_NK).all()
    assert logit_NK[30].argmin() == 3


def test_folds_divide_classes_evenly():
    class_N = np.repeat([0, 1, 2], [10, 5, 7])
    fold_N = split_folds(class_N, 5, 0)
    counts = np.array([[np.sum((fold_N == fold) & (class_N == c)) for c in range(3)] for fold in range(5)])
    assert (counts.max(axis=0) - counts.min(axis=0)).tolist() == [0, 0, 1]
    assert (fold_N != split_folds(class_N, 5, 1)).any()


def test_softmax_of_large_scores_is_finite():
    assert softmax([[1e4, 0.0]]).tolist() == [[1, 0]]
    np.testing.assert_allclose(softmax([[2.0, 0.0]], 2.0), softmax([[1.0, 0.0]]))


def test_errors_say_what_is_wrong():
    with pytest.raises(UsageError, match="unknown head 'linea'; did you mean 'linear'"):
        fit_head([[1, 0]], [0], "linea")
    with pytest.raises(UnpoolError, match="classes: 1, expected 2, one for each vector"):
        fit_head([[1, 0], [0, 1]], [0])
    with pytest.raises(UnpoolError, match="one labelled image, expected two"):
        out_of_fold([[1, 0]], [0])
    with pytest.raises(UnpoolError, match="3 numbers each, expected 2"):
        fit_head([[1, 0], [0, 1]], [0, 1]).logits([[1, 2, 3]])
    with pytest.raises(UnpoolError, match="whole number from 0"):
        fit_head([[1, 0]], [-1])
