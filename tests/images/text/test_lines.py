"""Pieces of text are joined as people read them."""

from __future__ import annotations

from unpool.images.text.lines import Found, join_lines


def test_pieces_on_a_line_are_joined_from_left_to_right() -> None:
    found = [Found("24", 60, 12, 80, 32), Found("OPEN", 0, 10, 50, 30), Found("HOURS", 90, 14, 150, 34)]
    assert join_lines(found) == "OPEN 24 HOURS"


def test_lines_come_from_the_top_down() -> None:
    found = [Found("low", 0, 40, 50, 60), Found("high", 30, 0, 50, 20), Found("mid", 0, 21, 9, 39)]
    assert join_lines(found) == "high\nmid\nlow"


def test_a_large_heading_is_no_part_of_the_small_line_below() -> None:
    assert (
        join_lines([Found("SALE", 0, 0, 200, 100), Found("until May", 0, 80, 60, 100)]) == "SALE\nuntil May"
    )


def test_nothing_is_an_empty_text() -> None:
    assert join_lines([]) == ""
