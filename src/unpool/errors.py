"""What goes wrong, told in one line: the thing, the value seen, what was expected, what to do."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class UnpoolError(Exception):
    """Anything a user can mend. Its text is one line: what happened, which file or value, what to do."""

    exit_code = 1


class UsageError(UnpoolError):
    """The words or values typed were wrong; nothing was started."""

    exit_code = 2


class UnreadableImageError(UnpoolError):
    """One image that cannot be used; the run goes on without it.

    `problem` is a short stable word for problems.csv (for example `truncated`), `detail` the sentence for people.
    """

    def __init__(self, problem: str, detail: str) -> None:
        super().__init__(f"{problem}: {detail}")
        self.problem = problem
        self.detail = detail


def unknown_name(kind: str, name: str, known: Iterable[str]) -> UsageError:
    """A UsageError for a name that is not in the list, with the nearest right one.

    >>> str(unknown_name("method", "kmean", ["kmeans", "gmm"]))
    "unknown method 'kmean'; did you mean 'kmeans'? Known: gmm, kmeans"
    """
    names = sorted(known)
    near = difflib.get_close_matches(name, names, n=1)
    hint = f"; did you mean '{near[0]}'?" if near else "."
    return UsageError(f"unknown {kind} '{name}'{hint} Known: {', '.join(names)}")
