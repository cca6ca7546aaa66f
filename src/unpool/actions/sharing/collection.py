"""What the page shows of a collection, as types."""

from __future__ import annotations

from typing_extensions import TypedDict

from unpool.actions.sharing.levels import Tree
from unpool.actions.sharing.meta import PageMeta


class Group(TypedDict):
    """A group as the page shows it.

    Number -1 holds the images in no group.
    """

    group: int
    name: str
    colour: str  # #rrggbb
    ink: str  # black or white, whichever reads better on the colour
    count: int
    middle: int | None  # the row that stands for the group on the map


class Counted(TypedDict):
    """A name with the number of images that have it."""

    name: str
    count: int


class LabelCount(Counted):
    """A label with the number of its images.

    Its colour differs from those of the groups.
    """

    colour: str


class Dates(TypedDict):
    """When the files were last changed, in seconds since 1970.

    None where no file has a date.
    """

    first: float | None
    last: float | None


class SharedCollection(TypedDict):
    """What the page shows of a collection, whoever sends it."""

    name: str
    images: int
    skipped: int
    groups: list[Group]
    tree: Tree | None
    labels: list[LabelCount]
    folders: list[Counted]
    dates: Dates
    columns: list[str]  # that the page shows or sorts by, and in which any image has a value
    meta: PageMeta
