"""The chosen head, its figures, and what they rest on."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import precision_recall_fscore_support

from unpool.analysis.classification.heads import HEADS, fit_head, out_of_fold
from unpool.analysis.classification.quality import (
    HeldOut,
    compare_heads,
    hold_out,
    hold_part,
    kinds_of,
    measure_quality,
    most_confused,
    put_best_first,
)


def blobs(num: int, width: float = 1.2) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    class_N = np.arange(num) % 3
    return rng.normal(size=(3, 16))[class_N] + width * rng.normal(size=(num, 16)), class_N


def checkerboard(num: int) -> tuple[np.ndarray, np.ndarray]:
    """Two classes that no straight line divides."""
    rng = np.random.default_rng(0)
    vector_N3 = np.concatenate([rng.normal(size=(num, 2)), np.ones((num, 1))], axis=1)
    return vector_N3, (vector_N3[:, 0] * vector_N3[:, 1] > 0).astype(int)


def test_all_heads_are_compared_and_the_line_wins_where_it_is_enough():
    found = compare_heads(*blobs(90, width=0.8), "auto")
    assert {each.kind for each in found} == {"linear", "kernel", "knn"}
    assert found[0].kind == "linear"


def test_curved_borders_are_not_given_to_a_line():
    found = compare_heads(*checkerboard(200), "auto")
    assert found[0].kind != "linear"
    assert found[0].is_right_N.mean() > 0.8
    assert [each.kind for each in compare_heads(*checkerboard(200), "linear")] == ["linear"]


def test_figures_are_those_of_scikit_learn():
    held_out = hold_out(*blobs(120, width=2.5), "linear")
    quality = measure_quality(held_out, ["a", "b", "c"], 0.05)
    precision_K, recall_K, _, images_K = precision_recall_fscore_support(
        held_out.class_N, held_out.answer_N, zero_division=np.nan
    )
    for number, name in enumerate("abc"):
        row = quality.per_class[name]
        assert row["precision"] == pytest.approx(precision_K[number], abs=1e-4)
        assert row["recall"] == pytest.approx(recall_K[number], abs=1e-4)
        assert row["images"] == images_K[number]
    assert quality.accuracy == pytest.approx(np.trace(quality.confusion_KK) / 120)
    assert quality.low < quality.accuracy < quality.high
    assert 0 < quality.accuracy < 1


def test_answers_are_those_of_heads_that_have_not_seen_the_image():
    vector_ND, class_N = blobs(60)
    np.testing.assert_array_equal(
        hold_out(vector_ND, class_N, "linear", seed=2).logit_NK, out_of_fold(vector_ND, class_N, seed=2)
    )


def test_one_image_of_a_class_does_not_disturb_the_calibration():
    vector_ND, class_N = blobs(61)
    class_N[60] = 3
    held_out = hold_out(vector_ND, class_N, "linear")
    assert 0.2 < held_out.temperature < 5
    assert not held_out.is_right_N[60]
    assert np.isfinite(held_out.loss_N).all()
    np.testing.assert_allclose(held_out.probability_NK.sum(axis=1), 1, atol=1e-5)


def test_no_class_has_two_images():
    held_out = hold_out(np.eye(3), [0, 1, 2], "linear")
    assert isinstance(held_out, HeldOut)
    assert held_out.temperature == 1
    quality = measure_quality(held_out, ["a", "b", "c"], 0.05)
    assert quality.accuracy == 0
    assert quality.abstention.answered == 0


def test_class_without_an_answer_has_no_precision():
    logit_NK = np.array([[2.0, 0.0], [2.0, 0.0]], np.float32)
    held_out = HeldOut("linear", np.array([0, 1]), logit_NK, logit_NK / 2, 1.0, np.zeros(2, np.float32), 1)
    assert measure_quality(held_out, ["a", "b"], 0.05).per_class["b"] == {
        "precision": None, "recall": 0.0, "images": 1,
    }  # fmt: skip


def test_most_confused_are_sorted():
    table_KK = np.array([[5, 1, 3], [0, 5, 0], [4, 0, 5]])
    found = most_confused(table_KK, ["a", "b", "c"], 2)
    assert found == [
        {"label": "c", "answer": "a", "images": 4}, {"label": "a", "answer": "c", "images": 3},
    ]  # fmt: skip


def test_part_is_answered_by_a_head_of_the_rest():
    vector_ND, class_N = blobs(90)
    is_held_N = np.arange(90) % 4 == 0
    held_out = hold_part(vector_ND, class_N, is_held_N, "linear")
    expected = fit_head(vector_ND[~is_held_N], class_N[~is_held_N]).logits(vector_ND[is_held_N])
    np.testing.assert_allclose(held_out.logit_NK, expected, atol=1e-5)
    assert held_out.class_N.tolist() == class_N[is_held_N].tolist()
    np.testing.assert_allclose(held_out.probability_NK.sum(axis=1), 1, atol=1e-5)


def test_best_answers_come_first_only_where_they_are_surely_better():
    first, better = (hold_out(*blobs(90, width), "linear") for width in (1.4, 0.3))
    assert put_best_first([better, first])[0] is better
    assert put_best_first([first, better])[0] is better
    assert set(kinds_of("auto")) < set(HEADS)
    assert kinds_of("mlp") == ("mlp",)
