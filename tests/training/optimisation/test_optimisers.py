"""Optimisers and schedules by name: torch's own as the other route, closed forms, and exact resumption."""

from __future__ import annotations

import pytest
import torch
from torch import nn, optim

from support.learning_rates import PER_EPOCH, TOTAL, rates, two_groups, walk
from unpool.errors import UsageError
from unpool.training.optimisation.optimisers import OPTIMISERS, build_optimiser
from unpool.training.optimisation.schedules import build_schedule


@pytest.mark.parametrize("name", OPTIMISERS)
def test_every_optimiser_steps_as_torchs_own(name: str) -> None:
    kind = next(getattr(optim, each) for each in dir(optim) if each.lower() == name)
    weight, twin = (nn.Parameter(torch.arange(6.0).reshape(2, 3)) for _ in range(2))
    decay = {} if name == "rprop" else {"weight_decay": 0.1}
    ours, theirs = (
        build_optimiser(name, [weight], 0.05, decay.get("weight_decay")),
        kind([twin], lr=0.05, **decay),
    )
    for _ in range(3):
        for optimiser, parameter in ((ours, weight), (theirs, twin)):
            optimiser.zero_grad()
            (parameter - 1).square().sum().backward()
            optimiser.step()
    torch.testing.assert_close(weight, twin)
    assert not torch.equal(weight, torch.arange(6.0).reshape(2, 3))


def test_keys_reach_the_constructor() -> None:
    weight = nn.Parameter(torch.ones(2))
    sgd = build_optimiser("sgd:momentum=0.9,nesterov=true", [weight], 0.1)
    assert (sgd.defaults["momentum"], sgd.defaults["nesterov"], sgd.defaults["weight_decay"]) == (
        0.9,
        True,
        0,
    )
    adamw = build_optimiser("adamw:betas=0.8+0.99,eps=1e-6", iter([weight]), 0.1, 0.0)
    assert (adamw.defaults["betas"], adamw.defaults["eps"], adamw.defaults["weight_decay"]) == (
        (0.8, 0.99),
        1e-6,
        0,
    )
    assert build_optimiser("adamw", [weight], 0.1).defaults["weight_decay"] == 0.01
    assert adamw.defaults["fused"] is True
    assert not build_optimiser("adamw:fused=false", [weight], 0.1).defaults["fused"]
    assert not build_optimiser("adamw:foreach=true", [weight], 0.1).defaults["fused"]
    assert rates(two_groups()) == [0.1, 0.01]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("adamv", "unknown --optimizer 'adamv'; did you mean 'adam"),
        ("lbfgs", "unknown --optimizer 'lbfgs'"),
        ("sgd:momentun=0.9", "unknown key of --optimizer sgd 'momentun'; did you mean 'momentum'"),
        ("sgd:lr=1", "set with --lr, not here"),
        ("adam:eps=1,weight_decay=1", "set with --weight-decay, not here"),
        ("sgd:momentum=big", "momentum is 'big', but must be a number"),
        ("sgd:nesterov=1", "nesterov is 1, but must be true or false"),
        ("adam:betas=0.9-0.99", "betas is '0.9-0.99', but must be numbers joined by a plus"),
        ("adam:betas=0.9+1.5", "cannot be used: Invalid beta"),
        ("sgd:nesterov=true", "'sgd:nesterov=true' cannot be used: Nesterov"),
        ("muon", "'muon' cannot be used"),
        ("rprop", "rprop has no weight decay, but it is 0.1; use --weight-decay 0"),
    ],
)
def test_optimiser_words_that_are_refused(text: str, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        build_optimiser(text, [nn.Parameter(torch.ones(3))], 0.1, 0.1)


def test_momentum_is_not_given_to_an_optimiser_made_without() -> None:
    optimiser = two_groups("sgd")
    walk(build_schedule("one-cycle", optimiser, TOTAL, PER_EPOCH), optimiser)
    assert optimiser.param_groups[0]["momentum"] == 0
    adam = two_groups("adamw")
    walk(build_schedule("one-cycle", adam, TOTAL, PER_EPOCH), adam, 0, 10)
    assert adam.param_groups[0]["betas"][0] != 0.95
