"""Fields to a class."""

from __future__ import annotations

import pytest

from unpool.errors import UsageError
from unpool.images.masks.class_entries.entry import Entry, entry_of, plain_title


@pytest.mark.parametrize(
    ("fields", "number", "colour"),
    [
        (["cat"], None, None),
        (["3", "cat"], 3, None),
        (["cat", "-1"], -1, None),
        (["cat", "250", "50", "83"], None, (250, 50, 83)),
        (["3", "250", "50", "83", "cat"], 3, (250, 50, 83)),
        (["cat", "0x1F", "#fa3253"], 31, (250, 50, 83)),
        (["cat", "#f0c"], None, (255, 0, 204)),
        (["cat", "0xFA3253ff"], None, (250, 50, 83)),
    ],
)
def test_fields_in_any_order(fields: list[str], number: int | None, colour: tuple[int, ...] | None) -> None:
    assert entry_of("a.txt line 1", fields) == Entry("cat", number, colour, "a.txt line 1")


def test_a_name_of_digits_is_given() -> None:
    assert entry_of("here", ["7", "3"], name="7") == Entry("7", 3, None, "here")
    with pytest.raises(UsageError, match="'7 3 more' is no `name`"):
        entry_of("here", ["7", "3", "more"], name="7")


@pytest.mark.parametrize("fields", [["7"], ["cat", "1", "2"], ["cat", "0.5"], []])
def test_what_is_no_class(fields: list[str]) -> None:
    with pytest.raises(UsageError, match=r"^--classes a\.txt line 1: .* is no `name`"):
        entry_of("a.txt line 1", fields)


def test_a_colour_out_of_range() -> None:
    with pytest.raises(UsageError, match=r"here: the colour \(0, 256, 0\) must be of numbers from 0 to 255"):
        entry_of("here", ["cat", "0", "256", "0"])


def test_titles_are_compared_in_small_letters() -> None:
    assert [plain_title(each) for each in ("Class name", "class_id", "R")] == ["classname", "classid", "r"]
