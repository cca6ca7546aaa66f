"""Vectors of two ways of computing, compared."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.networks.encoders.agreement import MIN_COSINE, cosine


def test_cosine_is_the_smallest_of_the_rows() -> None:
    one = np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 0.0]])
    assert cosine(one, one) == pytest.approx(1.0)
    assert cosine(one, np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 0.0]])) == pytest.approx(np.sqrt(0.5))
    assert cosine(one, np.array([[1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])) == 0.0


def test_numbers_that_are_not_finite_never_agree() -> None:
    found = np.array([[1.0, 0.0], [np.nan, 1.0]], np.float32)
    assert not cosine(found, found) >= MIN_COSINE
