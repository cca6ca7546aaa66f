"""TEMI: uneven groups on the sphere, the same for a seed, and nothing of the user's touched."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from unpool.analysis.clustering.temi import _Heads, _loss, temi
from unpool.analysis.metrics.supervised import accuracy
from unpool.analysis.neighbours import normalise


def test_uneven_groups_are_found(monkeypatch):
    monkeypatch.setattr("unpool.analysis.clustering.temi.MAX_STEPS", 600)
    label_N = np.repeat(np.arange(4), (200, 90, 60, 40))
    noise_ND = np.random.default_rng(0).normal(size=(len(label_N), 16))
    found_N, share_N = temi(normalise(np.eye(4, 16)[label_N] + 0.1 * noise_ND), 4)
    assert accuracy(found_N, label_N) > 0.9
    assert accuracy(found_N, np.random.default_rng(1).permutation(label_N)) < 0.6
    assert 0.25 < share_N.min() <= share_N.max() <= 1


@pytest.mark.slow
def test_digits_from_their_pixels():
    pixels_ND, label_N = load_digits(return_X_y=True)
    assert accuracy(temi(normalise(pixels_ND), 10)[0], label_N) > 0.65


def test_the_same_for_a_seed_without_touching_the_users_numbers(monkeypatch):
    monkeypatch.setattr("unpool.analysis.clustering.temi.MAX_STEPS", 50)
    unit_ND = normalise(np.random.default_rng(0).normal(size=(80, 8)))
    torch.manual_seed(3)
    before = torch.random.get_rng_state()
    first, second = temi(unit_ND, 3, seed=5), temi(unit_ND, 3, seed=5)
    assert torch.equal(torch.random.get_rng_state(), before)
    np.testing.assert_array_equal(first[0], second[0])
    np.testing.assert_array_equal(first[1], second[1])


def test_the_loss_is_that_of_the_formula():
    chance = np.random.default_rng(0)
    student, teacher = (chance.dirichlet(np.ones(3), (2, 8)) for _ in range(2))  # two heads, four pairs
    mean_HK = chance.dirichlet(np.ones(3), 2)
    expected = []
    for head in range(2):
        total = 0.0
        for pair in range(4):
            weight = np.mean([teacher[h, pair] @ teacher[h, pair + 4] for h in range(2)])
            for one, other in ((pair, pair + 4), (pair + 4, pair)):
                shared = ((student[head, one] * teacher[head, other]) ** 0.6 / mean_HK[head]).sum()
                total -= weight * np.log(shared) / 8
        expected.append(total)
    found = _loss(torch.tensor(student).log(), torch.tensor(teacher).log(), torch.tensor(mean_HK))
    assert found.tolist() == pytest.approx(expected, rel=1e-6)


def test_a_head_alone_answers_as_among_the_others():
    heads = _Heads(5, 3, torch.Generator().manual_seed(0))
    x_BD = torch.randn(4, 5)
    torch.testing.assert_close(heads(x_BD, 2), heads(x_BD)[2])
