"""Few labels that are chosen say more than as many at random."""

from __future__ import annotations

import numpy as np
import pytest

from support.kinds import make_kinds
from unpool.analysis.classification import next_labels
from unpool.analysis.classification.heads import fit_head
from unpool.analysis.classification.next_labels import Choice, choose_images, find_axes
from unpool.analysis.neighbours import Floats, Indices


def accuracy(unit_ND: Floats, kind_N: Indices, rows: list[int]) -> float:
    head = fit_head(unit_ND[rows], kind_N[rows])
    is_free_N = ~np.isin(np.arange(len(kind_N)), rows)
    return float((head.logits(unit_ND[is_free_N]).argmax(axis=1) == kind_N[is_free_N]).mean())


def rows_of(choices: list[Choice]) -> list[int]:
    return [choice.row for choice in choices]


def test_the_first_choices_are_typical_of_each_kind() -> None:
    unit_ND, kind_N = make_kinds((60, 40, 25, 15, 10), spread=0.3)
    choices = choose_images(unit_ND, np.full(150, -1), 5)
    assert kind_N[rows_of(choices)].tolist() == [0, 1, 2, 3, 4]  # the largest kind first
    assert [choice.stands_for for choice in choices] == [60, 40, 25, 15, 10]
    assert {choice.reason for choice in choices} == {"typical"}
    for number, choice in enumerate(choices):
        cosine_M = unit_ND[kind_N == number] @ unit_ND[choice.row]
        all_MM = unit_ND[kind_N == number] @ unit_ND[kind_N == number].T
        assert cosine_M.mean() > np.median(all_MM.mean(axis=0))


def test_kinds_that_have_a_label_are_passed_over() -> None:
    unit_ND, kind_N = make_kinds((60, 40, 25), spread=0.2)
    class_N = np.full(125, -1)
    class_N[np.flatnonzero(kind_N == 0)[:2]] = 0
    chosen = rows_of(choose_images(unit_ND, class_N, 2))
    assert set(kind_N[chosen]) == {1, 2}


def test_chosen_labels_name_more_than_random_ones() -> None:
    unit_ND, kind_N = make_kinds((200, 90, 60, 40, 30, 20, 15, 10), spread=0.9)
    chosen, drawn = [], []
    for seed in range(3):
        rows = rows_of(choose_images(unit_ND, np.full(len(kind_N), -1), 16, seed=seed))
        chosen.append(accuracy(unit_ND, kind_N, rows))
        random = np.random.default_rng(seed).permutation(len(kind_N))[:16].tolist()
        drawn.append(accuracy(unit_ND, kind_N, random))
    assert np.mean(chosen) > np.mean(drawn) + 0.1


def test_doubtful_images_follow_once_there_is_a_classifier() -> None:
    unit_ND, kind_N = make_kinds((150, 150, 150), spread=1.0)
    class_N = np.full(450, -1)
    known = np.concatenate([np.flatnonzero(kind_N == kind)[:6] for kind in range(3)])
    class_N[known] = kind_N[known]
    logit_NK = fit_head(unit_ND[known], kind_N[known]).logits(unit_ND)
    choices = choose_images(unit_ND, class_N, 10, logit_NK=logit_NK)
    two_N2 = np.sort(logit_NK, axis=1)[:, -2:]
    gap_N = two_N2[:, 1] - two_N2[:, 0]
    assert np.median(gap_N[rows_of(choices)]) < np.median(gap_N[class_N < 0]) / 2
    for choice in choices:
        order = np.argsort(-logit_NK[choice.row])
        assert (choice.first, choice.second) == (order[0], order[1])


def test_rare_kinds_come_more_often_than_their_share() -> None:
    unit_ND, kind_N = make_kinds((300, 300, 30), spread=1.0)
    class_N = np.full(630, -1)
    known = np.concatenate([np.flatnonzero(kind_N == kind)[:4] for kind in range(3)])
    class_N[known] = kind_N[known]
    logit_NK = fit_head(unit_ND[known], kind_N[known]).logits(unit_ND)
    logit_NK[:, 2] -= 1.5  # as a classifier that has seen how rare the kind is
    choices = choose_images(unit_ND, class_N, 20, logit_NK=logit_NK)
    share = np.mean([choice.first == 2 for choice in choices])
    assert share > 2 * (logit_NK.argmax(axis=1) == 2).mean()
    assert {choice.reason for choice in choices if choice.first == 2} == {"rare"}


