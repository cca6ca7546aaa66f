"""Groups in table, tree, lists and report.

Shapes: N images.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Collection
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from unpool.actions.grouping.group_files import rewrite_group_files
from unpool.actions.health.findings import Findings
from unpool.actions.sharing.levels import NO_LEAF, Levels, read_levels, write_levels
from unpool.actions.sharing.quality import DENDROGRAM
from unpool.actions.sharing.quality import GROUPS as GROUP_FACTS
from unpool.actions.sharing.report import PAGE, write_report
from unpool.actions.sharing.static_page import PAGE_MARK
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.store.columns import OK
from unpool.store.csv_files import GROUPS, PROBLEMS, write_groups, write_problems
from unpool.store.rescue.put_aside import DAMAGED, put_aside
from unpool.store.state import REPORT, STATE, read_state, write_state
from unpool.store.table import ImageTable

OUTDATED = "in other groups than the table has"
_DATA = re.compile(rf'<script type="application/json" {PAGE_MARK}>(.*?)</script>', re.DOTALL)


def check_tree(found: Findings) -> None:
    """Forget a tree of groups that is not the table's."""
    table, levels = ImageTable(found.work), read_levels(found.work)
    # Those of files that cannot be read today too, which come back. The first version had no leaves to ask for.
    rows = table.arrow(["path", "group", "leaf"])
    rows = rows.filter(rows["leaf"].is_valid())
    if "tree" not in read_state(found.work) and not rows.num_rows:
        return
    leaf_N, group_N = (rows[name].fill_null(NO_LEAF).to_numpy() for name in ("leaf", "group"))
    if levels is not None and _fits(levels, leaf_N, group_N):
        return
    if levels is None and "tree" not in read_state(found.work):
        what = "images have leaves, but there is no tree of groups"
    else:
        what = "the tree of groups does not fit the groups"
    write_levels(found.work, None)
    table.update(rows["path"].to_pylist(), {"leaf": [None] * rows.num_rows})
    write_state(found.work, finished=None)
    found.repaired(
        "tree", STATE, what, "it was forgotten; the groups stay, and `unpool group` builds a new one"
    )


def _fits(levels: Levels, leaf_N: np.ndarray, group_N: np.ndarray) -> bool:
    """Whether every image of a leaf is in the group that the tree has for it on the present level."""
    try:
        number_L = np.array(levels.numbers(levels.level), np.int64)
    except (IndexError, ValueError, TypeError):
        return False
    is_leaf_N = (leaf_N >= 0) & (leaf_N < levels.num_leaves)
    return bool(is_leaf_N.all()) and bool((number_L[leaf_N] == group_N).all())


def check_lists(found: Findings) -> None:
    """Write groups.csv and problems.csv anew where the table differs.

    Somebody may have edited them: what they said is put aside.
    """
    table = ImageTable(found.work)
    if not len(table):
        return
    with TemporaryDirectory(prefix="unpool-") as folder:
        for name, write in ((GROUPS, write_groups), (PROBLEMS, write_problems)):
            file, fresh = found.work / name, Path(folder) / name
            if not file.is_file() and (name == PROBLEMS or not _has_groups(table)):
                continue
            done = "it was written anew"
            if file.is_file():
                write(found.work, table, fresh)
                if file.read_bytes() == fresh.read_bytes():
                    continue
                put_aside(found.work, file)
                done += f"; the old one is in {DAMAGED}"
            write(found.work, table, file)
            found.repaired("list", file, f"{name} does not say what the table says", done)


def _has_groups(table: ImageTable) -> bool:
    return table.has_rows(f"status = '{OK}' AND `group` IS NOT NULL")


def check_report(found: Findings, progress: Progress, damaged: Collection[str]) -> None:
    """Write the report anew where it is damaged or outdated.

    Args:
        found: Receives the problem.
        progress: Where stages go.
        damaged: Names of its files that were put aside.
    """
    page = found.work / REPORT / PAGE
    if not page.is_file():
        return
    reason = find_page_reason(found.work, page)
    if reason is None and not damaged:
        return
    is_outdated = (reason or "").endswith(OUTDATED)
    if reason is not None and not is_outdated:
        put_aside(found.work, page)
    try:
        with progress.stage("writing the report"):
            write_report(found.work)
            if is_outdated or not {GROUP_FACTS, DENDROGRAM}.isdisjoint(damaged):
                rewrite_group_files(found.work, progress)  # figures of other groups go
    except UnpoolError as error:
        found.left("report", page, reason or "files of the report are missing", str(error))
        return
    if reason is not None:
        found.repaired("report", page, reason, "it was written anew")


def find_page_reason(work: Path, page: Path) -> str | None:
    """Say why a page is not that of the table.

    Images without a group in the table do not count: they wait for the next run.

    Returns:
        A sentence; None where it is.
    """
    text = page.read_bytes().decode("utf-8", "replace")
    data = _DATA.search(text)
    if data is None or not text.rstrip().endswith("</html>"):
        return f"{page.name} is cut off"
    try:
        content = json.loads(data[1])
        paths, shown_N = content["facts"]["path"], _groups_of_page(base64.b64decode(content["points"]))
    except (ValueError, KeyError, TypeError):
        return f"{page.name} cannot be read"
    rows = ImageTable(work).arrow(["path", "group"], where=f"status = '{OK}' AND `group` IS NOT NULL")
    group_of = dict(zip(rows["path"].to_pylist(), rows["group"].to_pylist(), strict=True))
    differing = sum(
        max(group_of[path], -1) != shown
        for path, shown in zip(paths, shown_N.tolist(), strict=False)
        if path in group_of
    )
    return f"{page.name} shows {differing} images {OUTDATED}" if differing else None


def _groups_of_page(points: bytes) -> np.ndarray:
    """The groups in what `Snapshot.points` packs: a count, x, y, group and more, four bytes each."""
    count = int(np.frombuffer(points, "<u4", 1)[0])
    return np.frombuffer(points, "<i4", count, 4 + 2 * 4 * count)
