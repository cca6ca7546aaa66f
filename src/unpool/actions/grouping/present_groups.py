"""Name the groups that there are, and count them.

Shapes: N images, D numbers a vector.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.grouping.settings import GroupSettings
from unpool.actions.sharing.levels import read_levels
from unpool.actions.sharing.report import refresh_report
from unpool.actions.words.group_names import GroupNaming
from unpool.core.progress import Progress
from unpool.store.columns import EMBEDDED
from unpool.store.csv_files import write_groups
from unpool.store.state import read_state
from unpool.store.table import ImageTable


def keeps_groups(work: Path, settings: GroupSettings) -> bool:
    """Return whether only names are wanted.

    So it is where there are groups, and no other option says how to group.
    """
    is_plain = replace(settings, names=None, seed=GroupSettings.seed) == GroupSettings()
    return is_plain and ImageTable(work).has_rows("`group` >= 0")


def write_names(work: Path, naming: GroupNaming) -> dict[str, Any]:
    """Name the groups, and write groups.csv again.

    Returns:
        What the JSON object of `unpool group` says of names.
    """
    described = naming.write_names()
    write_groups(work, ImageTable(work))
    return described


def name_present_groups(work: Path, naming: GroupNaming, refresh: bool, progress: Progress) -> dict[str, Any]:
    """Name groups that stay as they are.

    Args:
        work: The workspace.
        naming: The words.
        refresh: Rewrite the report where there is one.
        progress: Where stages go.

    Returns:
        The JSON object of `unpool group`, with `kept`.
    """
    from unpool.analysis.metrics.silhouette import silhouette

    table = ImageTable(work)
    rows = table.arrow(["path", "group"], where=f"{EMBEDDED} AND `group` IS NOT NULL")
    paths, vectors_ND = table.vectors_of(rows["path"].to_pylist())
    group_of = dict(zip(rows["path"].to_pylist(), rows["group"].to_pylist(), strict=True))
    label_N = np.array([group_of[path] for path in paths], np.int64)
    names = write_names(work, naming)
    if refresh:
        refresh_report(work, progress)
    num_groups, sizes = count_groups(label_N)
    return {
        "method": (read_state(work).get("group") or {}).get("method", "auto"), "groups": num_groups, "sizes": sizes,
        "silhouette": silhouette(vectors_ND, label_N), "noise": int((label_N < 0).sum()),
        "stability": present_stability(work), "kept": True, **names,
    }  # fmt: skip


def present_stability(work: Path) -> float | None:
    """Return the stability of the present level.

    None without a tree.
    """
    levels = read_levels(work)
    return None if levels is None else levels.stability_of(levels.level)[0]


def count_groups(label_N: np.ndarray) -> tuple[int, list[int]]:
    """Count groups, and the images of each.

    >>> count_groups(np.array([0, 0, 1, -1]))
    (2, [2, 1])
    """
    numbers, sizes = np.unique(label_N[label_N >= 0], return_counts=True)
    return len(numbers), sizes.tolist()
