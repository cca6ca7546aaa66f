"""Texts are found by their words, misread ones too, the best first."""

from __future__ import annotations

import pytest

from unpool.actions.text.text_index import TextIndex
from unpool.errors import UsageError

TEXTS = [
    "EXIT", "Fire exit only", "exits", "EXlT", "Station\nRailway", "Railway Station", "ra1lway stati0n",
    "新鲜面包", "新鲜\n面包 ¥5", "新鮮面包", "禁止停车", "", None, "room 1204", "room 1205", "taxi",
]  # fmt: skip


def found(query: str) -> list[str | None]:
    return [TEXTS[match.row] for match in TextIndex(TEXTS).find(query)]


def test_whole_words_come_first_then_parts_then_misread_ones() -> None:
    assert found("exit") == ["EXIT", "Fire exit only", "exits", "EXlT"]
    assert found("ÉXIT") == found("exit")


def test_all_words_must_be_there_and_their_order_decides_between_equals() -> None:
    assert found("railway station") == ["Railway Station", "Station\nRailway", "ra1lway stati0n"]
    assert found("railway exit") == []


def test_chinese_is_found_at_any_place_and_over_the_end_of_a_line() -> None:
    assert found("面包") == ["新鲜面包", "新鲜\n面包 ¥5", "新鮮面包"]
    assert found("新鲜面包") == ["新鲜面包", "新鲜\n面包 ¥5", "新鮮面包"]  # the last misread
    assert found("停车") == ["禁止停车"]
    assert found("出口") == []


def test_another_number_is_another_number() -> None:
    assert found("1204") == ["room 1204"]


def test_short_words_are_not_guessed() -> None:
    assert found("tax") == ["taxi"]
    assert found("fix") == []


def test_costs_are_between_none_and_all() -> None:
    costs = [
        match.cost
        for query in ("exit", "railway station", "新鲜面包")
        for match in TextIndex(TEXTS).find(query)
    ]
    assert min(costs) == 0
    assert 0.4 < max(costs) <= 1


def test_a_query_without_a_word_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--text '\?!' has neither a letter nor a digit"):
        TextIndex(TEXTS).find("?!")
