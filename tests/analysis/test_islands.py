"""A crowd apart joins the group that lies round it, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.islands import rehomed
from unpool.analysis.quality import accuracy


def crowds(chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Four classes, the last crowd of 40 a part of class 1 by its pixels alone; codes (N, 8), pixels (N, 20)."""
    label_N = np.repeat([0, 1, 2, 3, 1], [150, 150, 150, 150, 40])
    code_N = np.repeat([0, 1, 2, 3, 4], [150, 150, 150, 150, 40])
    codes_ND = np.eye(5, 8)[code_N] + 0.05 * chance.normal(size=(640, 8))
    pixels_NP = 3 * np.eye(4, 20)[label_N] + 0.3 * chance.normal(size=(640, 20))
    pixels_NP[code_N == 4, 10] += 1.5  # what tells the crowd from its class
    return label_N, codes_ND, pixels_NP


def test_a_crowd_joins_its_class_wherever_it_was_put() -> None:
    label_N, codes_ND, pixels_NP = crowds(np.random.default_rng(0))
    for wrong in (0, 2, 3):
        group_N = label_N.copy()
        group_N[600:] = wrong
        np.testing.assert_array_equal(rehomed(group_N, codes_ND, pixels_NP), label_N)


def test_nothing_moves_where_all_is_right() -> None:
    label_N, codes_ND, pixels_NP = crowds(np.random.default_rng(1))
    np.testing.assert_array_equal(rehomed(label_N, codes_ND, pixels_NP), label_N)


@pytest.mark.parametrize("few", [2, 3, 12])
def test_few_images_and_equal_ones(few: int) -> None:
    codes_ND = np.eye(few)
    assert len(rehomed(np.arange(few) % 2, codes_ND, codes_ND)) == few
    np.testing.assert_array_equal(rehomed(np.zeros(few), np.ones((few, 3)), np.ones((few, 4))), np.zeros(few))


@pytest.mark.parametrize("near", [0, 2, 3])
def test_pixels_that_tell_nothing_leave_codes_to_decide(near: int) -> None:
    chance = np.random.default_rng(2)
    label_N, codes_ND, pixels_NP = crowds(chance)
    codes_ND[600:, near] += 0.6
    found_N = rehomed(label_N, codes_ND, chance.normal(size=pixels_NP.shape))
    assert (found_N[600:] == near).all()
    assert accuracy(found_N[:600], label_N[:600]) == 1.0
