"""Paths, numbers and values that Python programs give, checked."""

from __future__ import annotations

import os
from collections.abc import Iterable

from unpool.core.calls.signatures import shorten
from unpool.core.calls.values import plain
from unpool.errors import UsageError

PathLike = str | os.PathLike[str]
Paths = PathLike | Iterable[PathLike]


def check_path(name: str, path: object) -> PathLike:
    """Check that a value is a path.

    Raises `UsageError` where it is none."""
    if not isinstance(path, str | os.PathLike):
        raise UsageError(f"{name} is {shorten(path)}, but must be a path")
    return path


def as_paths(paths: Paths) -> list[str]:
    """Turn paths of images into a list of text.

    Generators and other objects of paths too.

    >>> as_paths("a.png"), as_paths(("a.png", "b.png"))
    (['a.png'], ['a.png', 'b.png'])
    """
    if isinstance(paths, str | os.PathLike):
        return [os.fspath(paths)]
    if not isinstance(paths, Iterable):
        raise UsageError(f"paths is {shorten(paths)}, but must be a path or a list of paths")
    return [os.fspath(check_path("a path", path)) for path in paths]


def as_field_value(value: object) -> float | list[str]:
    """Turn a field's value into a number or choices.

    >>> as_field_value(3), as_field_value(("a", "b"))
    (3.0, ['a', 'b'])
    """
    number = plain(value)
    if isinstance(number, int | float):
        return float(number)
    if not isinstance(value, Iterable):
        raise UsageError(f"name is {shorten(value)}, but must be text, a number, a list of texts, or None")
    return [str(each) for each in value]


def as_group(name: str, number: object) -> int:
    """Turn the number of a group into Python's own."""
    value = plain(number)
    if isinstance(value, bool) or not isinstance(value, int):
        raise UsageError(f"{name} is {shorten(number)}, but must be the number of a group")
    return value


def as_groups(groups: object) -> list[int]:
    """Turn numbers of groups into a list.

    >>> as_groups((0, 3))
    [0, 3]
    """
    if isinstance(groups, str) or not isinstance(groups, Iterable):
        raise UsageError(f"groups is {shorten(groups)}, but must be a list of numbers, such as [0, 3]")
    return [as_group("group", group) for group in groups]