def test_only_open_images_are_chosen_each_once() -> None:
    unit_ND, kind_N = make_kinds((30, 20))
    class_N, is_open_N = np.full(50, -1), np.arange(50) % 2 == 0
    class_N[:10] = kind_N[:10]
    for logit_NK in (None, fit_head(unit_ND[:10], kind_N[:10]).logits(unit_ND)):
        rows = rows_of(choose_images(unit_ND, class_N, 100, logit_NK=logit_NK, is_open_N=is_open_N))
        assert sorted(rows) == list(range(10, 50, 2))
    assert choose_images(unit_ND, np.zeros(50, int), 5) == []


@pytest.mark.parametrize("has_scores", [False, True])
def test_equal_images_are_chosen_where_nothing_else_is_left(has_scores: bool) -> None:
    unit_ND = np.tile(np.array([[1, 0]], np.float32), (8, 1))
    logit_NK = np.zeros((8, 2), np.float32) if has_scores else None
    assert len(set(rows_of(choose_images(unit_ND, np.full(8, -1), 5, logit_NK=logit_NK)))) == 5


def test_the_same_seed_gives_the_same_choice() -> None:
    unit_ND, _ = make_kinds((80, 60, 40), spread=0.8)
    first, second, other = (choose_images(unit_ND, np.full(180, -1), 12, seed=seed) for seed in (0, 0, 1))
    assert first == second != other


def test_a_sample_of_many_images_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    unit_ND, kind_N = make_kinds((400, 300, 200), spread=0.3)
    monkeypatch.setattr(next_labels, "MAX_CANDIDATES", 150)
    choices = choose_images(unit_ND, np.full(900, -1), 3)
    assert kind_N[rows_of(choices)].tolist() == [0, 1, 2]
    assert [choice.stands_for for choice in choices] == pytest.approx([400, 300, 200], rel=0.25)
    class_N = np.full(900, -1)
    class_N[rows_of(choices)] = [0, 1, 2]
    logit_NK = fit_head(unit_ND[rows_of(choices)], [0, 1, 2]).logits(unit_ND)
    nearest = []
    for limit in (1000, 150):
        monkeypatch.setattr(next_labels, "MAX_DOUBTFUL", limit)
        nearest.append([one.stands_for for one in choose_images(unit_ND, class_N, 5, logit_NK=logit_NK)])
    assert sum(nearest[0]) < 897  # the others are nearer to labelled images
    assert sum(nearest[1]) == pytest.approx(sum(nearest[0]), rel=0.3)


def test_axes_hold_what_varies() -> None:
    rng = np.random.default_rng(0)
    narrow_ND = np.zeros((200, 60), np.float32)
    narrow_ND[:, :4] = rng.normal(size=(200, 4))
    axes = find_axes(narrow_ND)
    place_NR = axes.project(narrow_ND)
    assert np.var(place_NR, axis=0).sum() == pytest.approx(np.var(narrow_ND, axis=0).sum(), rel=1e-4)


def test_the_quick_greedy_choice_is_the_plain_one() -> None:
    rng = np.random.default_rng(0)
    place_CR, mass_C = rng.normal(size=(300, 8)).astype(np.float32), rng.random(300).astype(np.float32)
    near_CC = next_labels._similarities(place_CR, 300)
    np.testing.assert_allclose(near_CC, near_CC.T, atol=1e-5)
    covered_C = np.zeros(300, np.float32)
    found = next_labels._cover(near_CC, covered_C, mass_C, 20).tolist()
    plain: list[int] = []
    for _ in range(20):
        gain_C = np.maximum(near_CC, covered_C).astype(np.float64) @ mass_C
        gain_C[plain] = -1
        plain.append(int(gain_C.argmax()))
        covered_C = np.maximum(covered_C, near_CC[plain[-1]])
    assert found == plain


def test_more_images_than_are_compared_follow_by_their_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    unit_ND, kind_N = make_kinds((60, 40), spread=0.8)
    class_N = np.where(np.arange(100) < 10, kind_N, -1)
    logit_NK = fit_head(unit_ND[:10], kind_N[:10]).logits(unit_ND)
    monkeypatch.setattr(next_labels, "MAX_COVERING", 5)
    choices = choose_images(unit_ND, class_N, 30, logit_NK=logit_NK)
    assert len(set(rows_of(choices))) == 30
    gap_N = np.abs(np.diff(logit_NK, axis=1)[:, 0])
    for kind in (0, 1):  # of one kind the most doubtful comes first
        gaps = [gap_N[choice.row] for choice in choices[5:] if choice.first == kind]
        assert len(gaps) > 3
        assert gaps == sorted(gaps)
