"""The estimate of accuracy is near the truth, also where labels were chosen."""

from __future__ import annotations

import numpy as np
import pytest

from support.kinds import make_kinds
from unpool.analysis.classification.estimates import estimate_accuracy
from unpool.analysis.classification.heads import fit_head


def test_the_interval_holds_the_truth() -> None:
    held, widths = [], []
    for seed in range(8):
        unit_ND, kind_N = make_kinds((300, 200, 100), spread=1.3, seed=seed)
        unit_LD, kind_L, rest_ND, rest_N = unit_ND[:90], kind_N[:90], unit_ND[90:], kind_N[90:]
        truth = float((fit_head(unit_LD, kind_L).logits(rest_ND).argmax(axis=1) == rest_N).mean())
        estimate = estimate_accuracy(unit_LD, kind_L, rest_ND, seed=seed)
        assert estimate is not None
        assert estimate.labels == 90
        assert estimate.low < estimate.value < estimate.high
        held.append(estimate.low <= truth <= estimate.high)
        widths.append(estimate.high - estimate.low)
    assert sum(held) >= 7
    assert np.mean(widths) < 0.35


def test_labelled_images_count_as_many_as_are_near_them() -> None:
    # Two kinds far apart, and between them labelled images that are often wrong, which stand for no other image.
    rng = np.random.default_rng(0)
    easy_ND = np.eye(2)[np.arange(200) % 2] + 0.02 * rng.normal(size=(200, 2))
    hard_ND = np.ones((20, 2)) + 0.2 * rng.normal(size=(20, 2))
    unit_ND = np.concatenate([easy_ND, hard_ND]).astype(np.float32)
    unit_ND /= np.linalg.norm(unit_ND, axis=1, keepdims=True)
    kind_L = np.concatenate([np.arange(20) % 2, rng.integers(0, 2, 20)])
    labelled_LD = np.concatenate([unit_ND[:20], unit_ND[200:]])
    estimate = estimate_accuracy(labelled_LD, kind_L, unit_ND[20:200])
    assert estimate is not None
    assert estimate.value > 0.85  # unweighted it would be about 0.75


def test_more_labels_narrow_the_interval() -> None:
    unit_ND, kind_N = make_kinds((400, 300), spread=1.2)
    few, many = (estimate_accuracy(unit_ND[:n], kind_N[:n], unit_ND[n:]) for n in (20, 200))
    assert few is not None
    assert many is not None
    assert many.high - many.low < (few.high - few.low) / 2


def test_scores_are_never_sharpened() -> None:
    unit_ND, kind_N = make_kinds((60, 60), spread=0.1)
    estimate = estimate_accuracy(unit_ND[:40], kind_N[:40], unit_ND[40:])
    assert estimate is not None
    assert estimate.value == 1
    assert estimate.temperature == 1


@pytest.mark.parametrize("classes", [[0], [0, 0, 0, 0], [0, 1], [0, 0, 0, 1]])
def test_too_few_labels_allow_no_estimate(classes: list[int]) -> None:
    unit_ND, _ = make_kinds((10, 10))
    assert estimate_accuracy(unit_ND[: len(classes)], np.array(classes), unit_ND) is None
