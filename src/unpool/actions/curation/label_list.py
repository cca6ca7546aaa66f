"""The labels of a workspace, counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from typing_extensions import TypedDict

from unpool.store.columns import OK
from unpool.store.fields.names import LABEL
from unpool.store.fields.values import fields_of
from unpool.store.table import ImageTable

ROUNDING = 1e-6  # confidences are stored as float32


class ListedLabel(TypedDict):
    """A label.

    Images that have it, and images that it is suggested for.
    """

    name: str
    images: int
    suggested: int


class ListedField(TypedDict):
    """A field, and how many images have a value."""

    name: str
    kind: str
    images: int


class LabelList(TypedDict):
    """All labels by name, and the fields beside them.

    Images, those with a label, and those with a suggestion.
    """

    images: int
    labelled: int
    suggested: int
    labels: list[ListedLabel]
    fields: list[ListedField]


def list_labels(work: Path) -> LabelList:
    """Count the images of each label, sorted by name.

    Raises:
        UnpoolError: there is no workspace.
    """
    table = ImageTable(work)
    rows = table.arrow(["label", "suggestion"], where=f"status = '{OK}'")
    labels, suggestions = (rows[column].to_pylist() for column in ("label", "suggestion"))
    given = Counter(name for name in labels if name is not None)
    # One that somebody has labelled since, in another space, waits for nothing.
    suggested = Counter(
        name for name, label in zip(suggestions, labels, strict=True) if name is not None and label is None
    )
    names = sorted({*given, *suggested}, key=str.casefold)
    others = [field for field in fields_of(table) if field.name != LABEL]
    counts = table.count_values([field.column for field in others])
    return {
        "images": rows.num_rows, "labelled": given.total(), "suggested": suggested.total(),
        "labels": [{"name": name, "images": given[name], "suggested": suggested[name]} for name in names],
        "fields": [{"name": each.name, "kind": each.kind, "images": counts[each.column]} for each in others],
    }  # fmt: skip


def find_suggested(work: Path, least: float = 0.0) -> list[str]:
    """Find the images with a suggestion of some confidence.

    Those that somebody has labelled since, in another space, are none of them.

    Args:
        work: the workspace.
        least: the lowest confidence, 0 to 1.

    Returns:
        Their paths, the surest first.
    """
    where = f"status = '{OK}' AND suggestion IS NOT NULL AND label IS NULL"
    rows = ImageTable(work).arrow(["path", "suggestion", "suggestion_confidence"], where=where)
    paths, confidences = rows["path"].to_pylist(), rows["suggestion_confidence"].to_pylist()
    known = [(confidence or 0.0, path) for path, confidence in zip(paths, confidences, strict=True)]
    return [
        path
        for confidence, path in sorted(known, key=lambda each: (-each[0], each[1]))
        if confidence >= least - ROUNDING
    ]
