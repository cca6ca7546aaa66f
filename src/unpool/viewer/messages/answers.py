"""Answers of the page's server.

The types of the page's TypeScript are generated from these by `web/generate_types.py`.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, create_model
from typing_extensions import TypedDict

from unpool.actions.fields.facets import FieldFacet
from unpool.actions.inspection.judging.verdicts import Inspection
from unpool.actions.sharing.collection import Counted, SharedCollection
from unpool.actions.words.word_query import WordsState
from unpool.store.columns import measures, names
from unpool.viewer.messages.job_requests import JobKind

_REQUIRED: Any = ...


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
    uncalibrated: (
        bool  # whether the confidence of suggestions comes from words alone, and was fitted to no labels
    )
    checked: bool  # whether `unpool check` has been run on these images
    has: Has
    words: WordsState
    spaces: list[str]  # sets of vectors beside the workspace's own
    space: str | None  # the one that is shown; None for the workspace's own
    undo: str | None  # the last thing done, in words
    redo: str | None  # what was undone last, in words
    inspection: Inspection | None  # none where no inspector has seen these images
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
