"""Rows of the table that no command would have written.

Shapes: N rows, D numbers a vector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.health.findings import Findings
from unpool.core.cpu import usable_cores
from unpool.core.file_names import printable
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.pixel_cache import map_ordered
from unpool.images.resizing import thumbnail
from unpool.inference.embedding import THUMBNAIL
from unpool.report.drawing import open_thumbnail
from unpool.store.columns import OK
from unpool.store.fields.values import personal_columns
from unpool.store.origin import source_of
from unpool.store.rescue.manifests import describe_failure
from unpool.store.search.vector_index import drop_index
from unpool.store.table import ImageTable
from unpool.store.thumbnails import Thumbnails

CHUNK = 256  # thumbnails in memory at a time
BATCH = 4096  # vectors in memory at a time
WHERE = "images.lance"
NUM_NAMED = 3  # paths in a sentence


def name_some(paths: Sequence[str]) -> str:
    """Name the first of some paths.

    >>> name_some(["a", "b", "c", "d"])
    'a, b, c and 1 more'
    """
    named = ", ".join(printable(path) for path in paths[:NUM_NAMED])
    return named if len(paths) <= NUM_NAMED else f"{named} and {len(paths) - NUM_NAMED} more"


def join_duplicate_rows(found: Findings) -> None:
    """Leave one row of each path.

    It is the one that somebody labelled, else the first with a vector; the others go in one commit.
    """
    table = ImageTable(found.work)
    count = Counter(table.arrow(["path"])["path"].to_pylist())
    twice = sorted(path for path, number in count.items() if number > 1)
    if not twice:
        return
    quoted = ", ".join("'" + path.replace("'", "''") + "'" for path in twice)
    personal = [name for name in personal_columns(table) if name in table.stored_columns]
    names = [name for name in ("path", *personal, "model") if name in table.stored_columns]
    rows = table.newest().to_table(columns=names, filter=f"path IN ({quoted})", with_row_address=True)
    best: dict[str, dict[str, Any]] = {}
    surplus: list[int] = []
    for row in rows.to_pylist():
        other = best.setdefault(row["path"], row)
        if other is not row:
            kept, dropped = (other, row) if _rank(other) >= _rank(row) else (row, other)
            for name in personal:
                kept[name] = dropped[name] if kept[name] is None else kept[name]
            best[row["path"]] = kept
            surplus.append(dropped["_rowaddr"])
    table.newest().delete(f"_rowaddr IN ({', '.join(map(str, surplus))})")
    for name in personal:
        table.update(list(best), {name: [row[name] for row in best.values()]})
    found.repaired("rows", WHERE, f"several rows have one path: {name_some(twice)}", "one of each is left")


def _rank(row: dict[str, Any]) -> tuple[bool, bool]:
    is_annotated = row.get("label") is not None or row.get("wrong") is not None
    return is_annotated, row.get("model") is not None


def check_vectors(found: Findings) -> None:
    """Clear vectors that are no numbers.

    The next run computes them.
    """
    table = ImageTable(found.work)
    if table.dimension is None:
        return
    broken: list[str] = []
    columns, batches = ["path", "vector"], table.newest().to_batches
    for batch in batches(columns=columns, filter="vector IS NOT NULL", batch_size=BATCH):
        flat = batch["vector"].flatten().to_numpy(zero_copy_only=False)
        is_finite_N = np.isfinite(flat.reshape(-1, table.dimension)).all(axis=1)
        broken += batch["path"].filter(~is_finite_N).to_pylist()
    if broken:
        table.upsert([{"path": path, "vector": None, "model": None} for path in broken])
        found.repaired(
            "vectors",
            WHERE,
            f"vectors that are no numbers: {name_some(broken)}",
            "the next run computes them",
        )


def check_search_index(found: Findings) -> None:
    """Drop a search index that cannot be read.

    A search makes it again where it pays.
    """
    table = ImageTable(found.work)
    if table.dimension is None or not table.has_index:
        return
    try:
        table.nearest_by_index(np.ones(table.dimension, np.float32), 1)
    except BaseException as error:
        reason = describe_failure(error)
        drop_index(table.newest())
        found.repaired(
            "index", WHERE, f"the search index cannot be read: {reason}", "the next search makes it again"
        )


def check_thumbnails(found: Findings, progress: Progress) -> None:
    """Draw unreadable thumbnails anew, from unchanged originals."""
    broken = _find_broken(found.work, progress)
    if not broken:
        return
    table = ImageTable(found.work)
    rows = table.some(broken, ["path", "id"]).to_pylist()
    drawn = _draw(found.work, {row["path"]: row["id"] for row in rows})
    table.update(list(drawn), {"thumbnail": list(drawn.values())})
    if drawn:
        found.repaired("thumbnails", WHERE, f"unreadable: {name_some(list(drawn))}", "they were drawn anew")
    if left := [path for path in broken if path not in drawn]:
        found.left(
            "thumbnails", WHERE, f"unreadable: {name_some(left)}",
            "give `unpool doctor` again when their originals can be read",
        )  # fmt: skip


def _find_broken(work: Path, progress: Progress) -> list[str]:
    table = ImageTable(work)
    paths: list[str] = table.arrow(["path"], where=f"status = '{OK}'")["path"].to_pylist()
    thumbnails, broken = Thumbnails(work, paths), []

    def check(start: int) -> list[str]:
        contents = thumbnails.take(range(start, min(start + CHUNK, len(paths))))
        return [paths[start + at] for at, each in enumerate(contents) if open_thumbnail(each) is None]

    starts = range(0, len(paths), CHUNK)
    with progress.stage("reading thumbnails", len(paths), "images") as stage:
        for start, names in zip(starts, map_ordered(check, starts, usable_cores()), strict=True):
            broken += names
            stage.reach(min(start + CHUNK, len(paths)))
    return broken


def _draw(work: Path, digests: dict[str, str | None]) -> dict[str, bytes]:
    """Thumbnails of the originals that have these digests."""
    try:
        source = source_of(work)
    except UnpoolError:
        return {}
    drawn = {}
    for path, digest in digests.items():
        try:
            picture = source.read(source.locate(path), THUMBNAIL // 2)
        except UnreadableImageError:
            continue
        if picture.id == digest:
            drawn[path] = thumbnail(picture.pixels, THUMBNAIL)
    return drawn
