"""Texts that are searched again and again.

Each distinct word is compared once, however many images have it.

Shapes: N texts, V distinct parts of texts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from unpool.actions.text.folding import Parts, is_run, split_parts
from unpool.analysis.words.edit_distance import edit_distances
from unpool.errors import UsageError

PART_COST = 0.2  # of a word that is found inside another
NEAR_COST = 0.4  # of a word that was read with errors, and as much again for all its signs
ORDER_COST = 0.1  # of words that do not follow each other as in the query
SIGNS_AN_ERROR = {False: 4, True: 3}  # of words, and of runs: so many signs of a query may have one error
MIN_PART = 2  # signs of a word that may be a part of others


class Match(NamedTuple):
    """A text that has all words of a query."""

    row: int
    cost: float  # 0 word for word and in order, up to 1 where words were read with errors


class TextIndex:
    """Finds texts by their words, misread ones too.

    Args:
        texts: The texts; empty ones and None are never found.
    """

    def __init__(self, texts: Sequence[str | None]) -> None:
        parts = [split_parts(text) if text else Parts((), ()) for text in texts]
        self._folded = [" ".join((*part.words, *part.runs)) for part in parts]
        self._rows_of: dict[bool, dict[str, list[int]]] = {
            False: _collect(part.words for part in parts), True: _collect(part.runs for part in parts)
        }  # fmt: skip

    def find(self, query: str) -> list[Match]:
        """Find the texts that have all words of a query.

        The best come first.

        Args:
            query: Words; a run of Chinese is found at any place.

        Raises:
            UsageError: It has neither a letter nor a digit.
        """
        parts = split_parts(query)
        every = [*parts.words, *parts.runs]
        if not every:
            raise UsageError(
                f"--text {query!r} has neither a letter nor a digit; give words, such as --text exit"
            )
        costs = [self._costs_of(part) for part in dict.fromkeys(every)]
        common = set.intersection(*(set(cost) for cost in costs))
        whole = " ".join(every)
        found = [
            Match(row, sum(cost[row] for cost in costs) / len(costs) + self._order_cost(row, whole))
            for row in common
        ]
        return sorted((Match(row, min(1.0, cost)) for row, cost in found), key=lambda match: match[::-1])

    def _order_cost(self, row: int, whole: str) -> float:
        return 0.0 if whole in self._folded[row] else ORDER_COST

    def _costs_of(self, part: str) -> dict[int, float]:
        """What a part of the query costs in each text that has it."""
        rows_of = self._rows_of[is_run(part)]
        cost_of = _find_inside(part, rows_of) | _find_near(part, rows_of)
        best: dict[int, float] = {}
        for found, cost in cost_of.items():
            for row in rows_of[found]:
                best[row] = min(cost, best.get(row, 1.0))
        return best


def _collect(parts_N: Iterable[Sequence[str]]) -> dict[str, list[int]]:
    rows_of: dict[str, list[int]] = defaultdict(list)
    for row, parts in enumerate(parts_N):
        for part in dict.fromkeys(parts):
            rows_of[part].append(row)
    return dict(rows_of)


def _find_inside(part: str, known: Mapping[str, object]) -> dict[str, float]:
    """The known parts that contain this one as it is; that costs nothing in a run, which is no word."""
    if len(part) < MIN_PART and not is_run(part):
        return {part: 0.0} if part in known else {}
    cost = 0.0 if is_run(part) else PART_COST
    return {each: 0.0 if each == part else cost for each in known if part in each}


def _find_near(part: str, known: Mapping[str, object]) -> dict[str, float]:
    """The known parts that are this one with errors."""
    num_errors = len(part) // SIGNS_AN_ERROR[is_run(part)]
    if not num_errors or part.isdigit():  # another number is another number
        return {}
    windows = _windows(part, known, num_errors)
    errors_V = edit_distances(part, list(windows))
    near: dict[str, float] = {}
    for errors, owners in zip(errors_V.tolist(), windows.values(), strict=True):
        if 0 < errors <= num_errors:
            cost = NEAR_COST * (1 + errors / len(part))
            near |= {each: min(cost, near.get(each, 1.0)) for each in owners}
    return {each: cost for each, cost in near.items() if part not in each}


def _windows(part: str, known: Iterable[str], num_errors: int) -> dict[str, set[str]]:
    """What is compared with a part: words of about its length, pieces of that length of runs."""
    windows: dict[str, set[str]] = {}
    lengths = range(max(1, len(part) - num_errors), len(part) + num_errors + 1)
    signs = set(part)
    for each in known:
        if not is_run(part):
            pieces = [each] if len(each) in lengths else []
        elif signs.isdisjoint(each):
            pieces = []
        else:
            pieces = [
                each[start : start + length]
                for length in lengths
                for start in range(max(0, len(each) - length) + 1)
            ]
        for piece in pieces:
            windows.setdefault(piece, set()).add(each)
    return windows
