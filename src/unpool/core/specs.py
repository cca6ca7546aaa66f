"""Specs: a name and its numbers, written `name:key=value,key=value`."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from unpool.errors import UsageError, unknown_name


def parse_spec(option: str, text: str, known: Mapping[str, Collection[str]]) -> tuple[str, dict[str, Any]]:
    """Parse `name:key=value,key=value`.

    Args:
        option: the option as typed, for errors.
        text: the spec. Values are whole numbers, numbers, true or false, or else text.
        known: the names there are, and the keys that each may have.

    Returns:
        The name and its values.

    Raises:
        UsageError: for an unknown name or key, a key given twice, or a part without `=`.

    >>> parse_spec("--corruption", "salt-pepper:snr=0.9,p=1", {"salt-pepper": ("snr", "p")})
    ('salt-pepper', {'snr': 0.9, 'p': 1})
    >>> parse_spec("--corruption", "salt-peper", {"salt-pepper": ("snr", "p")})
    Traceback (most recent call last):
    unpool.errors.UsageError: unknown --corruption 'salt-peper'; did you mean 'salt-pepper'? Known: salt-pepper
    """
    name, _, rest = text.partition(":")
    if name not in known:
        raise unknown_name(option, name, known)
    values: dict[str, Any] = {}
    for part in rest.split(",") if rest else []:
        key, equals, value = (piece.strip() for piece in part.partition("="))
        if not equals or not value:
            raise UsageError(
                f"{option} {text!r}: {part!r} is not key=value; write {name}:key=value,key=value"
            )
        if key not in known[name]:
            raise unknown_name(f"key of {option} {name}", key, known[name])
        if key in values:
            raise UsageError(f"{option} {text!r}: {key} is given twice")
        values[key] = _value(value)
    return name, values


def number(option: str, key: str, value: object, low: float, high: float) -> float:
    """Check that the value of a key is in range.

    Args:
        option: the option as typed, for errors.
        key: the key, for errors.
        value: the value as parsed.
        low: the smallest number allowed.
        high: the largest number allowed.

    Returns:
        The value as a float.

    Raises:
        UsageError: where it is no number from `low` to `high`.

    >>> number("--corruption", "snr", 1, 0, 1)
    1.0
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise UsageError(f"{option}: {key} is {value!r}, but must be a number from {low:g} to {high:g}")
    return float(value)


def _value(text: str) -> Any:
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
