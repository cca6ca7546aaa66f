"""The fields that a page in one file carries.

Those that people gave; what cameras say of time and place stays out of what is passed on.
"""

from __future__ import annotations

from typing_extensions import TypedDict

from unpool.actions.fields.facets import FieldFacet
from unpool.actions.fields.shown_fields import CAPTURE_FIELDS, ShownFields
from unpool.actions.sharing.collection import Counted
from unpool.store.fields.selections import SELECTIONS

MAX_VALUES = 200_000  # of all fields and images together: about two megabytes

RowValue = float | list[int] | None


class SharedFields(TypedDict):
    """Fields with the values of every image.

    `values` are by field and row: a number, or the places of its values among those that are listed; None for none.
    """

    fields: list[FieldFacet]
    saved: list[Counted]
    values: dict[str, list[RowValue]]


def describe_shared_fields(shown: ShownFields) -> SharedFields | None:
    """Describe fields for a page that has no server.

    Returns:
        The fields; None where they would make the page too large.
    """
    names = [name for name in shown.values if name not in CAPTURE_FIELDS]
    if len(names) * len(shown.paths) > MAX_VALUES:
        return None
    facets = [shown.values[name].describe(name) for name in names if name != SELECTIONS]
    values = {name: shown.values[name].rows() for name in names}
    saved = shown.saved()
    if SELECTIONS in values:
        listed = [each["name"] for each in shown.values[SELECTIONS].describe(SELECTIONS)["values"]]
        by_name = [each["name"] for each in saved]
        place_of = [by_name.index(name) for name in listed]
        values[SELECTIONS] = [
            [place_of[place] for place in row] if isinstance(row, list) else row for row in values[SELECTIONS]
        ]
    return {"fields": facets, "saved": saved, "values": values}
