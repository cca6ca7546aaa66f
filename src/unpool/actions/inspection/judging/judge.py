"""`unpool inspect judge`: say of inspected images whether they are good.

A person's word counts more than the score. It may also move the threshold of the workspace, or go into the memory of
the model, so that others like it are judged rightly too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unpool.actions.curation.row_changes import Paths, count_images, read_rows, set_values
from unpool.actions.curation.undo import EditResult
from unpool.actions.history.recording import edits, recorded
from unpool.actions.inspection.judging.addition import add_good_images
from unpool.actions.inspection.judging.settings import JudgeSettings, check_judging
from unpool.actions.inspection.judging.verdicts import (
    Judged,
    ThresholdMove,
    describe_move,
    expect_inspector,
    threshold_beyond,
)
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UsageError
from unpool.store.inspection.inspector import GOOD, NOT_GOOD, SCORE, VERDICT, write_threshold
from unpool.store.table import ImageTable

COMMAND = "unpool inspect judge"
VERDICT_OF: dict[str, str | None] = {"good": GOOD, "not-good": NOT_GOOD, "none": None}


def judge(
    work: Path,
    settings: JudgeSettings = JudgeSettings(),  # noqa: B008 - frozen
    *,
    paths: Paths = (),
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Say of images whether they are good.

    Args:
        work: the workspace.
        settings: what they are, and what follows from it.
        paths: the images, relative to their folder; by memory none for all that were called good and are not in it.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool inspect judge`.

    Raises:
        UsageError: no image is named, or what is said cannot have what follows.
        UnpoolError: no inspector has seen the images, or one is not in the workspace.
    """
    check_settings(settings)
    check_judging(settings)
    if settings.by == "memory":
        if paths:
            call(work, paths, GOOD)
        return add_good_images(work, paths, progress=progress)
    if not paths:
        raise UsageError("no image is named; give the paths of images")
    verdict = VERDICT_OF[settings.as_]
    if settings.by == "threshold":
        return move_threshold(work, paths, verdict or GOOD)
    return dict(call(work, paths, verdict))


@edits(COMMAND, "edits")
def call(work: Path, paths: Paths, verdict: str | None) -> EditResult:
    """Call images good or not good.

    All else stays as it is.

    Args:
        work: the workspace.
        paths: the images, relative to their folder.
        verdict: `good`, `not good`, or None to take a former word back.

    Returns:
        How many images were changed, and a message.

    Raises:
        UnpoolError: no inspector has seen the images, or one is not in the workspace.
    """
    expect_inspector(work)
    message = "took the word on {} back" if verdict is None else f"called {{}} {verdict}"
    return set_values(work, paths, {VERDICT: verdict}, message.format)


@edits(COMMAND)
@recorded(lambda result: result["message"] if result["is_changed"] else None, VERDICT)
def move_threshold(work: Path, paths: Paths, verdict: str) -> dict[str, Any]:
    """Call images good or not good, and move the threshold.

    It calls them so too then. It moves as little as it can, and stays where it calls them so already.

    Args:
        work: the workspace.
        paths: the images, relative to their folder.
        verdict: `good` or `not good`.

    Returns:
        Message, thresholds, and how many images are or are no longer not good because of it.

    Raises:
        UnpoolError: no inspector has seen the images, none of them has a score, or one is not in the workspace.
    """
    seen, table = expect_inspector(work), ImageTable(work)
    rows = read_rows(table, paths, [SCORE, VERDICT])
    threshold = threshold_beyond(rows[SCORE].to_pylist(), verdict, seen.threshold)
    names = rows["path"].to_pylist()
    changed = sum(before != verdict for before in rows[VERDICT].to_pylist())
    before_N = Judged.read(work)
    table.update(names, {VERDICT: [verdict] * len(names)})
    result = describe_move(seen, before_N, threshold)
    if threshold != seen.threshold:
        write_threshold(work, seen.folder, threshold)
    message = f"called {count_images(len(names))} {verdict}; {_describe(result)}"
    return {
        "changed": changed, "is_changed": bool(changed or threshold != seen.threshold), "message": message, **result,
    }  # fmt: skip


@edits(COMMAND)
@recorded(lambda result: result["message"] if result["is_changed"] else None, VERDICT)
def set_threshold(work: Path, value: float | None) -> dict[str, Any]:
    """Keep a threshold for this workspace.

    Args:
        work: the workspace.
        value: a score above it is not good; None for the model's own.

    Returns:
        As `move_threshold`.

    Raises:
        UsageError: it is no number.
        UnpoolError: no inspector has seen the images.
    """
    seen, table = expect_inspector(work), ImageTable(work)
    if value is not None and not abs(value) < 1e9:
        raise UsageError(f"threshold is {value}, but must be a number from -1e9 to 1e9")
    threshold = seen.own_threshold if value is None else float(value)
    result = describe_move(seen, Judged.read(work), threshold)
    is_changed = threshold != seen.threshold or (value is None) != (seen.moved_threshold is None)
    if is_changed:
        write_threshold(work, seen.folder, value)
        _touch(table)
    message = _describe(result)
    return {
        "changed": result["more"] + result["fewer"],
        "is_changed": is_changed,
        "message": message,
        **result,
    }


def _touch(table: ImageTable) -> None:
    """Make a new version of the table: by which steps of undo differ."""
    rows = table.arrow(["path", VERDICT]).slice(0, 1)
    table.update(rows["path"].to_pylist(), {VERDICT: rows[VERDICT].to_pylist()})


def _describe(move: ThresholdMove) -> str:
    before, after = move["old_threshold"], move["threshold"]
    if before == after:
        return f"the threshold stays at {after:.4g}"
    text = f"the threshold is {after:.4g}, it was {before:.4g}"
    if move["more"]:
        return f"{text}: {count_images(move['more'])} more not good"
    return f"{text}: {count_images(move['fewer'])} fewer not good" if move["fewer"] else text
