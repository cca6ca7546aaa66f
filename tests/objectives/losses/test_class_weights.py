"""Rare classes weigh more, by the median of frequencies."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.errors import UsageError
from unpool.objectives.losses.class_weights import class_weights


def test_weights_by_median_frequency() -> None:
    count_NK = np.array([[10, 90, 0], [50, 0, 50]])
    # frequency: 60 of 200, 90 of 100, 50 of 100; the median is 0.5
    assert class_weights(count_NK, "abc", "median") == pytest.approx([0.5 / 0.3, 0.5 / 0.9, 1.0])
    assert class_weights(count_NK, "abc", "sqrt") == pytest.approx(np.sqrt([0.5 / 0.3, 0.5 / 0.9, 1.0]))
    assert class_weights(count_NK, "abc") is None


def test_a_class_that_never_occurs_weighs_one() -> None:
    weights = class_weights(np.array([[10, 90, 0]]), "abc", "median")
    assert weights is not None
    assert weights[2] == 1


def test_unknown_weights_are_named() -> None:
    with pytest.raises(UsageError, match="--class-weights 'log' must be one of none, sqrt, median"):
        class_weights(np.ones((1, 2)), "ab", "log")
