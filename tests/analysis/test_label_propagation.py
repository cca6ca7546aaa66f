"""Labels spread as the closed form says, reach what is near, and are unsure of what is far."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.datasets import load_digits
from sklearn.linear_model import LogisticRegression

from unpool.analysis import label_propagation as spreading
from unpool.analysis.label_propagation import neighbour_graph, propagate_labels
from unpool.analysis.neighbours import normalise
from unpool.errors import UnpoolError


def blobs(*angles: float, each: int = 40, wide: float = 4, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Vectors around some directions of the plane (degrees), and the number of the direction of each."""
    chance = np.random.default_rng(seed)
    which_N = np.repeat(np.arange(len(angles)), each)
    angle_N = np.radians(np.array(angles)[which_N] + chance.normal(size=len(which_N)) * wide)
    return np.stack([np.cos(angle_N), np.sin(angle_N)], axis=1), which_N


def some(class_N: np.ndarray, each: int, *, of: int | None = None, seed: int = 0) -> np.ndarray:
    """The labels of a few of each class (below `of`), -1 for all others."""
    label_N = np.full(len(class_N), -1)
    chance = np.random.default_rng(seed)
    for number in np.unique(class_N)[:of]:
        label_N[chance.choice(np.flatnonzero(class_N == number), each, replace=False)] = number
    return label_N


def test_graph_is_that_of_the_definition() -> None:
    vectors_ND, _ = blobs(0, 50, each=12)
    graph_NN = neighbour_graph(vectors_ND, 8).toarray()
    far_NN = cdist(vectors_ND, vectors_ND, "cosine")
    np.fill_diagonal(far_NN, np.inf)
    near_NK = np.argsort(far_NN, axis=1)[:, :8]
    scale_N = np.sort(far_NN, axis=1)[:, 6]
    is_near_NN = np.zeros(far_NN.shape, bool)
    np.put_along_axis(is_near_NN, near_NK, True, axis=1)
    np.fill_diagonal(far_NN, 0)
    weight_NN = np.exp(-far_NN / np.sqrt(scale_N[:, None] * scale_N))
    np.testing.assert_allclose(
        graph_NN, np.where(is_near_NN | is_near_NN.T, weight_NN, 0), rtol=2e-3, atol=1e-6
    )


