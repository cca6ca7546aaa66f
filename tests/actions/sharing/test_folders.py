"""Class folders: names that every system takes, each used once."""

from __future__ import annotations

import pytest

from unpool.actions.sharing.folders import MAX_NAME_BYTES, UniqueNames, safe_name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a/b", "a_b"),
        ("NUL.png", "NUL_.png"),
        ("com1", "com1_"),
        ("a\x00b\x1f", "a_b_"),
        (" .x. ", "x"),
        ("…", "…"),
    ],
)
def test_safe_names(text: str, expected: str) -> None:
    assert safe_name(text) == expected


def test_a_long_name_keeps_its_ending() -> None:
    name = safe_name("ü" * 300 + ".jpeg")
    assert name.endswith(".jpeg")
    assert name.startswith("üü")
    assert len(name.encode()) <= MAX_NAME_BYTES
    assert safe_name("ü" * 301 + ".jpeg") != name, "what is cut off stands in a digest"


def test_names_that_differ_only_in_capitals_get_numbers() -> None:
    names = UniqueNames()
    claimed = [
        names.claim("A.png"),
        names.claim("a.png"),
        names.claim("a.PNG", "other.png"),
        names.claim("A.png"),
    ]
    assert claimed == ["A.png", "a-2.png", "other.png", "A-3.png"]
    assert len({name.casefold() for name in claimed}) == 4
