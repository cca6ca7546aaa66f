"""`unpool group`, `unpool map`, `unpool evaluate`, and then the report, where there is one, with their results."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unpool.actions.grouping import group as actions
from unpool.actions.grouping.report import refresh_report
from unpool.core.progress import Progress


def group(work: Path, *, progress: Progress | None = None, **options: Any) -> dict[str, Any]:
    """`group.group`, and the report of the new groups."""
    return _reported(actions.group, work, progress, options)


def map_images(work: Path, *, progress: Progress | None = None, **options: Any) -> dict[str, Any]:
    """`group.map_images`, and the report with the new map."""
    return _reported(actions.map_images, work, progress, options)


def evaluate(work: Path, *, progress: Progress | None = None, **options: Any) -> dict[str, Any]:
    """`group.evaluate`, and the report with its figures and pictures."""
    return _reported(actions.evaluate, work, progress, options)


def _reported(act: Any, work: Path, progress: Progress | None, options: dict[str, Any]) -> dict[str, Any]:
    progress = progress or Progress()
    told: dict[str, Any] = act(work, progress=progress, **options)
    refresh_report(work, progress)
    return told
