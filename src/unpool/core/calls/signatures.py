"""Wrong calls of a function, said in one line."""

from __future__ import annotations

import difflib
import functools
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import ParamSpec, TypeVar

from unpool.errors import UsageError

P = ParamSpec("P")
R = TypeVar("R")
MAX_SHOWN = 40  # characters of a value in a message


def explain_calls(function: Callable[P, R]) -> Callable[P, R]:
    """Let wrong calls of a function say what is right.

    An unknown keyword raises `UsageError` with the nearest right one, as do missing and surplus values.

    >>> @explain_calls
    ... def draw(image, *, colour="red"): ...
    >>> draw("a.png", color="blue")
    Traceback (most recent call last):
    unpool.errors.UsageError: draw(color='blue'): no option color; did you mean colour?
    """
    signature = inspect.signature(function)

    @functools.wraps(function)
    def call(*args: P.args, **keywords: P.kwargs) -> R:
        try:
            signature.bind(*args, **keywords)
        except TypeError as error:
            raise wrong_call(
                name_of(function), signature.parameters.values(), args, keywords, error
            ) from None
        return function(*args, **keywords)

    return call


def name_of(function: Callable[..., object]) -> str:
    """Name a function as users call it.

    >>> name_of(UsageError.with_traceback), name_of(dict.__init__)
    ('BaseException.with_traceback', 'dict')
    """
    return function.__qualname__.removesuffix(".__init__").rpartition("<locals>.")[2]


def wrong_call(
    name: str,
    parameters: Iterable[inspect.Parameter],
    args: tuple[object, ...],
    keywords: Mapping[str, object],
    reason: object = "",
) -> UsageError:
    """Build the error for values beyond the parameters.

    Args:
        name: of the function, for messages.
        parameters: that it has.
        args: the values by position.
        keywords: the values by name.
        reason: what is wrong, where nothing better can be said.

    Returns:
        The error, to be raised by the caller.
    """
    known = {
        each.name: each for each in parameters if each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    }
    shown = [each for each in known if each != "self"]
    for key, value in keywords.items():
        if key not in known:
            return unknown_keyword(name, key, value, shown)
    positional = [each for each in known.values() if each.kind is not each.KEYWORD_ONLY]
    if len(args) > len(positional):
        own = len(known) - len(shown)
        names = ", ".join(each.name for each in positional[own:]) or "none"
        return UsageError(
            f"{name}: {len(args) - own} values by position, but it takes {len(positional) - own} ({names}); "
            "give the others by name"
        )
    given = {each.name for each in positional[: len(args)]}
    for key in keywords:
        if key in given:
            return UsageError(f"{name}: {key} is given twice; give it once")
    for parameter in known.values():
        if parameter.default is parameter.empty and parameter.name not in given | set(keywords):
            return UsageError(f"{name}: {parameter.name} is missing; give {parameter.name}=…")
    return UsageError(f"{name}: {reason}")


def unknown_keyword(name: str, key: str, value: object, known: Iterable[str]) -> UsageError:
    """Build the error for an unknown keyword.

    Args:
        name: of the function.
        key: the keyword.
        value: that was given with it.
        known: the keywords that there are.

    Returns:
        The error, to be raised by the caller.

    >>> str(unknown_keyword("Workspace.run", "minuts", 3, ["minutes", "steps"]))
    'Workspace.run(minuts=3): no option minuts; did you mean minutes?'
    """
    names = list(known)
    near = difflib.get_close_matches(key, names, n=1)
    hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(names) or 'none'}"
    return UsageError(f"{name}({key}={shorten(value)}): no option {key}; {hint}")


def shorten(value: object) -> str:
    """Show a value in a few characters.

    >>> shorten("a" * 100)
    "'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…"
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= MAX_SHOWN else text[: MAX_SHOWN - 1] + "…"
