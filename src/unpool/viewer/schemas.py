"""Requests and answers of the page's server.

The types of the page's TypeScript are generated from these by `web/generate_types.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, TypeAlias, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model
from typing_extensions import TypedDict

from unpool.actions.fields.facets import FieldFacet
from unpool.actions.sharing.collection import Counted, SharedCollection
from unpool.actions.sharing.formats import file_formats, folder_formats
from unpool.actions.verbs import VERBS
from unpool.analysis.checks.kinds import PROBLEM_KINDS
from unpool.core.settings import Option, options_of
from unpool.errors import UsageError
from unpool.store.columns import measures, names, sort_keys

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
    | SetField
    | SaveSelection
    | ForgetSelection
    | Undo,
    Field(discriminator="action"),
]


JobKind = Literal["run", "check", "group", "map", "evaluate", "spread"]
_REQUIRED: Any = ...
# Beside numbers and choices: the folder of a run, resolved under the server's root (without one, `rebuild` makes groups
# and map of the workspace that is shown anew), and one kind of labels.
_TEXT_OPTIONS: dict[str, dict[str, Any]] = {
    "run": {"folder": Annotated[str, Field(max_length=4000)], "rebuild": bool},
    "evaluate": {"labels": Annotated[str, Field(pattern=r"^folders(:-?[0-9]{1,2})?$")]},
}


def job_options(kind: str) -> dict[str, Option]:
    """The options of a job that the page may set.

    Numbers and choices, since a text could name a file.
    """
    options = options_of(VERBS[kind].load_settings())
    return {name: option for name, option in options.items() if option.choices or _is_number(option)}


def _is_number(option: Option) -> bool:
    return (option.low is not None or option.high is not None) and not option.allows_text


def check_job_options(kind: str, values: Mapping[str, object]) -> None:
    """Check the options of a job.

    `UsageError` for one that it does not take, or out of range.
    """
    options, others = job_options(kind), _TEXT_OPTIONS.get(kind, {})
    for name, value in values.items():
        if name in options:
            options[name].check(name, value)
        elif name not in others:
            raise UsageError(f"{kind} takes no {name}; it takes {sorted({*options, *others}) or 'nothing'}")


def job_request_model() -> type[JobRequest]:
    """Build the model of job requests from all verbs' settings."""
    fields: dict[str, Any] = {}
    for kind in get_args(JobKind):
        hints = get_type_hints(VERBS[kind].load_settings())
        types = {name: hints[name] for name in job_options(kind)} | _TEXT_OPTIONS.get(kind, {})
        fields |= {name: (one_type | None, None) for name, one_type in types.items()}
    options = create_model(
        "JobOptions", __base__=Body, __doc__="Options of a job; each kind takes its own of these.", **fields
    )
    return create_model(
        "JobRequest", __base__=JobRequest, __doc__="A job to start.", options=(options, options())
    )


class JobRequest(Body):
    """A job to start; `job_request_model` gives `options` their types."""

    kind: JobKind
    options: Body


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


class Has(TypedDict):
    """What a workspace can show."""

    map: bool
    model: bool
    mirror: bool
    segmenter: bool


class Collection(SharedCollection):
    """The workspace that the page shows."""

    revision: int  # grows when rows come, go or change their place; requests that name an older one get 409
    work: str
    folder: str | None  # of the images, where they lie in one
    problems: dict[str, int]  # images by kind, `unreadable` files, and assumptions in `reading`
    checked: bool  # whether `unpool check` has been run on these images
    has: Has
    undo: str | None  # the last thing done, in words
    redo: str | None  # what was undone last, in words
    rebuild: str | None  # why groups and map should be made anew; none where they need not


class Near(TypedDict):
    """An image near another; the distance is 0 to 2."""

    row: int
    distance: float


class Edited(TypedDict):
    """What an edit did, and the collection after it."""

    changed: int
    message: str
    collection: Collection


class Sets(TypedDict):
    """Sets of duplicates as rows, the one to keep first."""

    exact: list[list[int]]
    near: list[list[int]]
    turned: list[list[int]]
    bursts: list[list[int]]  # the sharpest first


class Doubt(TypedDict):
    """A label that looks wrong."""

    row: int
    label: str  # what the image is said to be
    predicted: str  # what it looks like
    probability: float  # of that


class Mislabelled(TypedDict):
    """Labels that look wrong, the likeliest first."""

    images: list[Doubt]


class Fields(TypedDict):
    """What fields hold, and the selections that were saved."""

    fields: list[FieldFacet]
    saved: list[Counted]


class Unreadable(TypedDict):
    """A file that cannot be used."""

    path: str
    problem: str
    detail: str


class Place(TypedDict):
    """A folder under the server's root."""

    root: str
    folder: str  # relative to the root, "" for itself
    folders: list[str]
    images: int  # files that look like images, in it and not in its folders


class Reconstruction(TypedDict):
    """How well the network reconstructs an image."""

    mse: float
    psnr: float | None


class Job(TypedDict):
    """A job as the page sees it."""

    id: int
    kind: JobKind
    state: Literal["running", "done", "failed", "stopped"]
    stage: str
    done: float
    total: float | None
    unit: str
    note: str
    messages: list[str]
    seconds: float
    error: str | None
    work: str | None  # of a finished run: the workspace that can be opened
    result: dict[str, Any] | None


def row_facts_model() -> type[BaseModel]:
    """Build the model of an image's facts.

    From the columns that the page reads.
    """
    fields: dict[str, Any] = {
        "row": (int, _REQUIRED), "path": (str, _REQUIRED), "group": (int | None, _REQUIRED),
        "wrong": (bool, _REQUIRED), "duplicate_of": (int | None, _REQUIRED), "problems": (list[str], _REQUIRED),
        "figures": (dict[str, float], _REQUIRED),
    }  # fmt: skip
    fields |= dict.fromkeys(measures(), (float | None, _REQUIRED))
    fields |= dict.fromkeys(names(), (str | None, _REQUIRED))
    return create_model("RowFacts", __doc__="The facts of an image.", **fields)


def image_facts_model() -> type[BaseModel]:
    """Build the model of the facts of an image."""
    fields: dict[str, Any] = {
        "bytes": (int | None, _REQUIRED), "mode": (str | None, _REQUIRED), "id": (str | None, _REQUIRED),
        "metadata": (list[tuple[str, str]], _REQUIRED), "fields": (list[tuple[str, str]], _REQUIRED),
        "nearest": (list[Near], _REQUIRED),
        "scale_note": (str | None, _REQUIRED),
    }  # fmt: skip
    return create_model(
        "ImageFacts", __base__=row_facts_model(), __doc__="The facts of an image and its file.", **fields
    )
