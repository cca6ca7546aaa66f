"""Requests and answers of the search by words."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field
from typing_extensions import TypedDict

from unpool.viewer.messages.answers import Near
from unpool.viewer.messages.requests import Count, OnRows, Row


class SearchWords(OnRows):
    """A search for images that fit what was typed.

    And an image of the collection, where one is named.

    A text of nothing but blanks finds nothing, and makes ready for the next.
    """

    text: Annotated[str, Field(max_length=1000)]
    row: Row | None = None
    k: Count = 12


class FoundByWords(TypedDict):
    """How the text was understood, and what fits it.

    The best come first.
    """

    words: list[str]
    without: list[str]
    near: list[Near]
    note: str  # what people should know of this search, or nothing
