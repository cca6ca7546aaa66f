"""Requests of the search by words are checked."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from unpool.viewer.words.messages import SearchWords


def test_what_is_sent() -> None:
    request = SearchWords(revision=1, text="red shoe")
    assert (request.row, request.k) == (None, 12)


@pytest.mark.parametrize("wrong", [{"text": "a" * 1001}, {"row": -1}, {"k": 0}, {"word": "red"}])
def test_other_values_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        SearchWords.model_validate({"revision": 1, "text": "red", **wrong})
