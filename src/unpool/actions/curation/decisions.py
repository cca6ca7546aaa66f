"""Decisions of a person on suggested and doubted labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from unpool.actions.curation.row_changes import change_rows, read_rows, set_values
from unpool.actions.curation.stale_suggestions import SUGGESTION_COLUMNS
from unpool.actions.curation.undo import EditResult
from unpool.actions.history.recording import edits
from unpool.store.findings import found_doubts
from unpool.store.table import ImageTable

Paths = Sequence[str] | str


@edits("unpool label", "edits")
def accept(work: Path, paths: Paths) -> EditResult:
    """Make suggestions labels; images without one are left out."""
    rows = read_rows(ImageTable(work), paths, ("label", *SUGGESTION_COLUMNS))
    rows = rows.filter(rows["suggestion"].is_valid())
    values = {"label": rows["suggestion"].to_pylist()} | dict.fromkeys(SUGGESTION_COLUMNS)
    return change_rows(work, rows, values, "accepted the suggestion for {}".format)


@edits("unpool label", "edits")
def reject(work: Path, paths: Paths) -> EditResult:
    """Forget suggestions; images without one are left out."""
    return set_values(work, paths, dict.fromkeys(SUGGESTION_COLUMNS), "rejected the suggestion for {}".format)


@edits("unpool label", "edits")
def keep(work: Path, paths: Paths) -> EditResult:
    """Confirm labels that a check doubts.

    They are not listed again, until the image gets another label. Images without a label are left out, unless the
    check has compared them by their folder.

    Args:
        work: the workspace.
        paths: the images, relative to their folder.

    Returns:
        How many images were changed, and a message.

    Raises:
        UnpoolError: a path is not in the workspace.
    """
    doubted = {entry["path"]: entry["label"] for entry in found_doubts(work)}
    rows = read_rows(ImageTable(work), paths, ("label", "kept_label"))
    names = zip(rows["path"].to_pylist(), rows["label"].to_pylist(), strict=True)
    labels = [doubted.get(path, label) for path, label in names]
    is_labelled = [label is not None for label in labels]
    confirmed = [label for label in labels if label is not None]
    return change_rows(
        work, rows.filter(is_labelled), {"kept_label": confirmed}, "kept the label of {}".format
    )
