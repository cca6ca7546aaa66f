"""Advice goes from typical images to doubtful ones, and says why."""

from __future__ import annotations

import numpy as np
import pytest

from support.kinds import make_kinds
from unpool.actions.teaching.advice import (
    Labels,
    choose_next,
    describe_choice,
    fit_labels,
    probabilities,
    try_labels,
)
from unpool.analysis.classification.estimates import Estimate
from unpool.analysis.classification.next_labels import Choice

NAMES = ["cat", "dog", "owl"]


def labels_of(kind_N: np.ndarray, known: int) -> Labels:
    code_N = np.where(np.arange(len(kind_N)) < known, kind_N, -1)
    return Labels(NAMES, code_N, np.ones(len(kind_N), bool))


def test_typical_images_come_before_doubtful_ones() -> None:
    unit_ND, kind_N = make_kinds((80, 60, 40), spread=0.8)
    reasons = {}
    for known, num_groups in ((3, 0), (12, 0), (12, 60), (70, 1000)):
        labels = labels_of(kind_N, known)
        head = fit_labels(unit_ND, labels)
        assert head is not None
        choices = choose_next(unit_ND, labels, head.logits(unit_ND), 4, num_groups=num_groups)
        reasons[known, num_groups] = {choice.reason == "typical" for choice in choices}
    assert reasons == {(3, 0): {True}, (12, 0): {False}, (12, 60): {True}, (70, 1000): {False}}


def test_fewer_images_are_the_first_of_more() -> None:
    unit_ND, kind_N = make_kinds((80, 60, 40), spread=0.8)
    labels = labels_of(kind_N, 0)
    ten, thirty = (choose_next(unit_ND, labels, None, k) for k in (10, 30))
    assert thirty[:10] == ten
    assert len({choice.row for choice in thirty}) == 30
    assert (labels.code_N == -1).all()


def test_all_images_that_are_left_are_chosen() -> None:
    unit_ND, kind_N = make_kinds((20, 15, 10))
    assert len(choose_next(unit_ND, labels_of(kind_N, 30), None, 100)) == 15


def test_a_classifier_needs_two_names() -> None:
    unit_ND, kind_N = make_kinds((20, 15, 10))
    assert fit_labels(unit_ND, labels_of(kind_N, 0)) is None
    assert fit_labels(unit_ND, labels_of(np.zeros(45, int), 20)) is None
    assert try_labels(unit_ND, labels_of(kind_N, 0)) is None
    estimate = try_labels(unit_ND, labels_of(kind_N, 30))
    assert estimate is not None
    assert estimate.labels == 30


def test_labels_that_other_images_have_leave_no_gap() -> None:
    unit_ND, kind_N = make_kinds((20, 20))
    labels = Labels(NAMES, np.where(np.arange(40) < 20, kind_N * 2, -1), np.ones(40, bool))  # cat and owl
    head = fit_labels(unit_ND, labels)
    assert head is not None
    assert set(head.logits(unit_ND).argmax(axis=1)) == {0, 2}
    assert try_labels(unit_ND, labels) is not None


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        (Choice(0, "typical", 1200), "typical of 1,200 images without a label"),
        (Choice(0, "typical", 1), "unlike the images that have a label"),
        (Choice(0, "uncertain", 8, 1, 0), "‘dog’ or ‘cat’, nearest to 7 others"),
        (Choice(0, "uncertain", 1, 1, 0), "‘dog’ or ‘cat’"),
        (Choice(0, "rare", 3, 2, 0), "perhaps ‘owl’, which has 1 label"),
        (Choice(0, "rare", 3, 1, 0), "perhaps ‘dog’, which has 4 labels"),
    ],
)
def test_the_reason_is_said_in_words(choice: Choice, words: str) -> None:
    labels = Labels(NAMES, np.array([0, 1, 1, 1, 1, 2]), np.ones(6, bool))
    assert labels.count() == [1, 4, 1]
    assert describe_choice(choice, labels, labels.count()) == words


def test_probabilities_are_calibrated_where_that_is_known() -> None:
    logit_NK = np.array([[2.0, 0.0]], np.float32)
    plain, softened = probabilities(logit_NK, None), probabilities(logit_NK, Estimate(0.5, 0, 1, 9, 2.0))
    assert plain[0, 0] == pytest.approx(1 / (1 + np.exp(-2)))
    assert softened[0, 0] == pytest.approx(1 / (1 + np.exp(-1)))


def test_copies_do_not_vouch_for_each_other() -> None:
    unit_ND, kind_N = make_kinds((80, 60, 40), spread=3)
    plain = try_labels(unit_ND, labels_of(kind_N, 30))
    thrice_ND = np.concatenate([unit_ND[:30], unit_ND[:30], unit_ND])
    labels = labels_of(np.concatenate([kind_N[:30], kind_N[:30], kind_N]), 90)
    unknown, known = (
        try_labels(thrice_ND, Labels(NAMES, labels.code_N, labels.is_open_N, content_N))
        for content_N in (
            None,
            np.concatenate([np.arange(30).astype(str)] * 2 + [np.arange(180).astype(str)]),
        )
    )
    assert plain is not None
    assert unknown is not None
    assert known is not None
    assert unknown.value > plain.value + 0.1
    assert known == plain


def test_images_marked_as_wrong_teach_nothing() -> None:
    unit_ND, kind_N = make_kinds((80, 60, 40))
    labels = labels_of(kind_N, 30)
    changed = Labels(NAMES, labels.code_N.copy(), labels.is_open_N.copy())
    changed.code_N[30:40], changed.is_open_N[30:40] = (kind_N[30:40] + 1) % 3, False
    heads = [fit_labels(unit_ND, each) for each in (labels, changed)]
    assert heads[0] is not None
    assert heads[1] is not None
    np.testing.assert_array_equal(heads[0].arrays["weight"], heads[1].arrays["weight"])
