"""Cells of files become values, and their kind is guessed as a person would."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unpool.store.fields.kinds import (
    KINDS,
    Kind,
    format_date,
    format_value,
    guess_kind,
    join_tags,
    parse_date,
    read_values,
    split_tags,
    to_seconds,
    to_text,
)

DAY = 86_400.0


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "2.5", "-3e2", ""], "number"),
        (["1,5", "2,25"], "number"),
        ([1, 2.5, None], "number"),
        (["1", "n/a", "?"], "number"),
        (["007", "012"], "choice"),  # numbers of articles
        (["1_000", "2"], "choice"),
        ([True, False, True], "choice"),
        (["2024-01-31", "2023-12-01T10:00:00Z"], "date"),
        (["2024:01:31 10:00:00"], "date"),
        (["31.01.2024", "01.02.2024"], "date"),
        (["31/01/2024"], "date"),
        (["02/03/2024"], "choice"),  # of March, or of February
        (["20240131", "20240201"], "number"),
        ([date(2024, 1, 31), None], "date"),
        (["red|green", "red", "green"], "tags"),
        (["red; green", "green"], "tags"),
        (["Smith; see the note of last year", "Jones"], "choice"),  # nothing comes again
        ([["red"], []], "tags"),
        (["cat", "dog", "cat"], "choice"),
        (
            [f"sentence number {number} of a long text, and no other is like it" for number in range(60)],
            "text",
        ),
        ([], "choice"),
    ],
)
def test_kinds_are_guessed(cells: Sequence[object], kind: Kind) -> None:
    assert guess_kind(cells) == kind


def test_what_does_not_fit_is_named_and_what_is_missing_is_not() -> None:
    read = read_values(["1", "two", "n/a", "", "3"], "number")
    assert read.values == [1.0, None, None, None, 3.0]
    assert read.invalid == ["two"]
    assert read_values(["2024-01-31", "2024-02-31"], "date").invalid == ["2024-02-31"]
    assert read_values([1e300, 0.0], "date").invalid == [to_text(1e300)]
    assert read_values(["\ud800", "a\nb"], "text").values == [None, "a\nb"]
    assert read_values(["x" * 201, "a\nb", "fine"], "choice").invalid == ["x" * 201, "a\nb"]


def test_what_was_assumed_of_dates_is_said() -> None:
    read = read_values(["31.12.2023 10:30", "01.01.2024 00:00"])
    assert read.values == [to_seconds(datetime(2023, 12, 31, 10, 30)), to_seconds(date(2024, 1, 1))]
    assert read.remarks == ["dates were read as DD.MM.YYYY"]
    assert read_values(["31/01/2024"]).values == read_values(["2024-01-31"]).values
    assert read_values(["01/31/2024"]).values == read_values(["2024-01-31"]).values


def test_a_date_is_what_the_clock_showed() -> None:
    there = datetime(1970, 1, 2, 3, tzinfo=timezone(timedelta(hours=9)))
    assert parse_date(there.isoformat()) == to_seconds(there) == DAY + 3 * 3600
    assert to_seconds(datetime(1969, 12, 31, tzinfo=UTC)) == -DAY
    assert format_date(-DAY) == "1969-12-31"


def test_tags_are_each_there_once_and_come_back() -> None:
    assert split_tags("b|a||b", "|") == ["b", "a"]
    assert read_values(['["a; b", "c"]', "[]"]).values == [["a; b", "c"], []]
    assert read_values([["a", "a", None], ("b",)]).values == [["a"], ["b"]]


@given(
    st.lists(st.text(st.characters(codec="utf-8", categories=("L", "N", "P", "Zs")), min_size=1), min_size=1)
)
def test_any_tags_come_back_from_their_text(tags: list[str]) -> None:
    clean = list(
        dict.fromkeys(tag.strip() for tag in tags if tag.strip() and len(tag) <= 200 and tag.isprintable())
    )
    assert split_tags(join_tags(clean), ";") == clean


@given(st.sampled_from(KINDS), st.floats(-1e9, 1e9), st.text(st.characters(codec="ascii", categories=["L"])))
def test_any_value_comes_back_from_its_text(kind: Kind, number: float, text: str) -> None:
    value = {"number": number, "date": float(round(number)), "tags": [text or "a"]}.get(kind, text or "a")
    assert read_values([format_value(value, kind)], kind).values == [value]  # type: ignore[arg-type]


def test_lists_among_tags_do_not_choose_the_sign_between_tags() -> None:
    tags = [["red", "blue"], ["x|y", "z"], ["a", "b"]] * 3
    assert read_values([join_tags(each) for each in tags]).values == tags
