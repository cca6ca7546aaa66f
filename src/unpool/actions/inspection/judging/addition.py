"""Good images of a workspace become part of its inspector."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from PIL import Image

from unpool.actions.checks.inspected import inspect_workspace
from unpool.actions.curation.row_changes import Paths, count_images, read_rows
from unpool.actions.inspection.judging.verdicts import expect_inspector, find_pending
from unpool.actions.inspection.more import MAX_PICTURES, inspect_more
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.remote.fetching import Fetcher
from unpool.images.source import Source
from unpool.inference.inspection.inspector import KIND, OVERLAP, RECORD, InspectorRecord
from unpool.inference.tiles import window_starts
from unpool.networks.preprocessing import WHOLE
from unpool.store.inspection.inspector import (
    SCORE,
    WorkspaceInspector,
    add_to_added,
    found_not_good,
    read_inspector,
)
from unpool.store.lock import exclusive
from unpool.store.origin import source_of
from unpool.store.table import ImageTable
from unpool.training.model_file import expect_kind

Row = dict[str, Any]


@exclusive("unpool inspect judge", "results")
def add_good_images(work: Path, paths: Paths = (), *, progress: Progress | None = None) -> dict[str, Any]:
    """Add good images to the memory of the inspector.

    Then all images are inspected again. Words of people can be given meanwhile. A threshold that a person has set for
    this workspace stays.

    Args:
        work: the workspace.
        paths: the images; none for all that were called good by a person, not by their score, and are not in the
            memory.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool inspect judge --by memory`.

    Raises:
        UnpoolError: no inspector has seen the images, it is gone, or it has no memory.
    """
    progress, began = progress or Progress(), time.perf_counter()
    seen, before = expect_inspector(work), len(found_not_good(work))
    record = InspectorRecord.from_dict(expect_kind(seen.folder, KIND)[RECORD])
    chosen = paths or find_pending(work, seen)
    rows = read_rows(ImageTable(work), chosen, ["id", "width", "height", SCORE]).to_pylist() if chosen else []
    new = [row for row in rows if row["id"] not in seen.added]
    for some in _split(new, record):
        _add(work, some, seen.folder, progress)
    inspect_workspace(work, seen.folder, progress)
    return _result(work, seen, new, before) | {"seconds": round(time.perf_counter() - began, 3)}


def _add(work: Path, rows: Sequence[Row], model: Path, progress: Progress) -> None:
    source = source_of(work)
    with tempfile.TemporaryDirectory(prefix="unpool-") as folder:
        with progress.stage("copying", len(rows), "images") as stage:
            for number, row in enumerate(rows):
                _copy(source, row["path"], Path(folder), number)
                stage.advance()
        inspect_more(Path(folder), out=model, progress=progress)
    add_to_added(work, [row["id"] for row in rows])  # what a kill leaves out here is known to the model


def _copy(source: Source, path: str, folder: Path, number: int) -> None:
    """Copy an image under a name of its own."""
    try:
        file = source.locate(path)
        if isinstance(source, Fetcher):
            with source.fetch(file) as found:
                shutil.copyfile(found, folder / f"{number:05}{PurePosixPath(path).suffix}")
        else:
            Image.fromarray(source.read(file, WHOLE).pixels.squeeze()).save(folder / f"{number:05}.png")
    except (UnreadableImageError, KeyError, OSError) as error:
        raise UnpoolError(
            f"{path} cannot be added: its file is gone or cannot be read; run `unpool run` again"
        ) from error


def _split(rows: Sequence[Row], record: InspectorRecord) -> Iterator[list[Row]]:
    """Split images into as many as can be added at a time."""
    some: list[Row] = []
    room = MAX_PICTURES
    for row in rows:
        needed = _count_windows(row, record.tile)
        if some and needed > room:
            yield some
            some, room = [], MAX_PICTURES
        some.append(row)
        room -= needed
    if some:
        yield some


def _count_windows(row: Row, tile: int | None) -> int:
    if tile is None:
        return 1
    return len(window_starts(row["height"], tile, OVERLAP)) * len(window_starts(row["width"], tile, OVERLAP))


def _result(work: Path, seen: WorkspaceInspector, added: Sequence[Row], before: int) -> dict[str, Any]:
    now = read_inspector(work) or seen
    rows = ImageTable(work).some([row["path"] for row in added], [SCORE])
    still = sum(now.is_above(score) for score in rows[SCORE].to_pylist())
    message = f"added {count_images(len(added))} to the memory" if added else "there is no image to add"
    return {
        "changed": len(added), "message": message, "added": len(added), "threshold": now.threshold,
        "old_threshold": seen.threshold, "own_threshold": now.own_threshold,
        "is_moved": now.moved_threshold is not None,
        "not_good": len(found_not_good(work)), "old_not_good": before, "still_not_good": still,
    }  # fmt: skip
