"""A crowd apart joins the group that lies round it, and nothing else moves."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.analysis.clustering.reassign import ViewSource, reassign_isolated_communities
from unpool.analysis.metrics.supervised import accuracy


def crowds(
    chance: np.random.Generator, crowd: int = 40
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Four classes, and a crowd that is a part of class 1 by its pixels alone, anywhere in the order.

    Classes (N,), codes (N, 8), pixels (N, 20) and which rows are the crowd's (N,).
    """
    code_N = chance.permutation(np.repeat([0, 1, 2, 3, 4], [150, 150, 150, 150, crowd]))
    label_N = np.where(code_N == 4, 1, code_N)
    codes_ND = np.eye(5, 8)[code_N] + 0.05 * chance.normal(size=(len(code_N), 8))
    pixels_NP = 3 * np.eye(4, 20)[label_N] + 0.3 * chance.normal(size=(len(code_N), 20))
    pixels_NP[code_N == 4, 10] += 1.5  # what tells the crowd from its class
    return label_N, codes_ND, pixels_NP, code_N == 4


def as_they_are(codes_ND: np.ndarray, pixels_NP: np.ndarray) -> ViewSource:
    """One view of each image, itself."""
    return lambda row_R: [(codes_ND[row_R], pixels_NP[row_R])]


def homes(
    group_N: np.ndarray, codes_ND: np.ndarray, pixels_NP: np.ndarray, look: ViewSource | None = None
) -> np.ndarray:
    return reassign_isolated_communities(
        group_N, codes_ND, pixels_NP, look or as_they_are(codes_ND, pixels_NP)
    )


def test_a_crowd_joins_its_class_wherever_it_was_put() -> None:
    label_N, codes_ND, pixels_NP, in_crowd_N = crowds(np.random.default_rng(0))
    for wrong in (0, 2, 3):
        group_N = np.where(in_crowd_N, wrong, label_N)
        np.testing.assert_array_equal(homes(group_N, codes_ND, pixels_NP), label_N)


def test_of_many_images_some_are_asked_and_the_same_again(monkeypatch: pytest.MonkeyPatch) -> None:
    from unpool.analysis.clustering import reassign as islands

    monkeypatch.setattr(islands, "MAX_REFERENCES", 200)
    label_N, codes_ND, pixels_NP, in_crowd_N = crowds(np.random.default_rng(5), crowd=70)
    asked: list[np.ndarray] = []

    def look(row_R: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        asked.append(row_R)
        return [(codes_ND[row_R], pixels_NP[row_R])]

    group_N = np.where(in_crowd_N, 3, label_N)
    for _ in range(2):
        np.testing.assert_array_equal(homes(group_N, codes_ND, pixels_NP, look), label_N)
    np.testing.assert_array_equal(*asked)
    assert len(asked[0]) == 50
    assert in_crowd_N[asked[0]].all()


def test_a_group_that_is_nothing_but_crowds_keeps_its_images() -> None:
    """Three crowds that are each less than half their group and look like another do not empty it."""
    chance = np.random.default_rng(6)
    where = np.repeat([0, 1, 2, 3], [300, 40, 40, 40])
    codes_ND = np.eye(4, 8)[where] + 0.05 * chance.normal(size=(420, 8))
    pixels_NP = np.eye(4, 8)[where] + 0.05 * chance.normal(size=(420, 8))
    codes_ND[300:, 0] += 0.6
    pixels_NP[:, 1:] = 0.05 * chance.normal(size=(420, 7))
    pixels_NP[:300:2] = pixels_NP[300] + 0.01 * chance.normal(size=(150, 8))
    pixels_NP[300:] = pixels_NP[300] + 0.01 * np.eye(4, 8)[where[300:]] * 20
    group_N = np.minimum(where, 1)
    np.testing.assert_array_equal(homes(group_N, codes_ND, pixels_NP), group_N)


def test_nothing_moves_where_all_is_right() -> None:
    label_N, codes_ND, pixels_NP, _ = crowds(np.random.default_rng(1))
    np.testing.assert_array_equal(homes(label_N, codes_ND, pixels_NP), label_N)


@pytest.mark.parametrize("few", [2, 3, 12])
def test_few_images_and_equal_ones(few: int) -> None:
    codes_ND = np.eye(few)
    assert len(homes(np.arange(few) % 2, codes_ND, codes_ND)) == few
    np.testing.assert_array_equal(homes(np.zeros(few), np.ones((few, 3)), np.ones((few, 4))), np.zeros(few))


@pytest.mark.parametrize("near", [0, 2, 3])
def test_pixels_that_tell_nothing_leave_codes_to_decide(near: int) -> None:
    chance = np.random.default_rng(2)
    label_N, codes_ND, pixels_NP, in_crowd_N = crowds(chance)
    codes_ND[in_crowd_N, near] += 0.6
    found_N = homes(label_N, codes_ND, chance.normal(size=pixels_NP.shape))
    assert (found_N[in_crowd_N] == near).all()
    assert accuracy(found_N[~in_crowd_N], label_N[~in_crowd_N]) == 1.0


@pytest.mark.parametrize("seen", [0, 2, 3])
@pytest.mark.parametrize("telling", [0, 1, 2])
def test_what_any_view_looks_like_counts_and_not_the_image_alone(seen: int, telling: int) -> None:
    """By itself the crowd looks like class 1; one of its views is just what class `seen` looks like."""
    label_N, codes_ND, pixels_NP, in_crowd_N = crowds(np.random.default_rng(3))
    like = np.flatnonzero(label_N == seen)[0]

    def look(row_R: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        views = [(codes_ND[row_R], pixels_NP[row_R])] * 3
        # Vectors of any length, as codes are.
        views[telling] = (
            7 * np.tile(codes_ND[like], (len(row_R), 1)),
            np.tile(pixels_NP[like], (len(row_R), 1)),
        )
        return views

    assert (homes(label_N, codes_ND, pixels_NP, look)[in_crowd_N] == seen).all()


def test_views_count_whatever_the_length_of_their_vectors() -> None:
    chance = np.random.default_rng(7)
    label_N, codes_ND, pixels_NP, in_crowd_N = crowds(chance)
    like, rather = np.flatnonzero(label_N == 2)[0], np.eye(8)[0] + np.eye(8)[4]

    def look(row_R: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
        noise_RP = chance.normal(size=(len(row_R), 20))
        return [(np.tile(code_D, (len(row_R), 1)), noise_RP) for code_D in (7 * codes_ND[like], rather)]

    assert (homes(label_N, codes_ND, chance.normal(size=pixels_NP.shape), look)[in_crowd_N] == 2).all()


def test_large_groups_do_not_draw_a_crowd_by_their_size_nor_tiny_ones_by_theirs() -> None:
    """Of the images near a crowd of 30, ten are of a group of 600, eight of one of 60: more for its size."""
    chance = np.random.default_rng(4)
    group_N = np.repeat([0, 1, 2, 0], [600, 60, 150, 30])
    where_ND = np.repeat(np.eye(4, 8), [600, 60, 150, 30], axis=0)
    codes_ND, pixels_NP = (where_ND + 0.05 * chance.normal(size=(840, 8)) for _ in range(2))
    near = np.r_[:10, 600:608]
    pixels_NP[near] = pixels_NP[810] + 0.02 * chance.normal(size=(len(near), 8))
    assert (homes(group_N, codes_ND, pixels_NP)[810:] == 1).all()
    group_N[np.r_[606:608, 650:660]] = 3  # two of its twelve are near, but it is smaller than the crowd
    assert (homes(group_N, codes_ND, pixels_NP)[810:] == 1).all()
