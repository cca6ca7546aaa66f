"""Keyword arguments of constructors: their types are those of the signature."""

from __future__ import annotations

import pytest
import torch

from unpool.core.constructors import EXCLUDED_ARGUMENTS, construct_or_usage_error, parse_constructor_spec
from unpool.errors import UsageError

KNOWN = {
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "multistep": torch.optim.lr_scheduler.MultiStepLR,
}


def test_values_take_the_type_of_the_parameter() -> None:
    assert parse_constructor_spec("--optimizer", "adamw:betas=0.8+0.9,amsgrad=true", KNOWN) == (
        "adamw",
        {"betas": (0.8, 0.9), "amsgrad": True},
    )
    assert parse_constructor_spec("--schedule", "multistep:milestones=30+60", KNOWN)[1] == {
        "milestones": (30, 60)
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("adamw:betas=a", "betas is 'a', but must be numbers joined by a plus"),
        ("adamw:amsgrad=1", "amsgrad is 1, but must be true or false"),
        ("sgd:momentum=x", "momentum is 'x', but must be a number"),
    ],
)
def test_a_value_of_another_type_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_constructor_spec("--optimizer", text, KNOWN)


@pytest.mark.parametrize("key", sorted(EXCLUDED_ARGUMENTS & {"lr", "maximize", "weight_decay"}))
def test_what_the_loop_sets_is_no_key(key: str) -> None:
    with pytest.raises(UsageError, match=f"unknown key of --optimizer sgd '{key}'"):
        parse_constructor_spec("--optimizer", f"sgd:{key}=1", KNOWN)


def test_torchs_refusal_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match=r"--optimizer 'sgd:momentum=-1' cannot be used: Invalid momentum"):
        construct_or_usage_error(
            "--optimizer",
            "sgd:momentum=-1",
            lambda: torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1, momentum=-1),
        )
