"""What an inspector said of the images of a workspace.

The columns `inspection_score` and `verdict` hold the score of each image and what a person said of it,
`report/inspector.json` what the scores mean, and unpool.yaml where the model is and the threshold that a person has
set. What is not good follows from these, so that it changes at once where a person moves the threshold.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unpool.core.atomic_files import write_json
from unpool.store.columns import OK
from unpool.store.spaces.paths import outer_workspace
from unpool.store.state import REPORT, read_state, write_state
from unpool.store.table import ImageTable

ENTRY, MOVED = (
    "inspector",
    "inspection_threshold",
)  # of unpool.yaml: its folder, and the threshold of a person
FILE = "inspector.json"
FORMAT = 1
SCORE, VERDICT = "inspection_score", "verdict"  # columns of the table
GOOD, NOT_GOOD = "good", "not good"
KIND = "not_good"  # the kind of problem


@dataclass(frozen=True)
class WorkspaceInspector:
    """The inspector that has seen the images of a workspace.

    Args:
        folder: Its model folder.
        model: Its id when it saw them.
        method: "memory" or "mirror"; only a memory can be added to.
        own_threshold: Of the model.
        moved_threshold: Of a person, for this workspace; None where nobody has moved it.
        false_alarms: Share of good images that it was asked to call not good at most.
        good_scores: Of good images that nothing was learnt from, sorted.
        added: Ids of the images of this workspace that were added to its memory.
    """

    folder: Path
    model: str
    method: str
    own_threshold: float
    moved_threshold: float | None
    false_alarms: float
    good_scores: tuple[float, ...]
    added: frozenset[str]

    @property
    def threshold(self) -> float:
        """A score above it is not good."""
        return self.own_threshold if self.moved_threshold is None else self.moved_threshold

    def is_above(self, score: float | None) -> bool:
        """Whether there is a score above the threshold."""
        return score is not None and score > self.threshold


def read_inspector(work: Path) -> WorkspaceInspector | None:
    """Read which inspector has seen the images.

    None where none has, or where what it said is gone.
    """
    state = read_state(work)
    folder = state.get(ENTRY)
    stored = _read(outer_workspace(work) / REPORT / FILE)
    if not isinstance(folder, str) or stored is None or stored.get("folder") != folder:
        return None
    moved = state.get(MOVED) or {}
    try:
        return WorkspaceInspector(
            Path(folder), str(stored["model"]), str(stored["method"]), float(stored["threshold"]),
            float(moved["value"]) if moved.get("folder") == folder else None, float(stored["false_alarms"]),
            tuple(float(score) for score in stored["good_scores"]), frozenset(map(str, stored["added"])),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def remembered_folder(work: Path) -> Path | None:
    """The model folder of the inspector that this workspace uses."""
    folder = read_state(work).get(ENTRY)
    return Path(folder) if isinstance(folder, str) else None


def write_inspector(work: Path, seen: WorkspaceInspector) -> None:
    """Remember an inspector for later checks and reports.

    Args:
        work: The workspace.
        seen: The inspector; its own threshold holds where nobody has moved it.
    """
    folder = str(seen.folder)
    described = {
        "format": FORMAT, "folder": folder, "model": seen.model, "method": seen.method,
        "threshold": seen.own_threshold, "false_alarms": seen.false_alarms,
        "good_scores": list(seen.good_scores), "added": sorted(seen.added),
    }  # fmt: skip
    write_json(outer_workspace(work) / REPORT / FILE, described)
    moved = None if seen.moved_threshold is None else {"folder": folder, "value": float(seen.moved_threshold)}
    state = read_state(work)
    if state.get(ENTRY) != folder or state.get(MOVED) != moved:
        write_state(work, **{ENTRY: folder, MOVED: moved})


def write_threshold(work: Path, folder: Path, value: float | None) -> None:
    """Keep a threshold for this workspace.

    Args:
        work: The workspace.
        folder: Of the inspector that it is for.
        value: A score above it is not good; None for the model's own.
    """
    write_state(work, **{MOVED: None if value is None else {"folder": str(folder), "value": float(value)}})


def forget_inspector(work: Path) -> None:
    """Use no inspector from now on.

    Its scores are cleared; what people said stays.
    """
    write_state(work, **{ENTRY: None, MOVED: None})
    table = ImageTable(work)
    rows = table.arrow(["path", SCORE])
    scored = rows.filter(rows[SCORE].is_valid())["path"].to_pylist()
    if scored:
        table.update(scored, {SCORE: [None] * len(scored)})


def add_to_added(work: Path, ids: Collection[str]) -> None:
    """Note which images were added to the inspector's memory."""
    file = outer_workspace(work) / REPORT / FILE
    stored = _read(file)
    if stored is not None:
        write_json(file, stored | {"added": sorted({*map(str, stored.get("added", [])), *ids})})


def found_not_good(work: Path) -> list[dict[str, Any]]:
    """List the images that are not good, the worst first.

    Those whose score is above the threshold, without those that a person called good, and those that a person called
    not good.

    Returns:
        `path`, `id`, `detail` and, where there is a score, `figure` of each.
    """
    seen = read_inspector(work)
    if seen is None:
        return []
    rows = ImageTable(work).arrow(["path", "id", SCORE, VERDICT], where=f"status = '{OK}'").to_pylist()
    found = [row for row in rows if _is_not_good(row, seen)]
    found.sort(key=lambda row: (-row[SCORE] if row[SCORE] is not None else float("inf"), row["path"]))
    return [_entry(row, seen.threshold) for row in found]


def _is_not_good(row: dict[str, Any], seen: WorkspaceInspector) -> bool:
    return bool(row[VERDICT] == NOT_GOOD or (seen.is_above(row[SCORE]) and row[VERDICT] != GOOD))


def _entry(row: dict[str, Any], threshold: float) -> dict[str, Any]:
    entry, score = {"path": row["path"], "id": row["id"] or ""}, row[SCORE]
    spoken = "said to be not good" if row[VERDICT] == NOT_GOOD else ""
    if score is None:
        return entry | {"detail": f"{spoken}; without a score"}
    side = "above" if score > threshold else "not above"
    words = [f"score {score:.4g}", f"{side} {threshold:.4g}", *([spoken] if spoken else [])]
    return entry | {"figure": round(score, 4), "detail": ", ".join(words)}


def _read(file: Path) -> dict[str, Any] | None:
    try:
        stored = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return stored if isinstance(stored, dict) and stored.get("format") == FORMAT else None
