"""Errors that users can act on, in one line each.

The line says the thing, the value seen, what was expected, and what to do.
"""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable, Sequence


class UnpoolError(Exception):
    """An error that a user can correct.

    Its text is one line: what happened, which file or value, what to do.
    """

    exit_code = 1
    is_repeated = False  # another process on this machine prints the same line


class UsageError(UnpoolError):
    """A wrong option or value; nothing was started."""

    exit_code = 2


class UnreadableImageError(UnpoolError):
    """One image that cannot be used; the run continues.

    Args:
        problem: A short stable word for problems.csv, such as `truncated`.
        detail: The sentence for people.
    """

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(f"{problem}: {detail}")
        self.problem = problem
        self.detail = detail


def nearest_name(name: str, known: Sequence[str]) -> str:
    """Ask whether the nearest of some names is meant.

    >>> nearest_name("a0.png", ["a00.png", "b.png"]), nearest_name("x", ["a.png"])
    ("; did you mean 'a00.png'?", '')
    """
    near = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean '{near[0]}'?" if near else ""


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """Build the error for an unknown name, with a suggestion.

    Args:
        kind: What the name is of, such as "method".
        name: The unknown name.
        known: All names that exist.

    Returns:
        The error, to be raised by the caller.

    >>> str(unknown_name("method", "kmean", ["kmeans", "gmm"]))
    "unknown method 'kmean'; did you mean 'kmeans'? Known: gmm, kmeans"
    """
    names = sorted(known)
    return UsageError(f"unknown {kind} '{name}'{nearest_name(name, names) or '.'} Known: {', '.join(names)}")


def shorten_reason(error: BaseException, width: int = 160) -> str:
    """Put the text of an error into one line.

    It is cut between words.

    Args:
        error: Of any library.
        width: Characters at most.

    Returns:
        The line, without a stop at its end; the name of the error's class where it says nothing.

    >>> shorten_reason(ValueError("no image\\nin this file.")), shorten_reason(KeyError())
    ('no image in this file', 'KeyError')
    """
    text = " ".join(str(error).split()).rstrip(" .")
    cut = textwrap.shorten(text, width, placeholder=" …")
    return (text[:width] if cut.strip() == "…" else cut) or type(error).__name__
