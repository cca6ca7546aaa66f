"""Which images a network that `run` trains learns its groups from."""

from __future__ import annotations

import numpy as np

from unpool.actions.learn import learnt_from


def test_the_undecided_are_left_out() -> None:
    chance = np.random.default_rng(0)
    group_M, share_M = np.arange(1000) % 2, np.ones(1000)
    answer_MK = np.stack([chance.uniform(0.2, 1, 1000), -chance.uniform(0.2, 1, 1000)], axis=1)
    answer_MK[:100] = 0.01 * chance.normal(size=(100, 2))
    taken_M = learnt_from(group_M, share_M, answer_MK)
    assert not taken_M[:100].any()
    assert taken_M[100:].all()
    assert learnt_from(group_M, share_M, None).all()


def test_no_group_is_forgotten() -> None:
    """A group that nobody is sure of, and whose answers are the least decided, is learnt from by its surer half."""
    group_M = np.repeat([0, 1], [90, 10])
    share_M = np.r_[np.ones(90), np.linspace(0.1, 0.6, 10)]
    answer_MK = np.c_[np.r_[np.ones(90), np.zeros(10)], np.zeros(100)]
    taken_M = learnt_from(group_M, share_M, answer_MK)
    assert taken_M[:90].all()
    assert taken_M[90:].tolist() == [False] * 5 + [True] * 5
