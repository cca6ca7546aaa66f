"""Constructors of torch.optim from words: which keys they have, and of what kind the values must be."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from unpool.core.specs import parse_spec
from unpool.errors import UsageError

T = TypeVar("T")

# Given by us, meant for programs, or wrong here: a loss is never made large.
NOT_TYPED = {
    "params", "lr", "weight_decay", "differentiable", "capturable", "maximize",
    "optimizer", "last_epoch", "scale_fn", "total_steps", "epochs", "steps_per_epoch",
}  # fmt: skip


def parse_constructor_spec(
    option: str, text: str, known: Mapping[str, Callable[..., Any]]
) -> tuple[str, dict[str, Any]]:
    """A name of `known` and its values, as its constructor wants them; `UsageError` for what it cannot have."""
    parameters = {
        name: inspect.signature(kind).parameters for name, kind in known.items() if name != "cosine"
    }
    keys = {name: [key for key in each if key not in NOT_TYPED] for name, each in parameters.items()}
    keys.get("reduce-on-plateau", ["mode"]).remove("mode")  # a loss is always made small
    name, values = parse_spec(option, text, {"cosine": [], **keys} if "cosine" in known else keys)
    return name, {key: _value(option, key, value, parameters[name][key]) for key, value in values.items()}


def _value(option: str, key: str, value: Any, parameter: inspect.Parameter) -> Any:
    """The value as the constructor wants it; several numbers were joined by a plus."""
    kind = str(parameter.annotation)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if "tuple" in kind or "Iterable" in kind:
        number = int if "Iterable" in kind else float
        try:
            return tuple(None if part == "none" else number(part) for part in str(value).split("+"))
        except ValueError:
            expected = "numbers joined by a plus, such as 30+60 or 0.9+0.99"
    elif "bool" in kind:
        if isinstance(value, bool):
            return value
        expected = "true or false"
    elif "Literal" in kind or "str" in kind:
        return str(value)
    elif "float" in kind:
        if is_number:
            return value
        expected = "a number"
    else:
        least = 0 if key in ("patience", "cooldown") else 1
        if is_number and isinstance(value, int) and value >= least:
            return value
        expected = f"a whole number from {least}"
    raise UsageError(f"{option}: {key} is {value!r}, but must be {expected}")


def made(option: str, text: str, make: Callable[[], T]) -> T:
    """What `make` makes; where torch refuses the values, its reason."""
    try:
        return make()
    except (TypeError, ValueError, RuntimeError, ZeroDivisionError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{option} {text!r} cannot be used: {reason}") from error
