"""Requests of the page about the inspector."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field

from unpool.viewer.messages.requests import OnRows, Row

Verdict: TypeAlias = Literal["good", "not good"]


class PreviewMove(OnRows):
    """What would follow if the threshold called these images so."""

    rows: Annotated[list[Row], Field(min_length=1, max_length=100_000)]
    verdict: Verdict
