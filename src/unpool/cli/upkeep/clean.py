"""`unpool clean`: superfluous files go, and come back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from unpool.actions.cleaning.settings import CleanSettings
from unpool.cli.parameters import Common, Work, flatten_settings, print_result, report_progress

COMMON = Common()


@flatten_settings
def clean(*, work: Work, settings: CleanSettings, common: Common = COMMON) -> None:
    """Move the files of a kind of problem away.

    They go to the system's trash or a folder; of duplicates one of each set stays. With --dry-run nothing is moved:
    clean-plan.csv in the workspace lists what would be. Files that have changed since they were embedded are left
    alone. A manifest is written before the first file is moved; --undo MANIFEST brings all files back as they were.
    """
    from unpool.actions.cleaning.clean import clean as clean_files

    result = clean_files(work, settings, progress=report_progress())
    print_result(result, common, _describe(work, result))


def _describe(work: Path, result: Mapping[str, Any]) -> str:
    left = f"; {result['left']} left alone" if result["left"] else ""
    size = f"{result['bytes'] / 1e6:.1f} MB"
    if "restored" in result:
        return f"{result['restored']} files are back ({size}), {result['in_place']} were in their place{left}"
    if result.get("dry_run"):
        return f"{result['moved']} files would go ({size}), {result['kept']} stay{left}; {result['plan']} lists them"
    if result["manifest"] is None:
        return f"nothing to move{left}"
    return (
        f"{result['moved']} files moved ({size}), {result['kept']} stay{left}\n"
        f"bring them back: unpool clean --work {work} --undo {result['manifest']}"
    )
