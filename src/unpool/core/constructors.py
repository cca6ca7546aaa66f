"""Keyword arguments of constructors, parsed from `name:key=value`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from unpool.core.specs import parse_spec
from unpool.errors import UsageError

T = TypeVar("T")

# Set by the training loop, meant for programs, or wrong here: `maximize`, since losses are minimised.
EXCLUDED_ARGUMENTS = {
    "params", "lr", "weight_decay", "differentiable", "capturable", "maximize",
    "optimizer", "last_epoch", "scale_fn", "total_steps", "epochs", "steps_per_epoch",
}  # fmt: skip


def parse_constructor_spec(
    option: str, text: str, known: Mapping[str, Callable[..., Any]]
) -> tuple[str, dict[str, Any]]:
    """Parse a constructor's name and keyword arguments.

    Args:
        option: the option as typed, for errors: `--optimizer`.
        text: `name:key=value,key=value`; several numbers are joined by a plus.
        known: name → constructor; its signature gives the keys and the types of their values.

    Returns:
        The name and its arguments, each of the type that the constructor expects.

    Raises:
        UsageError: for an unknown name or key, or a value of another type.
    """
    parameters = {
        name: inspect.signature(kind).parameters for name, kind in known.items() if name != "cosine"
    }
    keys = {name: [key for key in each if key not in EXCLUDED_ARGUMENTS] for name, each in parameters.items()}
    keys.get("reduce-on-plateau", ["mode"]).remove("mode")  # losses are minimised
    name, values = parse_spec(option, text, {"cosine": [], **keys} if "cosine" in known else keys)
    return name, {key: _value(option, key, value, parameters[name][key]) for key, value in values.items()}


def _value(option: str, key: str, value: object, parameter: inspect.Parameter) -> Any:
    """The value in the type of the constructor's parameter; several numbers were joined by a plus."""
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
        low = 0 if key in ("patience", "cooldown") else 1
        if is_number and isinstance(value, int) and value >= low:
            return value
        expected = f"a whole number from {low}"
    raise UsageError(f"{option}: {key} is {value!r}, but must be {expected}")


def construct_or_usage_error(option: str, text: str, construct: Callable[[], T]) -> T:
    """Call `construct`; turn torch's refusal into a UsageError.

    Args:
        option: the option as typed, for errors.
        text: its value as typed, for errors.
        construct: builds the object.

    Returns:
        What `construct` returns.

    Raises:
        UsageError: with torch's reason, where it does not accept the values.
    """
    try:
        return construct()
    except (TypeError, ValueError, RuntimeError, ZeroDivisionError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(f"{option} {text!r} cannot be used: {reason}") from error
