"""`name:key=value` is parsed, and what is wrong is named."""

from __future__ import annotations

import pytest

from unpool.core.specs import number, parse_spec
from unpool.errors import UsageError

KNOWN = {"sgd": ("momentum", "nesterov", "mode"), "adam": ()}


def test_values_take_the_kind_they_look_like() -> None:
    text = "sgd:momentum=0.9, nesterov=TRUE ,mode=fast"
    assert parse_spec("--optimizer", text, KNOWN) == (
        "sgd",
        {"momentum": 0.9, "nesterov": True, "mode": "fast"},
    )
    _, values = parse_spec("--optimizer", "sgd:momentum=2", KNOWN)
    assert values["momentum"] == 2
    assert isinstance(values["momentum"], int)
    assert parse_spec("--optimizer", "adam", KNOWN) == ("adam", {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sgdd", "unknown --optimizer 'sgdd'; did you mean 'sgd'?"),
        ("sgd:momentun=1", "unknown key of --optimizer sgd 'momentun'; did you mean 'momentum'?"),
        ("sgd:momentum=1,momentum=2", "momentum is given twice"),
        ("sgd:momentum", "'momentum' is not key=value; write sgd:key=value,key=value"),
        ("sgd:momentum=", "'momentum=' is not key=value"),
    ],
)
def test_what_is_wrong_is_named(text: str, message: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse_spec("--optimizer", text, KNOWN)
    assert message in str(caught.value)


@pytest.mark.parametrize("value", [True, "0.5", -0.1, 1.1, float("nan")])
def test_a_number_must_lie_in_its_range(value: object) -> None:
    with pytest.raises(UsageError, match="must be a number from 0 to 1"):
        number("--corruption", "snr", value, 0, 1)


def test_a_number_becomes_a_float() -> None:
    assert isinstance(number("--corruption", "snr", 1, 0, 1), float)
