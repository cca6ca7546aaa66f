"""Schedules give the rates that torch's own give, and resume to the bit."""

from __future__ import annotations

import io
import math

import pytest
import torch
from torch import nn
from torch.optim import lr_scheduler

from support.learning_rates import EPOCHS, LOSSES, PER_EPOCH, TOTAL, rates, two_groups, walk
from unpool.errors import UnpoolError, UsageError
from unpool.training.optimisation.optimisers import build_optimiser
from unpool.training.optimisation.schedules import SCHEDULES, build_schedule

TEXTS = (
    "cosine", "constant", "constant:factor=0.5,total_iters=3", "step:step_size=3", "multi-step:milestones=2+5",
    "multi-step:milestones=4", "exponential:gamma=0.9", "linear", "polynomial:power=2", "cosine-annealing",
    "cosine-annealing-warm-restarts:T_0=3", "one-cycle", "cyclic", "cyclic:mode=exp_range,gamma=0.99",
    "reduce-on-plateau:patience=1,factor=0.3",
)  # fmt: skip


def test_every_schedule_is_tried() -> None:
    assert {text.partition(":")[0] for text in TEXTS} == set(SCHEDULES)


@pytest.mark.parametrize("total", [1, 7, 100, 5000])
def test_cosine_keeps_the_numbers_of_the_loop_it_came_from(total: int) -> None:
    optimiser = two_groups()
    schedule = build_schedule("cosine", optimiser, total, 10)
    for step in range(total):
        schedule.before_step(step)
        warm = min(1.0, (step + 1) / max(1, min(50, total // 20)))
        rate = warm * 0.5 * (1 + math.cos(math.pi * step / total))
        assert rates(optimiser) == [0.1 * max(rate, 0.01), 0.01 * max(rate, 0.01)]


@pytest.mark.parametrize(
    ("text", "make"),
    [
        ("step:step_size=3", lambda o: lr_scheduler.StepLR(o, 3)),
        ("multi-step:milestones=2+5", lambda o: lr_scheduler.MultiStepLR(o, [2, 5])),
        ("cosine-annealing", lambda o: lr_scheduler.CosineAnnealingLR(o, EPOCHS)),
        ("polynomial:power=2", lambda o: lr_scheduler.PolynomialLR(o, EPOCHS, 2)),
        ("linear", lambda o: lr_scheduler.LinearLR(o)),
        (
            "reduce-on-plateau:patience=1,factor=0.3",
            lambda o: lr_scheduler.ReduceLROnPlateau(o, factor=0.3, patience=1),
        ),
    ],
)
def test_torchs_schedules_move_by_epoch_only(text: str, make) -> None:
    ours, theirs = two_groups(), two_groups()
    seen, scheduler, expected = walk(build_schedule(text, ours, TOTAL, PER_EPOCH), ours), make(theirs), []
    for loss in LOSSES:
        expected += [rates(theirs)] * PER_EPOCH
        theirs.step()
        scheduler.step(*([loss] if "plateau" in text else []))
    assert seen == expected
    assert len({tuple(each) for each in seen}) > 1


@pytest.mark.parametrize("text", ["one-cycle", "cyclic"])
def test_cycles_move_by_step(text: str) -> None:
    ours, theirs = two_groups(), two_groups()
    seen, expected = walk(build_schedule(text, ours, TOTAL, PER_EPOCH), ours), []
    if text == "one-cycle":
        scheduler = lr_scheduler.OneCycleLR(theirs, [0.1, 0.01], TOTAL)
    else:
        scheduler = lr_scheduler.CyclicLR(theirs, [0.025, 0.0025], [0.1, 0.01], step_size_up=2 * PER_EPOCH)
    for step in range(TOTAL):
        expected.append([*rates(theirs)])
        theirs.step()
        if step < TOTAL - 1:
            scheduler.step()
    torch.testing.assert_close(torch.tensor(seen), torch.tensor(expected), rtol=1e-12, atol=0)
    assert max(rate for rate, _ in seen) == pytest.approx(0.1, rel=0.01)
    assert ours.param_groups[0]["momentum"] == theirs.param_groups[0]["momentum"]


@pytest.mark.parametrize("text", TEXTS)
def test_groups_keep_their_ratio(text: str) -> None:
    optimiser = two_groups()
    for first, second in walk(build_schedule(text, optimiser, TOTAL, PER_EPOCH), optimiser):
        assert second == pytest.approx(first / 10, rel=1e-9)


@pytest.mark.parametrize("schedule_first", [True, False])
@pytest.mark.parametrize("stop", [0, 1, 20, 21, 22, 69])
@pytest.mark.parametrize("text", TEXTS)
def test_a_resumed_run_has_the_same_rates_to_the_last_bit(text: str, stop: int, schedule_first: bool) -> None:
    optimiser = two_groups()
    straight = walk(build_schedule(text, optimiser, TOTAL, PER_EPOCH), optimiser)
    stopped = two_groups()
    schedule = build_schedule(text, stopped, TOTAL, PER_EPOCH)
    assert walk(schedule, stopped, 0, stop) == straight[:stop]
    file = io.BytesIO()
    torch.save({"optimiser": stopped.state_dict(), "schedule": schedule.state_dict()}, file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    fresh = two_groups()
    resumed = build_schedule(text, fresh, TOTAL, PER_EPOCH)
    parts = [(resumed, "schedule"), (fresh, "optimiser")]
    for part, key in parts if schedule_first else parts[::-1]:
        part.load_state_dict(state[key])
    if stop:
        assert rates(fresh) == rates(stopped)
    assert walk(resumed, fresh, stop) == straight[stop:]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("cosin", "unknown --schedule 'cosin'; did you mean 'cosine'"),
        ("cosine:T_max=3", "unknown key of --schedule cosine 'T_max'"),
        ("step", "step needs step_size; write step:step_size=NUMBER"),
        ("step:stepsize=3", "did you mean 'step_size'"),
        ("step:step_size=0", "step_size is 0, but must be a whole number from 1"),
        ("step:step_size=1.5", "step_size is 1.5, but must be a whole number from 1"),
        ("multi-step:milestones=a", "milestones is 'a', but must be numbers joined by a plus"),
        ("one-cycle:total_steps=5", "unknown key"),
        ("one-cycle:pct_start=3", "cannot be used"),
        ("reduce-on-plateau:mode=max", "unknown key"),
        ("constant:factor=7", "'constant:factor=7' cannot be used"),
    ],
)
def test_schedule_words_that_are_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build_schedule(text, two_groups(), TOTAL, PER_EPOCH)


def test_a_state_that_does_not_fit_is_refused() -> None:
    state = build_schedule("cosine", two_groups(), 5, 5).state_dict()
    one = build_optimiser("sgd", [nn.Parameter(torch.ones(2))], 0.1)
    with pytest.raises(UnpoolError, match="has 2 parameter groups, but the optimiser has 1"):
        build_schedule("cosine", one, 5, 5).load_state_dict(state)
    with pytest.raises(UnpoolError, match="needs the loss of each epoch"):
        build_schedule("reduce-on-plateau", one, 5, 5).after_epoch(None)
