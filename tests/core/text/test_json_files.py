"""JSON whose keys may not stand twice."""

from __future__ import annotations

import pytest

from unpool.core.text.json_files import load_json


def test_values_are_loaded() -> None:
    assert load_json('{"a": [1, {"a": null}]}') == {"a": [1, {"a": None}]}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": 1, "b": 2, "a": 3}', r"^'a' stands twice in an object; remove one$"),
        ('[{"x": {"b": 1, "b": 1}}]', r"^'b' stands twice"),
        ('{\n"a": }', r"^line 2: Expecting value$"),
        ("[" * 100_000, r"^values are nested too deeply$"),
    ],
)
def test_what_cannot_be_loaded_is_said_in_a_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_json(text)
