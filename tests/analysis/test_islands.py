"""A crowd apart joins the group that lies round it, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.islands import Look, rehomed
from unpool.analysis.quality import accuracy


def crowds(chance: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Four classes, the last crowd of 40 a part of class 1 by its pixels alone; codes (N, 8), pixels (N, 20)."""
    label_N = np.repeat([0, 1, 2, 3, 1], [150, 150, 150, 150, 40])
    code_N = np.repeat([0, 1, 2, 3, 4], [150, 150, 150, 150, 40])
    codes_ND = np.eye(5, 8)[code_N] + 0.05 * chance.normal(size=(640, 8))
    pixels_NP = 3 * np.eye(4, 20)[label_N] + 0.3 * chance.normal(size=(640, 20))
    pixels_NP[code_N == 4, 10] += 1.5  # what tells the crowd from its class
    return label_N, codes_ND, pixels_NP


def as_they_are(codes_ND: np.ndarray, pixels_NP: np.ndarray) -> Look:
    """One view of each image, itself."""
    return lambda row_R: [(codes_ND[row_R], pixels_NP[row_R])]


def homes(
    group_N: np.ndarray, codes_ND: np.ndarray, pixels_NP: np.ndarray, look: Look | None = None
) -> np.ndarray:
    return rehomed(group_N, codes_ND, pixels_NP, look or as_they_are(codes_ND, pixels_NP))


def test_a_crowd_joins_its_class_wherever_it_was_put() -> None:
    label_N, codes_ND, pixels_NP = crowds(np.random.default_rng(0))
    for wrong in (0, 2, 3):
        group_N = label_N.copy()
        group_N[600:] = wrong
        np.testing.assert_array_equal(homes(group_N, codes_ND, pixels_NP), label_N)


def test_nothing_moves_where_all_is_right() -> None:
    label_N, codes_ND, pixels_NP = crowds(np.random.default_rng(1))
    np.testing.assert_array_equal(homes(label_N, codes_ND, pixels_NP), label_N)


@pytest.mark.parametrize("few", [2, 3, 12])
def test_few_images_and_equal_ones(few: int) -> None:
    codes_ND = np.eye(few)
    assert len(homes(np.arange(few) % 2, codes_ND, codes_ND)) == few
    np.testing.assert_array_equal(homes(np.zeros(few), np.ones((few, 3)), np.ones((few, 4))), np.zeros(few))


@pytest.mark.parametrize("near", [0, 2, 3])
def test_pixels_that_tell_nothing_leave_codes_to_decide(near: int) -> None:
    chance = np.random.default_rng(2)
    label_N, codes_ND, pixels_NP = crowds(chance)
    codes_ND[600:, near] += 0.6
    found_N = homes(label_N, codes_ND, chance.normal(size=pixels_NP.shape))
    assert (found_N[600:] == near).all()
    assert accuracy(found_N[:600], label_N[:600]) == 1.0


@pytest.mark.parametrize("seen", [0, 2, 3])
def test_what_views_look_like_counts_and_not_the_image_alone(seen: int) -> None:
    """By itself the crowd looks like class 1; one of its views is just what class `seen` looks like."""
    label_N, codes_ND, pixels_NP = crowds(np.random.default_rng(3))

    def look(row_R: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        turned_RD, turned_RP = (
            np.tile(all_N[150 * seen], (len(row_R), 1)) for all_N in (codes_ND, pixels_NP)
        )
        return [(codes_ND[row_R], pixels_NP[row_R]), (turned_RD, turned_RP)]

    assert (homes(label_N, codes_ND, pixels_NP, look)[600:] == seen).all()


def test_large_groups_do_not_draw_a_crowd_by_their_size_nor_tiny_ones_by_theirs() -> None:
    """Of the images near a crowd of 30, ten are of a group of 600, eight of one of 60: a larger share."""
    chance = np.random.default_rng(4)
    group_N = np.repeat([0, 1, 2, 0], [600, 60, 150, 30])
    where_ND = np.repeat(np.eye(4, 8), [600, 60, 150, 30], axis=0)
    codes_ND, pixels_NP = (where_ND + 0.05 * chance.normal(size=(840, 8)) for _ in range(2))
    near = np.r_[:10, 600:608]
    pixels_NP[near] = pixels_NP[810] + 0.02 * chance.normal(size=(len(near), 8))
    assert (homes(group_N, codes_ND, pixels_NP)[810:] == 1).all()
    group_N[607] = 3  # an image that is a group of its own, as if all of that group were near
    assert (homes(group_N, codes_ND, pixels_NP)[810:] == 1).all()
