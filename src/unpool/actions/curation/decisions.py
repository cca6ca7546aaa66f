"""Decisions of a person on suggested and doubted labels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unpool.actions.curation.row_changes import change_rows, count_images, read_rows, set_values
from unpool.actions.curation.stale_suggestions import SUGGESTION_COLUMNS
from unpool.actions.curation.undo import EditResult
from unpool.actions.history.recording import edits
from unpool.store.findings import found_doubts
from unpool.store.table import ImageTable

if TYPE_CHECKING:
    import pyarrow as pa

Paths = Sequence[str] | str


class Accepted(EditResult):
    """What was accepted, and how many other labels stay."""

    labelled: int


@edits("unpool label", "edits")
def accept(work: Path, paths: Paths) -> Accepted:
    """Make suggestions labels; images without one are left out.

    So are images that have another label by now, as one given in another space: no label that somebody gave is
    replaced. They are counted.

    Args:
        work: the workspace.
        paths: the images, relative to their folder.

    Returns:
        How many images were changed, how many have another label, and a message.

    Raises:
        UnpoolError: a path is not in the workspace.
    """
    rows = read_rows(ImageTable(work), paths, ("label", *SUGGESTION_COLUMNS))
    rows = rows.filter(rows["suggestion"].is_valid())
    named = zip(rows["label"].to_pylist(), rows["suggestion"].to_pylist(), strict=True)
    is_open = [label is None or label == suggestion for label, suggestion in named]
    num_labelled = len(is_open) - sum(is_open)
    rows = _filter(rows, is_open)
    values = {"label": rows["suggestion"].to_pylist()} | dict.fromkeys(SUGGESTION_COLUMNS)
    done = change_rows(work, rows, values, "accepted the suggestion for {}".format)
    message = f"{done['message']}; {_describe_kept(num_labelled)}" if num_labelled else done["message"]
    return {"changed": done["changed"], "labelled": num_labelled, "message": message}


def _filter(rows: pa.Table, is_kept: list[bool]) -> pa.Table:
    """Some rows; of none the list has no type by itself."""
    import pyarrow as pa

    return rows.filter(pa.array(is_kept, pa.bool_()))


def _describe_kept(count: int) -> str:
    verb = "has another label, which stays" if count == 1 else "have another label, which stays"
    return f"{count_images(count)} {verb}"


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
        work, _filter(rows, is_labelled), {"kept_label": confirmed}, "kept the label of {}".format
    )
