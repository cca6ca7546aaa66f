"""Edit distances of many words at once equal those of one at a time."""

from __future__ import annotations

import functools

from hypothesis import given
from hypothesis import strategies as st

from unpool.analysis.words.edit_distance import edit_distances


def plain_distance(one: str, other: str) -> int:
    @functools.cache
    def count(i: int, j: int) -> int:
        if not i or not j:
            return i + j
        return min(
            count(i - 1, j) + 1, count(i, j - 1) + 1, count(i - 1, j - 1) + (one[i - 1] != other[j - 1])
        )

    return count(len(one), len(other))


@given(st.text("abc出", max_size=6), st.lists(st.text("abc出", max_size=6), max_size=5))
def test_all_words_at_once_as_one_by_one(query: str, words: list[str]) -> None:
    assert edit_distances(query, words).tolist() == [plain_distance(query, word) for word in words]
