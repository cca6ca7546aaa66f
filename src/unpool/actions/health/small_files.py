"""Locks, half-written files, state and records of a workspace."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from unpool.actions.health.findings import Findings
from unpool.actions.history.recording import recover
from unpool.core.atomic_files import PARTIAL, sweep
from unpool.errors import UnpoolError
from unpool.images.isolation.trail import FILE as TRAIL
from unpool.images.isolation.trail import read_trail
from unpool.store.columns import OK
from unpool.store.journal import (
    EditUnderWay,
    Step,
    VerbUnderWay,
    done_steps,
    read_entry,
    read_under_way,
    undone_steps,
)
from unpool.store.lock import BOTH, LOCKS, find_holder, has_lock
from unpool.store.remote.mirror import remote_of
from unpool.store.rescue.manifests import FileChecks, is_whole
from unpool.store.rescue.put_aside import DAMAGED, put_aside
from unpool.store.state import (
    EXPORTS,
    REPORT,
    STATE,
    NewerVersionError,
    is_cut,
    new_grouping_id,
    read_state,
    write_state,
)
from unpool.store.table import ImageTable
from unpool.store.versions import has_version

REPORTS = ("check.json", "reading.json", "quality.json", "groups.json", "near_duplicates.json")


def find_stale_locks(found: Findings) -> None:
    """List locks of killed processes; holding the workspace replaces them."""
    for area in BOTH:
        lock = found.work / LOCKS[area]
        if has_lock(found.work, area) and find_holder(found.work, area) is None:
            found.repaired("lock", lock, "a killed command left its lock", "it was removed")


def sweep_partial_files(found: Findings) -> None:
    """Remove what killed commands have half written."""
    work = found.work
    parts = [path for pattern in (f"{PARTIAL}*", f"*/{PARTIAL}*") for path in sorted(work.glob(pattern))]
    parts = [path for path in parts if path.parent.name != EXPORTS]
    sweep(work, leave=(EXPORTS,))
    trail = work / TRAIL
    if trail.is_file() and not read_trail(trail):  # else the next run decodes the files that it names apart
        parts.append(trail)
        trail.unlink(missing_ok=True)
    for part in parts:
        found.repaired("temporary", part, "a killed command left a half-written file", "it was removed")


def end_stopped_commands(found: Findings) -> None:
    """Complete or undo what a killed command has begun."""
    marks = read_under_way(found.work, VerbUnderWay), read_under_way(found.work, EditUnderWay)
    recover(found.work)
    for _ in filter(None, marks):
        found.repaired(
            "command", "edits", "a command was killed before its end",
            "what it had changed was undone, or is a step of `unpool undo`; give the command again",
        )  # fmt: skip


def check_state(found: Findings) -> None:
    """Rebuild unpool.yaml where it is damaged.

    From its first lines, and from the table.
    """
    work = found.work
    file, state = work / STATE, dict[str, Any]()
    text = file.read_bytes().decode("utf-8", "ignore") if file.is_file() else ""
    try:
        if "versions" in read_state(work) and not is_cut(text):
            return
    except NewerVersionError:
        raise
    except UnpoolError:
        pass
    if file.is_file():
        state = salvage(text)
        put_aside(work, file)
    kept = ", ".join(state) or "nothing"
    write_state(work, **(state | _state_of_table(work, state)))
    new_grouping_id(work)
    found.repaired(
        "state", file, f"{STATE} is damaged or missing",
        f"it was rebuilt from the table and what it still said ({kept}); the old one is in {DAMAGED}",
    )  # fmt: skip


def salvage(text: str) -> dict[str, Any]:
    r"""Read the entries of a damaged state.

    Up to where it is cut.

    >>> salvage("images: /a/b\nplace: a\nnetw")
    {'images': '/a/b', 'place': 'a'}
    """
    lines = (
        text.splitlines() if text.endswith("\n") else text.splitlines()[:-1]
    )  # the last may be half a line
    for end in range(len(lines), 0, -1):
        try:
            state = yaml.safe_load("\n".join(lines[:end]))
        except (yaml.YAMLError, ValueError):
            continue
        if isinstance(state, dict):
            return {str(name): value for name, value in state.items() if value is not None}
    return {}


def _state_of_table(work: Path, state: dict[str, Any]) -> dict[str, Any]:
    """What the table says of the model and of groups, where the state no longer does."""
    rows = ImageTable(work).arrow(["model", "group"], where=f"status = '{OK}'").to_pandas()
    models, groups = rows["model"].dropna(), rows["group"].dropna()
    known: dict[str, Any] = {"finished": None}
    if "embedded_by" not in state and len(models):
        known["embedded_by"] = str(models.mode()[0])
    if "source" not in (state.get("group") or {}) and len(groups):
        # Nobody knows whether somebody made or requested them: so no run replaces them.
        count = int(groups[groups >= 0].nunique())
        known["group"] = {"method": "auto", "groups": count, "seed": 0, "source": "hand"}
    return known


def check_records(found: Findings, checks: FileChecks) -> None:
    """Remove records of edits that cannot be undone any more."""
    work = found.work
    for file in [*done_steps(work), *undone_steps(work)]:
        try:
            entry = read_entry(file)
        except UnpoolError:
            put_aside(work, file)
            found.repaired("record", file, "the record of an edit is damaged", f"it is in {DAMAGED} now")
            continue
        if isinstance(entry, Step) and not _is_kept(work, entry, checks):
            put_aside(work, file)
            found.repaired(
                "record", file, f"“{entry.message}” cannot be undone: the table as it was is gone",
                f"its record is in {DAMAGED} now",
            )  # fmt: skip


def _is_kept(work: Path, step: Step, checks: FileChecks) -> bool:
    versions = {step.version_before, step.version_after}
    if not all(has_version(work, version) for version in versions):
        return False
    # On a store the network may be at fault where it cannot be read. What undoing reads is what counts.
    return remote_of(work) is not None or all(is_whole(work, each, checks, step.columns) for each in versions)


def check_report_files(found: Findings) -> set[str]:
    """Put files of the report aside that cannot be read.

    Returns:
        Their names.
    """
    from PIL import Image

    damaged = set()
    for file in sorted((found.work / REPORT).glob("*")):
        try:
            if file.suffix == ".png":
                with Image.open(file) as picture:
                    picture.load()
            elif file.name in REPORTS:
                json.loads(file.read_text("utf-8"))
        except (OSError, ValueError, SyntaxError):
            damaged.add(file.name)
            put_aside(found.work, file)
            found.repaired("report", file, "a file of the report cannot be read", _report_remedy(file.name))
    return damaged


def _report_remedy(name: str) -> str:
    verb = {"check.json": "check", "near_duplicates.json": "check", "quality.json": "evaluate"}.get(name)
    again = (
        f"`unpool {verb}` writes it again" if verb else "it is written again where it belongs to the report"
    )
    return f"it is in {DAMAGED} now; {again}"
