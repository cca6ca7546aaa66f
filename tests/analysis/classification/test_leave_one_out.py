"""Leave-one-out scores are those of a fit without the image."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.classification import leave_one_out
from unpool.analysis.classification.leave_one_out import LeaveOneOut


def make_classes(count: int, dimension: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    class_N = rng.integers(0, 3, count)
    class_N[:3] = [0, 1, 2]
    centre_KD = rng.normal(size=(3, dimension))
    return (centre_KD[class_N] + rng.normal(size=(count, dimension))).astype(np.float32), class_N


def prepare(vector_ND: np.ndarray) -> np.ndarray:
    x_ND = vector_ND.astype(np.float64) - vector_ND.mean(axis=0)
    x_ND /= np.linalg.norm(x_ND, axis=1, keepdims=True)
    return np.asarray(x_ND - x_ND.mean(axis=0))


def fit_without(x_ND: np.ndarray, target_NK: np.ndarray, left_out: int, penalty: float) -> np.ndarray:
    """Ridge regression with a free constant, by its equations."""
    kept = np.arange(len(x_ND)) != left_out
    variance = np.square(x_ND).sum() / len(x_ND)
    a_ND = np.column_stack([np.ones(kept.sum()), x_ND[kept]])
    damping = np.diag([0.0] + [penalty * variance] * x_ND.shape[1])
    weight = np.linalg.solve(a_ND.T @ a_ND + damping, a_ND.T @ target_NK[kept])
    return np.asarray(np.concatenate([[1.0], x_ND[left_out]]) @ weight)


@pytest.mark.parametrize(("count", "dimension"), [(30, 8), (14, 40)])  # more images than numbers, and fewer
def test_scores_are_those_of_a_fit_to_all_others(count: int, dimension: int) -> None:
    vector_ND, class_N = make_classes(count, dimension)
    x_ND, target_NK = prepare(vector_ND), np.eye(3)[class_N]
    for penalty in (0.3, 3.0):
        expected = [fit_without(x_ND, target_NK, row, penalty) for row in range(count)]
        np.testing.assert_allclose(LeaveOneOut(vector_ND, class_N).scores(penalty), expected, atol=2e-4)


def test_of_many_images_a_sample_is_fitted_and_all_are_scored(monkeypatch: pytest.MonkeyPatch) -> None:
    vector_ND, class_N = make_classes(400, 6)
    whole = LeaveOneOut(vector_ND, class_N).scores(1.0).argmax(axis=1)
    monkeypatch.setattr(leave_one_out, "MAX_FITTED", 120)
    monkeypatch.setattr(leave_one_out, "ROWS_AT_ONCE", 64)
    fit = LeaveOneOut(vector_ND, class_N)
    score_NK = fit.scores(1.0)
    assert len(fit.fitted_F) == 120
    assert score_NK.shape == (400, 3)
    assert (score_NK.argmax(axis=1) == whole).mean() > 0.85
    own = LeaveOneOut(vector_ND[fit.fitted_F], class_N[fit.fitted_F]).scores(1.0)
    np.testing.assert_allclose(score_NK[fit.fitted_F], own, atol=1e-4)


def test_equal_vectors_are_scored_by_the_shares_of_classes() -> None:
    score_NK = LeaveOneOut(np.ones((6, 4)), [0, 0, 0, 1, 1, 1]).scores(1.0)
    assert np.isfinite(score_NK).all()
    np.testing.assert_allclose(score_NK[0], [2 / 5, 3 / 5], atol=1e-6)
