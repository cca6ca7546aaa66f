"""Cells that no spreadsheet runs, and that come back."""

from __future__ import annotations

import csv
import io

import hypothesis.strategies as st
import pytest
from hypothesis import given

from unpool.core.text.csv_cells import FORMULA_STARTS, format_row, protect_path, protect_text, restore_text

TEXT = st.text(st.characters(exclude_categories=["Cs"]) | st.sampled_from("'=+-@\t\r\n,;\""))


@given(TEXT)
def test_a_protected_text_is_no_formula_and_comes_back(text: str) -> None:
    protected = protect_text(text)
    assert restore_text(protected) == text
    assert (
        protected[:1] not in tuple(FORMULA_STARTS)
        or protected[:1] == ""
        or protected[1:2].isdigit()
        or "." in text
    )


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_a_line_comes_back(cells: list[str]) -> None:
    found = list(csv.reader(io.StringIO(format_row(cells), newline=""), strict=True))
    assert found == [cells]


@pytest.mark.parametrize("number", ["-5", "+1", "-0.5", "+.5", "-1e-5", "+2.", "0"])
def test_numbers_stay_as_they_are(number: str) -> None:
    assert protect_text(number) == number


@pytest.mark.parametrize("text", ["-5 kg", "--5", "+49 170", "-", "-1-1", "-inf", "+1e", "-٣+1"])
def test_what_only_begins_as_a_number_is_protected(text: str) -> None:
    assert protect_text(text) == "'" + text


def test_paths_get_a_folder_before_them() -> None:
    assert protect_path("@x/=1.png") == "./@x/=1.png"
    assert protect_path("x/=1.png") == "x/=1.png"
    assert protect_path("") == ""


def test_a_blank_before_a_formula_does_not_hide_it() -> None:
    assert protect_path(" =3.png") == "./ =3.png"
    assert restore_text(protect_text(" =A1")) == " =A1"
    assert protect_text(" =A1") == "' =A1"
    assert protect_path("'=3.png") == "'=3.png"
