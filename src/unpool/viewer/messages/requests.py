"""Requests of the page, but for those of jobs.

The types of the page's TypeScript are generated from these by `web/generate_types.py`.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from unpool.actions.sharing.formats import file_formats, folder_formats
from unpool.analysis.checks.kinds import PROBLEM_KINDS
from unpool.store.columns import sort_keys

Row = Annotated[int, Field(ge=0, lt=2**31)]
Number = Annotated[int, Field(ge=-1, lt=2**31)]
Count = Annotated[int, Field(ge=1, le=1000)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(allow_inf_nan=False)]
ProblemName: TypeAlias = Literal[*PROBLEM_KINDS]  # type: ignore[valid-type]
SortKey: TypeAlias = Literal[*sort_keys()]  # type: ignore[valid-type]
FileFormat: TypeAlias = Literal[*file_formats()]  # type: ignore[valid-type]
FolderFormat: TypeAlias = Literal[*folder_formats()]  # type: ignore[valid-type]


class Body(BaseModel):
    """A request's body; unknown keys are rejected."""

    model_config = ConfigDict(extra="forbid")


class OnRows(Body):
    """A request that names rows of one revision."""

    revision: int


class Thumbnails(OnRows):
    """Thumbnails of some rows."""

    rows: Annotated[list[Row], Field(max_length=2000)]


class Rows(OnRows):
    """Facts of some rows."""

    rows: Annotated[list[Row], Field(max_length=1000)]


class FieldCondition(Body):
    """A condition on a field, whose parts all hold.

    `any` are values of which one must be there, `low` and `high` are included; dates are seconds since 1970.
    """

    name: Annotated[str, Field(max_length=1000)]
    any: Annotated[list[Annotated[str, Field(max_length=10_000)]], Field(max_length=1000)] | None = None
    low: Seconds | None = None
    high: Seconds | None = None
    missing: bool = False  # images without a value, instead


class Select(OnRows):
    """Conditions, all of which hold, and an order.

    `from` and `to` are seconds since 1970.
    """

    group: Number | None = None
    label: Annotated[str, Field(max_length=1000)] | None = None
    problem: ProblemName | None = None
    folder: Annotated[str, Field(max_length=4000)] | None = None
    since: Annotated[Seconds | None, Field(alias="from")] = None
    to: Seconds | None = None
    text: Annotated[str, Field(max_length=1000)] | None = None
    rows: list[Row] | None = None
    fields: Annotated[list[FieldCondition], Field(max_length=100)] | None = None
    saved: Annotated[str, Field(max_length=1000)] | None = None
    sort: SortKey = "path"
    descending: bool = False


class SearchRow(OnRows):
    """The images nearest to one of the collection."""

    row: Row
    k: Count = 12


class SearchRegion(SearchRow):
    """The images nearest to a part of one.

    `box` is left, top, right, bottom from 0 to 1.
    """

    box: tuple[Share, Share, Share, Share]


class Label(OnRows):
    """Label images, or remove their labels with None."""

    action: Literal["label"]
    rows: list[Row]
    label: Annotated[str, Field(max_length=200)] | None = None


class Move(OnRows):
    """Move images to a group."""

    action: Literal["move"]
    rows: list[Row]
    group: Number


class Mark(OnRows):
    """Mark images as wrong, or remove the mark."""

    action: Literal["mark"]
    rows: list[Row]
    wrong: bool


class Merge(OnRows):
    """Merge groups into one."""

    action: Literal["merge"]
    groups: Annotated[list[Number], Field(max_length=100_000)]


class Split(OnRows):
    """Split a group in two."""

    action: Literal["split"]
    group: Number


class MoveAlong(OnRows):
    """Move all groups to another level of their tree."""

    action: Literal["move_along"]
    groups: Annotated[int, Field(ge=2, le=100_000)]


class Decide(OnRows):
    """Turn suggested labels into labels, or forget them."""

    action: Literal["accept", "reject"]
    rows: list[Row]


class Keep(OnRows):
    """Confirm labels that a check doubts."""

    action: Literal["keep"]
    rows: list[Row]


class Judge(OnRows):
    """Call inspected images good or not good.

    None takes the word back. By threshold, that of the workspace moves so that it says so too.
    """

    action: Literal["judge"]
    rows: Annotated[list[Row], Field(min_length=1)]
    verdict: Literal["good", "not good"] | None
    by: Literal["word", "threshold"] = "word"


class SetThreshold(OnRows):
    """Keep a threshold for the workspace.

    None for the model's own.
    """

    action: Literal["threshold"]
    value: Annotated[float, Field(gt=-1e9, lt=1e9, allow_inf_nan=False)] | None


class SetField(OnRows):
    """Give images a value of a field, or remove theirs."""

    action: Literal["set_field"]
    rows: list[Row]
    name: Annotated[str, Field(max_length=1000)]
    value: str | float | list[str] | None = None


class SaveSelection(OnRows):
    """Save the selected images under a name."""

    action: Literal["save_selection"]
    rows: list[Row]
    name: Annotated[str, Field(max_length=1000)]


class ForgetSelection(OnRows):
    """Forget a saved selection."""

    action: Literal["forget_selection"]
    name: Annotated[str, Field(max_length=1000)]


class Undo(OnRows):
    """Undo the last thing done, or redo what was undone.

    `message` is what that was, as the page shows it: where something else was done since, nothing is undone.
    """

    action: Literal["undo", "redo"]
    message: Annotated[str, Field(max_length=10_000)] | None = None


Edit = Annotated[
    Label
    | Move
    | Mark
    | Merge
    | Split
    | MoveAlong
    | Decide
    | Keep
    | Judge
    | SetThreshold
    | SetField
    | SaveSelection
    | ForgetSelection
    | Undo,
    Field(discriminator="action"),
]


class SpaceRequest(Body):
    """A set of vectors to show.

    None for the workspace's own.
    """

    space: Annotated[str, Field(max_length=100)] | None = None


class OpenRequest(Body):
    """A workspace to show.

    Its name in the folder that the server was started in.
    """

    work: Annotated[str, Field(max_length=4000)]


class Export(OnRows):
    """A file to download."""

    to: FileFormat
    rows: list[Row] | None = None


class ExportFolders(OnRows):
    """A folder to write into the workspace."""

    to: FolderFormat = "folders"
    name: Annotated[str, Field(min_length=1, max_length=100)]
    rows: list[Row] | None = None
    link: bool = False
