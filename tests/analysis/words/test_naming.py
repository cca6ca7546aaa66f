"""Groups get the terms that fit them and no other."""

from __future__ import annotations

import numpy as np

from unpool.analysis.words.naming import MIN_EVIDENCE, find_names, name_of_each_group

RNG = np.random.default_rng(0)
GROUPS = np.repeat(np.arange(4), 30)


def _images(noise: float = 0.1, shared: float = 0.0) -> np.ndarray:
    images = np.eye(8)[GROUPS] + RNG.normal(0, noise, (len(GROUPS), 8))
    images[:, 7] += shared
    return images.astype(np.float32)


def test_each_group_gets_its_term() -> None:
    found = find_names(_images(), GROUPS, np.eye(8)[[5, 3, 1, 0, 2]], 20.0)
    assert found.number_G.tolist() == [0, 1, 2, 3]
    assert found.term_G.tolist() == [3, 2, 4, 1]
    assert (found.best_GK[:, 0] == found.term_G).all()


def test_a_term_that_fits_all_images_names_none() -> None:
    images = _images(shared=2.0)
    terms = np.eye(8)[[7, 0, 1, 2, 3]]
    assert (images @ terms.T).argmax(axis=1).tolist() == [0] * len(
        images
    )  # what fits best would be the shared one
    assert find_names(images, GROUPS, terms, 20.0).term_G.tolist() == [1, 2, 3, 4]


def test_a_group_that_nothing_fits_has_no_name() -> None:
    found = find_names(_images(), GROUPS, np.eye(8)[[0, 1, 6]], 20.0)
    assert found.term_G[:2].tolist() == [0, 1]
    assert found.term_G[2:].tolist() == [-1, -1]
    assert found.evidence_G[:2].min() > MIN_EVIDENCE
    assert found.evidence_G[2:].tolist() == [0, 0]


def test_terms_of_a_space_that_separates_nothing_name_nothing() -> None:
    images = RNG.normal(0, 1, (len(GROUPS), 8)) + 10
    assert (find_names(images, GROUPS, RNG.normal(0, 1, (50, 8)), 20.0).term_G == -1).all()


def test_two_groups_of_a_kind_take_two_names_only_where_both_fit() -> None:
    images = np.eye(4)[[0, 0, 0, 0, 1, 1]] + np.array(
        [[0, 0, 0.1, 0]] * 2 + [[0, 0, -0.1, 0]] * 2 + [[0, 0, 0, 0]] * 2
    )
    groups = [0, 0, 1, 1, 2, 2]
    synonym = np.array([[1, 0, 0.02, 0], [1, 0, -0.02, 0], [0, 1, 0, 0]])
    assert sorted(find_names(images, groups, synonym, 20.0).term_G.tolist()) == [0, 1, 2]
    only_one = np.array([[1, 0, 0, 0], [0, 0, 0, 1], [0, 1, 0, 0]])
    assert find_names(images, groups, only_one, 20.0).term_G.tolist() == [0, 0, 2]


def test_a_term_that_fits_another_group_better_gives_way_to_one_that_fits_no_other() -> None:
    images = np.eye(4)[[0, 0, 1, 1, 2, 2]]
    shared, own = [0.45, 0.6, -0.3, 0.59], [0.1875, 0, 0, 0.982]
    assert find_names(images, [0, 0, 1, 1, 2, 2], [shared, own], 20.0).term_G.tolist() == [1, 0, -1]


def test_images_in_no_group_are_left_out() -> None:
    group_N = np.where(GROUPS == 3, -1, GROUPS)
    assert find_names(_images(), group_N, np.eye(8)[:4], 20.0).term_G.tolist() == [0, 1, 2]


def test_one_group_gets_what_fits_best() -> None:
    found = find_names(_images()[:30], np.zeros(30, int), np.eye(8)[[4, 0, 5]], 20.0)
    assert found.term_G.tolist() == [1]


def test_no_group_no_name() -> None:
    assert not len(find_names(_images()[:3], [-1, -1, -1], np.eye(8), 20.0).term_G)


def test_names_hold_as_long_as_most_images_carry_them() -> None:
    assert name_of_each_group([0] * 3 + [1] * 3, [2, 2, 7, 7, 8, -1]) == {0: 2}
    assert name_of_each_group([0, -1], [-1, 3]) == {}
    assert name_of_each_group([], []) == {}
