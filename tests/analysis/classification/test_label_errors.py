"""Exchanged labels are found, right ones are left in peace."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.classification import label_errors
from unpool.analysis.classification.label_errors import MIN_ERROR, find_label_errors


def make_classes(num_classes: int, *, count: int = 400, spread: float = 0.8) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    class_N = np.arange(count) % num_classes
    centre_KD = rng.normal(size=(num_classes, 16))
    return (centre_KD[class_N] + spread * rng.normal(size=(count, 16))).astype(np.float32), class_N


def exchange(class_N: np.ndarray, share: float) -> np.ndarray:
    """Give some images any other class."""
    rng, num_classes = np.random.default_rng(3), int(class_N.max()) + 1
    changed = class_N.copy()
    rows = rng.choice(len(class_N), round(share * len(class_N)), replace=False)
    changed[rows] = (class_N[rows] + rng.integers(1, num_classes, len(rows))) % num_classes
    return changed


@pytest.mark.parametrize("num_classes", [2, 8])
@pytest.mark.parametrize("share", [0.02, 0.05, 0.2])
def test_exchanged_labels_are_found_with_their_share(num_classes: int, share: float) -> None:
    vector_ND, true_N = make_classes(num_classes)
    given_N = exchange(true_N, share)
    found = find_label_errors(vector_ND, given_N)
    is_wrong_N = given_N != true_N
    assert is_wrong_N[found.rows].sum() >= 0.75 * is_wrong_N.sum()
    assert is_wrong_N[found.rows].mean() >= 0.6
    # Of two classes a wrong label and a doubtful image are hard to tell apart.
    assert share / (2 if num_classes > 2 else 5) <= found.share <= share * 2
    caught = [row for row in found.rows if is_wrong_N[row]]
    assert (found.other_N[caught] == true_N[caught]).mean() > 0.85
    assert (np.diff(found.error_N[found.rows]) <= 0).all()  # the likeliest first
    assert found.error_N[found.rows].min() >= MIN_ERROR


def test_right_labels_lead_to_hardly_any_finding() -> None:
    vector_ND, class_N = make_classes(8)
    found = find_label_errors(vector_ND, class_N)
    assert len(found.rows) <= 4
    assert found.agreement > 0.8


def test_labels_that_say_nothing_about_the_images_agree_with_none() -> None:
    vector_ND, class_N = make_classes(4)
    found = find_label_errors(vector_ND, np.random.default_rng(0).permutation(class_N))
    assert abs(found.agreement) < 0.2
    assert len(found.rows) < 0.05 * len(class_N)


def test_some_images_decide_where_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    vector_ND, true_N = make_classes(4)
    given_N = exchange(true_N, 0.05)
    whole = set(find_label_errors(vector_ND, given_N).rows)
    monkeypatch.setattr(label_errors, "MAX_COMPARED", 200)
    some = set(find_label_errors(vector_ND, given_N, seed=1).rows)
    assert len(whole & some) >= 0.8 * len(whole | some)
