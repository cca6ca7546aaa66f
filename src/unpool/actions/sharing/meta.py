"""What the page reads from registries.

Columns, problem kinds, export formats and methods.

Server and static share send it with the collection, so that the page repeats none of it.
"""

from __future__ import annotations

from typing_extensions import TypedDict

from unpool.actions.sharing.formats import EXPORT_FORMATS
from unpool.analysis.checks.kinds import PROBLEM_KINDS
from unpool.options import MAPS, METHODS
from unpool.store.columns import COLUMNS, NUMERIC_FORMATS, Format, page_columns


class ColumnMeta(TypedDict):
    """A column of the page's table."""

    name: str
    title: str
    description: str
    format: Format
    is_number: bool
    sort: str | None  # the key that sorts by it


class SortMeta(TypedDict):
    """An order of images."""

    key: str
    title: str


class ProblemMeta(TypedDict):
    """A problem kind, with the order of its images."""

    name: str
    word: str  # what an image's facts call it
    title: str
    meaning: str
    has_sets: bool
    needs_check: bool
    measure: str | None
    descending: bool


class FormatMeta(TypedDict):
    """An export format.

    `is_file` where the page downloads a file, else a folder is written.
    """

    name: str
    title: str
    description: str
    is_file: bool
    takes_links: bool


class PageMeta(TypedDict):
    """Everything that the page reads from registries."""

    columns: list[ColumnMeta]
    sorts: list[SortMeta]
    problems: list[ProblemMeta]
    formats: list[FormatMeta]
    methods: list[str]
    maps: list[str]


# What a column that reads another one beside it is sorted by.
_SORTED_BY = {"suggestion": "suggestion_confidence"}


def page_meta() -> PageMeta:
    """Describe for the page what the registries declare."""
    return {
        "columns": [
            {
                "name": column.name, "title": column.title, "description": column.description,
                "format": column.format, "is_number": column.format in NUMERIC_FORMATS,
                "sort": column.name if column.is_sortable else _SORTED_BY.get(column.name),
            }
            for column in page_columns()
        ],
        "sorts": [
            {"key": column.name, "title": column.sort_title} for column in COLUMNS.values() if column.is_sortable
        ],
        "problems": [
            {
                "name": kind.name, "word": kind.word, "title": kind.title, "meaning": kind.meaning,
                "has_sets": kind.has_sets,
                "needs_check": not kind.column, "measure": kind.measure or None, "descending": kind.descending,
            }
            for kind in PROBLEM_KINDS.values()
        ],
        "formats": [
            {
                "name": one.name, "title": one.title, "description": one.description, "is_file": one.is_file,
                "takes_links": one.takes_links,
            }
            for one in EXPORT_FORMATS.values()
        ],
        "methods": list(METHODS),
        "maps": list(MAPS),
    }  # fmt: skip
