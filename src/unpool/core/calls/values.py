"""Values of options, as Python programs give them."""

from __future__ import annotations

import os
from itertools import chain
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Literal, Union, get_args, get_origin

from unpool.core.calls.signatures import shorten
from unpool.errors import UsageError

KINDS = {
    bool: "True or False", int: "a whole number", float: "a number", str: "text", Path: "a path", NoneType: "None",
}  # fmt: skip


def plain(value: object) -> object:
    """Turn a scalar of NumPy or torch into Python's own.

    >>> import numpy as np
    >>> plain(np.int64(3)), plain(np.bool_(True)), plain("a")
    (3, True, 'a')
    """
    item = getattr(value, "item", None)
    return item() if item is not None and getattr(value, "shape", None) == () else value


def as_path(value: object, hint: object) -> object:
    """Turn text into a path where only that is meant.

    >>> as_path("a.csv", Path | None) == Path("a.csv"), as_path("a.csv", Path | str)
    (True, 'a.csv')
    """
    kinds, words = _kinds_of(hint)
    is_path = isinstance(value, str) and value not in words and Path in kinds and str not in kinds
    return Path(str(value)) if is_path else value


def check_kind(name: str, value: object, hint: object) -> None:
    """Check the type of an option's value.

    Options of other types than those of `KINDS` take anything.

    Args:
        name: of the option, for the message.
        value: that was given.
        hint: the annotation of the option.

    Raises:
        UsageError: it is of another type; it names what was expected.

    >>> check_kind("--steps", 3, int | None)
    >>> check_kind("--steps", 3.5, int | None)
    Traceback (most recent call last):
    unpool.errors.UsageError: --steps is 3.5, but must be a whole number or None
    """
    kinds, words = _kinds_of(hint)
    if not kinds or not set(kinds) <= set(KINDS) or (isinstance(value, str) and value in words):
        return
    if isinstance(value, bool):
        fits = bool in kinds
    elif isinstance(value, int):
        fits = bool({int, float} & set(kinds))
    elif isinstance(value, os.PathLike):
        fits = bool({Path, str} & set(kinds))
    else:
        fits = isinstance(value, kinds) or (isinstance(value, str) and Path in kinds)
    if not fits:
        expected = " or ".join([*(KINDS[kind] for kind in kinds), *(f"'{word}'" for word in words)])
        raise UsageError(f"{name} is {shorten(value)}, but must be {expected}")


def _kinds_of(hint: object) -> tuple[tuple[type, ...], list[str]]:
    """The types of an annotation, and the words that are allowed beside them."""
    origin, parts = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return _kinds_of(parts[0])
    if origin is Literal:
        return (), [str(word) for word in parts]
    if origin in (Union, UnionType):
        kinds, words = zip(*(_kinds_of(part) for part in parts), strict=True)
        return tuple(chain(*kinds)), list(chain(*words))
    return (hint if isinstance(hint, type) and not parts else object,), []
