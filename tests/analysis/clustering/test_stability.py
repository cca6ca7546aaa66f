"""Groupings of parts agree where groups are plain, and not by themselves."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.clustering.stability import stability


@pytest.fixture(scope="module")
def blobs() -> tuple[np.ndarray, np.ndarray]:
    label_N = np.repeat([0, 1, 2], [60, 40, 20])
    return np.eye(3, 8)[label_N] + 0.1 * np.random.default_rng(0).normal(size=(120, 8)), label_N


def test_stability_tells_the_right_number_from_a_wrong_one(blobs):
    vectors_ND, _ = blobs
    assert stability(vectors_ND, 3) == pytest.approx(1)
    assert stability(vectors_ND, 7) < 0.9
    assert stability(np.random.default_rng(0).normal(size=(120, 8)), 5) < 0.6
    assert stability(vectors_ND[:9], 2) is None


def test_as_many_groups_as_four_fifths_of_the_images_have_no_stability():
    vectors_ND = np.random.default_rng(0).normal(size=(12, 4))
    assert stability(vectors_ND, 10) is None
    assert stability(vectors_ND, 9) is not None
