"""Requests and answers of the routes that clean up."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field
from typing_extensions import TypedDict

from unpool.actions.cleaning.settings import KEEP
from unpool.viewer.messages.requests import OnRows, ProblemName

KeepName: TypeAlias = Literal[*KEEP]  # type: ignore[valid-type]
Token = Annotated[str, Field(max_length=100)]


class PlanRequest(OnRows):
    """Plan to clean up a kind of problem."""

    problem: ProblemName
    keep: KeepName


class CleanRequest(OnRows):
    """Carry out the plan of this token.

    It is the last that was made.
    """

    token: Token
    to: Literal["trash", "folder"]


class RestoreRequest(OnRows):
    """Bring back the files of a manifest of this workspace."""

    manifest: Annotated[str, Field(max_length=4096)]


class CleanStack(TypedDict):
    """The images of one set, those that stay first."""

    rows: list[int]
    stay: int  # how many of them stay


class CleanPlan(TypedDict):
    """What would be moved, and nothing else will be."""

    stacks: list[CleanStack]
    images: int  # that go
    bytes: int
    left: int  # that are left alone, since they have changed, are gone, or nobody could compare them
    token: str


class Cleaned(TypedDict):
    """What was moved, and what brings it back."""

    kept: int
    moved: int
    bytes: int
    left: int
    manifest: str


class Restored(TypedDict):
    """What was brought back."""

    restored: int
    left: int  # whose place is taken, or which are in the trash no more
