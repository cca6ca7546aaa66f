"""Suggestions go with the labels that they came from.

`WORK/edits/seeds-NAME.json` keeps the labels that suggestions came from: labels given later can be changed without
harm.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

from unpool.core.atomic_files import write_json
from unpool.store.journal import SPREAD, Change, seeds_file
from unpool.store.state import read_state, write_state
from unpool.store.table import ImageTable

SUGGESTION_COLUMNS = ("suggestion", "suggestion_confidence")


UNCALIBRATED = (
    "uncalibrated_suggestions"  # of unpool.yaml: the name of those whose confidence no label has tested
)


def note_seeds(work: Path, label_of: Mapping[str, str], *, is_calibrated: bool = True) -> None:
    """Keep the labels that suggestions come from now.

    Args:
        work: The workspace.
        label_of: The labels by path.
        is_calibrated: Whether their confidence was fitted to labels.
    """
    name = uuid4().hex
    write_json(seeds_file(work, name), dict(label_of))
    write_state(work, **{SPREAD: name, UNCALIBRATED: None if is_calibrated else name})


def are_uncalibrated(work: Path) -> bool:
    """Whether the present suggestions' confidence was fitted to no labels."""
    state = read_state(work)
    return state.get(UNCALIBRATED) is not None and state.get(UNCALIBRATED) == state.get(SPREAD)


def forget_stale(work: Path, change: Change) -> Change:
    """Remove suggestions that came from labels which a change removes.

    Args:
        work: The workspace.
        change: One of labels.

    Returns:
        The same change, with the images that lose their suggestion.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    lost = _lost_labels(work, change)
    if not lost:
        return change
    rows = ImageTable(work).arrow(["path", "label", *SUGGESTION_COLUMNS])
    rows = rows.filter(pc.is_in(rows["suggestion"], value_set=pa.array(sorted(lost), pa.string())))
    rows = rows.filter(pc.invert(pc.is_in(rows["path"], value_set=pa.array(change.paths, pa.string()))))
    if not rows.num_rows:
        return change
    before, after = dict(change.before), dict(change.after)
    unchanged = ImageTable(work).some(change.paths, SUGGESTION_COLUMNS)
    for name in SUGGESTION_COLUMNS:
        own = unchanged[name].to_pylist()
        before[name] = [*before.get(name, own), *rows[name].to_pylist()]
        after[name] = [*after.get(name, own), *([None] * rows.num_rows)]
    for values in (before, after):
        values["label"] = [*values["label"], *rows["label"].to_pylist()]
    noun = "suggestion that came from it is" if rows.num_rows == 1 else "suggestions that came from it are"
    return replace(
        change, message=f"{change.message}; {rows.num_rows} {noun} gone",
        paths=[*change.paths, *rows["path"].to_pylist()], before=before, after=after,
    )  # fmt: skip


def _lost_labels(work: Path, change: Change) -> set[str]:
    """The former labels of a change that suggestions came from."""
    labels = zip(change.paths, change.before["label"], change.after["label"], strict=True)
    lost = {path: before for path, before, after in labels if before is not None and before != after}
    seeds = _seeds(work) if lost else None
    return {label for path, label in lost.items() if seeds is None or seeds.get(path) == label}


def _seeds(work: Path) -> Mapping[str, str] | None:
    """The labels that the present suggestions came from, by path; None where that is not known."""
    try:
        labels = json.loads(seeds_file(work, str(read_state(work).get(SPREAD))).read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return labels if isinstance(labels, dict) else None
