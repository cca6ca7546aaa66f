"""What requests may hold, checked before anything is done with it."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from unpool.options import ANNOTATION_FILTERS, FORMATS, MAPS, METHODS, PROBLEMS

Row = Annotated[int, Field(ge=0, lt=2**31)]
Number = Annotated[int, Field(ge=-1, lt=2**31)]
Count = Annotated[int, Field(ge=1, le=1000)]
Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]
Seconds = Annotated[float, Field(allow_inf_nan=False)]
Problem = Literal[*PROBLEMS, *ANNOTATION_FILTERS]  # type: ignore[valid-type]
SortKey = Literal["path", "outlier_score", "reconstruction_error", "probability", "modified", "sharpness",
                  "brightness", "suggestion_confidence"]  # fmt: skip
FileFormat = Literal["csv", "parquet", "html"]
assert {"csv", "parquet", "html"} <= set(FORMATS)


class Form(BaseModel):
    """A request's body; what it does not know is refused."""

    model_config = ConfigDict(extra="forbid")


class OnRows(Form):
    """Every request that names rows says which order of rows it means."""

    revision: int


class Thumbnails(OnRows):
    rows: Annotated[list[Row], Field(max_length=2000)]


class Rows(OnRows):
    rows: Annotated[list[Row], Field(max_length=1000)]


class Select(OnRows):
    """Conditions, all of which hold, and an order; `from` and `to` are seconds since 1970."""

    group: Number | None = None
    label: Annotated[str, Field(max_length=1000)] | None = None
    problem: Problem | None = None
    folder: Annotated[str, Field(max_length=4000)] | None = None
    since: Annotated[Seconds | None, Field(alias="from")] = None
    to: Seconds | None = None
    text: Annotated[str, Field(max_length=1000)] | None = None
    rows: list[Row] | None = None
    sort: SortKey = "path"
    descending: bool = False


class SearchRow(OnRows):
    row: Row
    k: Count = 12


class SearchRegion(SearchRow):
    box: tuple[Share, Share, Share, Share]


class Label(OnRows):
    action: Literal["label"]
    rows: list[Row]
    label: Annotated[str, Field(max_length=200)] | None = None


class Move(OnRows):
    action: Literal["move"]
    rows: list[Row]
    group: Number


class Mark(OnRows):
    action: Literal["mark"]
    rows: list[Row]
    wrong: bool


class Merge(OnRows):
    action: Literal["merge"]
    groups: Annotated[list[Number], Field(max_length=100_000)]


class Split(OnRows):
    action: Literal["split"]
    group: Number


class Decide(OnRows):
    action: Literal["accept", "refuse"]
    rows: list[Row]


class Undo(OnRows):
    action: Literal["undo"]


Edit = Annotated[Label | Move | Mark | Merge | Split | Decide | Undo, Field(discriminator="action")]


class JobOptions(Form):
    """What a job may be told; each kind takes its own of these."""

    folder: Annotated[str, Field(max_length=4000)] | None = None
    groups: Annotated[int, Field(ge=2, le=100_000)] | Literal["auto"] | None = None
    minutes: Annotated[float, Field(ge=0.01, le=100_000, allow_inf_nan=False)] | None = None
    method: Literal[*METHODS, *MAPS] | None = None  # type: ignore[valid-type]
    labels: Literal["folders"] | None = None


class JobForm(Form):
    kind: Literal["run", "check", "group", "map", "evaluate", "spread"]
    options: JobOptions = JobOptions()


class Open(Form):
    work: Annotated[str, Field(max_length=4000)]


class Export(OnRows):
    to: FileFormat
    rows: list[Row] | None = None


class ExportFolders(OnRows):
    name: Annotated[str, Field(min_length=1, max_length=100)]
    rows: list[Row] | None = None
    link: bool = False
