"""Words, negatives and sums, as people type them, also before they are done typing."""

from __future__ import annotations

import pytest

from unpool.actions.words.terms import parse_terms, read_terms
from unpool.errors import UsageError


@pytest.mark.parametrize(
    ("text", "words", "without"),
    [
        ("a red shoe on grass", ["a red shoe on grass"], []),
        ("red shoe -grass", ["red shoe"], ["grass"]),
        ("red -grass shoe", ["red shoe"], ["grass"]),
        ("-grass red shoe", ["red shoe"], ["grass"]),
        ('shoe -"tall grass" -dark', ["shoe"], ["tall grass", "dark"]),
        ("red and not on grass", ["red"], ["on grass"]),
        ("red not blue, shoe", ["red shoe"], ["blue"]),
        ("red NOT blue not green", ["red"], ["blue", "green"]),
        ("shoe + grass", ["shoe", "grass"], []),
        ("shoe+grass", ["shoe+grass"], []),
        ("a t-shirt, black-and-white", ["a t-shirt, black-and-white"], []),
        ("红色的鞋 -草地", ["红色的鞋"], ["草地"]),
        ("鞋 －草地", ["鞋"], ["草地"]),
        ("-grass", [], ["grass"]),
        ('"a red shoe"', ["a red shoe"], []),
        ("knot nothing", ["knot nothing"], []),
    ],
)
def test_what_is_typed(text: str, words: list[str], without: list[str]) -> None:
    assert parse_terms(text) == (words, without)


@pytest.mark.parametrize("text", ["red", "red -", "red not", "red +", 'red -"', "  red  ", "red and"])
def test_half_a_query_is_its_first_half(text: str) -> None:
    assert parse_terms(text) == (["red"], [])


@pytest.mark.parametrize("text", ["", "  ", "-", "+", "not", '"', "--"])
def test_nothing_is_no_term(text: str) -> None:
    assert parse_terms(text) == ([], [])


def test_options_are_a_text_or_several() -> None:
    assert read_terms(" red shoe ", None) == (["red shoe"], [])
    assert read_terms(("red", "shoe"), ["grass"]) == (["red", "shoe"], ["grass"])
    assert read_terms("red -grass", None).words == ["red -grass"]  # only the page has a syntax


@pytest.mark.parametrize(
    ("words", "without", "message"),
    [
        ("", None, "--words is empty; give words"),
        (["red", " "], None, "--words is empty; give words"),
        ("red", "", "--not is empty; give words"),
        (3, None, "--words is 3, but must be text or a list of texts"),
        ("red", [None], "--not is None, but must be text"),
    ],
)
def test_other_values_are_refused(words: object, without: object, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_terms(words, without)
