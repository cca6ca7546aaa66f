"""Values of fields are counted, filtered and made places as a plain loop would."""

from __future__ import annotations

import itertools
from datetime import datetime

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from unpool.actions.fields.facets import (
    MAX_DATE_BINS,
    NUM_BINS,
    NumberValues,
    date_edges,
    number_edges,
    read_values_of,
)
from unpool.store.fields.kinds import EPOCH, to_seconds

ROWS = pa.table({
    "choice": ["cat", None, "dog", "cat", "owl"],
    "tags": pa.array([["a", "b"], ["a"], None, [], ["a"]], pa.list_(pa.string())),
    "number": [1.0, None, 2.5, 4.0, 2.5],
})  # fmt: skip


def test_choices() -> None:
    values = read_values_of(ROWS, "choice", "choice")
    facet = values.describe("animal")
    assert [(each["name"], each["count"]) for each in facet["values"]] == [("cat", 2), ("dog", 1), ("owl", 1)]
    assert (facet["name"], facet["kind"], facet["images"], facet["others"], facet["bins"]) == (
        "animal", "choice", 4, 0, [],
    )  # fmt: skip
    assert len({each["colour"] for each in facet["values"]}) == 3
    assert values.places().tolist() == [0, -1, 1, 0, 2]
    assert values.has_any(["dog", "owl", "cow"]).tolist() == [False, False, True, False, True]
    assert values.is_known().tolist() == [True, False, True, True, True]
    assert not values.is_between(0, 9).any()


def test_tags_count_for_each_image_and_the_rarest_is_its_place() -> None:
    values = read_values_of(ROWS, "tags", "tags")
    facet = values.describe("marks")
    assert [(each["name"], each["count"]) for each in facet["values"]] == [("a", 3), ("b", 1)]
    assert facet["images"] == 3
    assert values.places().tolist() == [1, 0, -1, -1, 0]
    assert values.has_any(["a"]).tolist() == [True, True, False, False, True]


def test_texts_are_not_listed_and_rare_names_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read_values_of(ROWS, "choice", "text").describe("note")["values"] == []
    monkeypatch.setattr("unpool.actions.fields.facets.MAX_VALUES", 1)
    values = read_values_of(ROWS, "choice", "choice")
    assert values.describe("animal")["others"] == 2
    assert values.places().tolist() == [0, -1, -1, 0, -1]


def test_numbers() -> None:
    values = read_values_of(ROWS, "number", "number")
    facet = values.describe("weight")
    assert facet["images"] == 4 == sum(each["count"] for each in facet["bins"])
    assert (facet["bins"][0]["low"], facet["bins"][-1]["high"]) == (1.0, 4.0)
    assert values.is_between(2.5, None).tolist() == [False, False, True, True, True]
    assert values.is_between(None, 2.5).tolist() == [True, False, True, False, True]
    assert values.has_any(["2.5", "x"]).tolist() == [False, False, True, False, True]
    assert values.places()[1] == -1


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=50))
def test_every_number_is_in_the_bin_that_says_so(numbers: list[float]) -> None:
    values = NumberValues("number", np.array([*numbers, np.nan]))
    bins, places = values.describe("x")["bins"], values.places().tolist()
    assert 1 <= len(bins) <= NUM_BINS + 2
    assert places[-1] == -1
    assert [each["count"] for each in bins] == [places.count(place) for place in range(len(bins))]
    for number, place in zip(numbers, places, strict=False):
        last = place == len(bins) - 1
        assert bins[place]["low"] <= number <= bins[place]["high"]
        assert last or number < bins[place]["high"]
    assert all(first["high"] == second["low"] for first, second in itertools.pairwise(bins))


def test_few_whole_numbers_get_a_bin_each_and_a_stray_one_spoils_nothing() -> None:
    assert number_edges(np.array([1.0, 2.0, 5.0])).tolist() == [0.5, 1.5, 2.5, 3.5, 4.5, 5.5]
    assert number_edges(np.array([7.25])).tolist() == [7.25, 7.25]
    assert number_edges(np.array([-1e308, 1e308])).tolist() == [-1e308, 1e308]
    assert number_edges(np.array([0.0, 5e-324])).tolist() == [0, 5e-324]
    edges = number_edges(np.array([*np.linspace(0, 1, 1000), 1e9]))
    assert edges[-1] == 1e9
    assert len(edges) > 15, "all others are told apart"


@pytest.mark.parametrize(
    ("first", "last", "starts"),
    [
        (
            datetime(2024, 5, 1, 10, 0, 30),
            datetime(2024, 5, 1, 10, 3),
            [datetime(2024, 5, 1, 10, m) for m in range(5)],
        ),
        (datetime(2023, 11, 5), datetime(2024, 1, 31), None),
        (
            datetime(2020, 2, 5),
            datetime(2022, 1, 31),
            [datetime(2020 + m // 12, m % 12 + 1, 1) for m in range(1, 26)],
        ),
        (datetime(1960, 2, 5), datetime(2022, 1, 31), None),
        (datetime(1700, 1, 1), datetime(2024, 1, 1), None),
    ],
)
def test_dates_are_counted_by_the_calendar(
    first: datetime, last: datetime, starts: list[datetime] | None
) -> None:
    edges = date_edges(np.array([to_seconds(last), to_seconds(first)]))
    assert edges[0] <= to_seconds(first)
    assert to_seconds(last) < edges[-1]
    assert len(edges) - 1 <= MAX_DATE_BINS + 1
    if starts is not None:
        assert edges.tolist() == [(start - EPOCH).total_seconds() for start in starts]


def test_dates_are_in_their_bins() -> None:
    moments = [to_seconds(datetime(2024, month, 1)) for month in (1, 1, 3, 12)]
    bins = NumberValues("date", np.array(moments)).describe("seen")["bins"]
    assert [each["count"] for each in bins if each["count"]] == [2, 1, 1]
    assert len(bins) == 12


def test_no_value_no_bin() -> None:
    values = NumberValues("number", np.full(3, np.nan))
    assert values.describe("x") == {
        "name": "x",
        "kind": "number",
        "images": 0,
        "values": [],
        "others": 0,
        "bins": [],
    }
    assert values.places().tolist() == [-1, -1, -1]