def test_many_rounds_reach_the_closed_form(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors_ND, class_N = blobs(0, 25, 50, each=20)
    label_N = some(class_N, 2)
    weight_NN = neighbour_graph(vectors_ND, 6).toarray().astype(np.float64)
    root_N = np.sqrt(weight_NN.sum(axis=1))
    step_NN = weight_NN / root_N[:, None] / root_N
    own_NC = (label_N[:, None] == np.arange(3)).astype(float)
    wanted_NC = 0.1 * np.linalg.solve(np.eye(60) - 0.9 * step_NN, own_NC)
    reach_N = wanted_NC.sum(axis=1) / root_N / np.mean(own_NC.sum(axis=1) / root_N)
    share_N = wanted_NC.max(axis=1) / wanted_NC.sum(axis=1)
    free_N = label_N < 0
    monkeypatch.setattr(spreading, "NUM_ITERATIONS", 300)
    monkeypatch.setattr(spreading, "SHARPENINGS", (1.0,))
    found_N, sure_N = propagate_labels(vectors_ND, label_N, k=6, guesses=False)
    np.testing.assert_array_equal(found_N, np.where(free_N, wanted_NC.argmax(axis=1), -1))
    np.testing.assert_allclose(sure_N, np.where(free_N, share_N * np.sqrt(reach_N.clip(0, 1)), 0), rtol=1e-3)


def test_guesses_are_those_of_logistic_regression(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels_ND, class_N = load_digits(return_X_y=True)
    for few, at_once in ((10, 16), (10, 3), (2, 16)):
        monkeypatch.setattr(spreading, "CLASS_BATCH", at_once)
        kept_N = class_N < few
        vectors_ND, label_N = normalise(pixels_ND[kept_N]), some(class_N[kept_N], 5)
        known_N = label_N >= 0
        fitted = LogisticRegression(C=100, max_iter=200).fit(vectors_ND[known_N], label_N[known_N])
        linear = spreading._Linear(vectors_ND, label_N, 0)
        found_NC = np.concatenate([linear.guesses(0, 1), linear.guesses(1, few)], axis=1)
        np.testing.assert_allclose(found_NC, fitted.predict_proba(vectors_ND), atol=2e-3)


def test_guesses_help_where_classes_are_no_crowds() -> None:
    """Two halves of one crowd: its neighbour graph knows of no border, a line does."""
    chance = np.random.default_rng(0)
    vectors_ND = chance.normal(size=(600, 20))
    class_N = (vectors_ND[:, 0] > 0).astype(int)
    label_N = some(class_N, 60)
    free_N = label_N < 0
    both, alone = (propagate_labels(vectors_ND, label_N, guesses=guesses)[0] for guesses in (True, False))
    assert (both == class_N)[free_N].mean() > 0.8
    assert (both == class_N)[free_N].mean() > (alone == class_N)[free_N].mean() + 0.05


def test_guesses_are_tried_where_labels_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    """Right guesses for images that get no suggestion anyway do not make up for wrong ones."""
    code_N = np.repeat([0, 1], 30)
    right_NC = (code_N[:, None] == np.arange(2)).astype(np.float32)
    reached_N1 = (np.arange(60) % 3 == 0)[:, None]
    label_NC = np.where(reached_N1, 0.01 * right_NC, 0)
    guess_NC = np.where(reached_N1, 1 - right_NC, right_NC)
    monkeypatch.setattr(spreading, "_class_batches", lambda *_: [(0, label_NC, guess_NC)])
    trusts = (0.0, 0.003, 0.3)
    assert spreading._tune(None, None, code_N, trusts, 0)[0] == 0
    guess_NC[:] = np.where(reached_N1, right_NC, 1 - right_NC)
    label_NC[:] = np.where(reached_N1, 0.01, 0)
    assert spreading._tune(None, None, code_N, trusts, 0)[0] == 0.3


def test_confidence_is_about_the_share_that_is_right() -> None:
    pixels_ND, class_N = load_digits(return_X_y=True)
    noisy_ND = pixels_ND + np.random.default_rng(0).normal(size=pixels_ND.shape) * 6
    right, sure = [], []
    for seed in range(4):
        label_N = some(class_N, 10, seed=seed)
        found_N, sure_N = propagate_labels(noisy_ND, label_N)
        free_N = label_N < 0
        right.append((found_N == class_N)[free_N])
        sure.append(sure_N[free_N])
    right_N, sure_N = np.concatenate(right), np.concatenate(sure)
    for low in (0.5, 0.7, 0.9):
        assert right_N[sure_N >= low].mean() >= low
    assert right_N[sure_N < 0.3].mean() < 0.6
    assert (sure_N >= 0.8).mean() > 0.1


def test_what_no_label_reaches_gets_none() -> None:
    vectors_ND, class_N = blobs(0, 90, 200, wide=2)
    label_N = some(class_N, 3, of=2)
    found_N, sure_N = propagate_labels(vectors_ND, label_N)
    free_N = label_N < 0
    np.testing.assert_array_equal(found_N[free_N & (class_N < 2)], class_N[free_N & (class_N < 2)])
    assert (found_N[class_N == 2] == -1).all()
    assert (sure_N[found_N == -1] == 0).all()
    assert (found_N[~free_N] == -1).all()
    assert (sure_N[found_N >= 0] > 0).all()


def test_classes_by_parts_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors_ND, class_N = blobs(*range(0, 70, 10), each=15)
    label_N = some(class_N, 2) * 3  # numbers need not follow each other
    label_N[label_N < 0] = -1
    whole = propagate_labels(vectors_ND, label_N)
    monkeypatch.setattr(spreading, "CLASS_BATCH", 2)
    parts = propagate_labels(vectors_ND, label_N)
    np.testing.assert_array_equal(whole[0], parts[0])
    np.testing.assert_allclose(whole[1], parts[1], rtol=1e-6)
    assert set(whole[0]) <= {-1, *range(0, 21, 3)}


def test_digits_are_reported_from_three_of_each_and_the_sure_are_right() -> None:
    pixels_ND, class_N = load_digits(return_X_y=True)
    label_N = some(class_N, 3)
    found_N, sure_N = propagate_labels(pixels_ND, label_N)
    free_N = label_N < 0
    right_N = found_N == class_N
    assert right_N[free_N].mean() > 0.86  # the nearest labelled image alone: 0.80
    assert right_N[sure_N >= 0.8].mean() > 0.97
    assert (sure_N >= 0.8).sum() > 200
    assert ((sure_N >= 0) & (sure_N <= 1)).all()
    shuffled_N = some(np.random.default_rng(0).permutation(class_N), 3)
    found_N, sure_N = propagate_labels(pixels_ND, shuffled_N)
    assert (found_N == class_N)[shuffled_N < 0].mean() < 0.3
    assert (sure_N >= 0.8).mean() < 0.1  # labels that do not fit each other make nothing sure


def test_kinds_that_nobody_labelled_are_unsure() -> None:
    pixels_ND, class_N = load_digits(return_X_y=True)
    label_N = some(class_N, 5, of=5)
    _, sure_N = propagate_labels(pixels_ND, label_N)
    assert np.median(sure_N[class_N >= 5]) < 0.4
    assert (sure_N[class_N >= 5] >= 0.8).mean() < 0.05
    assert np.median(sure_N[(class_N < 5) & (label_N < 0)]) > 0.8


def test_few_images() -> None:
    assert propagate_labels([[1.0, 0.0]], [0])[0].tolist() == [-1]
    assert propagate_labels([[1, 0], [1, 0]], [4, -1])[0].tolist() == [-1, 4]
    same = propagate_labels(np.ones((30, 3)), [0, 1] + [-1] * 28)
    assert np.isfinite(same[1]).all()


def test_what_cannot_be_spread() -> None:
    with pytest.raises(UnpoolError, match="labels: none for 2 images, expected one at least"):
        propagate_labels([[1, 0], [0, 1]], [-1, -1])
    with pytest.raises(UnpoolError, match=r"labels: shape \(3,\), expected one for each of 2 vectors"):
        propagate_labels([[1, 0], [0, 1]], [-1, -1, 0])
    with pytest.raises(UnpoolError, match="NaN or infinity"):
        propagate_labels([[1, np.nan], [0, 1]], [0, -1])
