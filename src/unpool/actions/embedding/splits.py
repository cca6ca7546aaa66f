"""Parts of a collection as a field, such as train."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from pathlib import Path

from unpool.core.progress import Progress
from unpool.images.labels.splits import SPLITS, read_splits
from unpool.store.columns import OK
from unpool.store.fields.values import find_field, read_field, write_field
from unpool.store.table import ImageTable

SPLIT = "split"


def forget_splits(table: ImageTable, present: Collection[str]) -> int:
    """Forget what the folders of former paths said.

    Otherwise an image that was moved from train to test would take its part along, and one that was deleted would count
    as annotated.

    Args:
        table: The table, before rows follow moved files.
        present: The paths that there are now.

    Returns:
        The number of images.
    """
    if (field := find_field(table, SPLIT)) is None:
        return 0
    paths, known = table.arrow(["path"])["path"].to_pylist(), read_field(table, SPLIT)
    gone = [
        path
        for path, split in zip(paths, read_splits(paths), strict=True)
        if path not in present and split is not None and known.get(path) == split
    ]
    table.update(gone, {field.column: [None] * len(gone)})
    return len(gone)


def note_splits(work: Path, progress: Progress) -> int:
    """Write the part of each image that its folders name.

    Values that are there stay: somebody may have given them.

    Args:
        work: The workspace.
        progress: Receives a message where there is something new.

    Returns:
        The number of images that have a part now, and had none before.
    """
    paths = ImageTable(work).arrow(["path"], where=f"status = '{OK}'")["path"].to_pylist()
    found = {path: split for path, split in zip(paths, read_splits(paths), strict=True) if split is not None}
    if not found:
        return 0
    known = read_field(work, SPLIT) if find_field(work, SPLIT) else {}
    new = {path: split for path, split in found.items() if path not in known}
    if new:
        write_field(work, SPLIT, new, "choice")
        counts = Counter(new.values())
        parts = ", ".join(f"{counts[split]:,} {split}" for split in SPLITS if counts[split])
        progress.message(f"by their folders the images are {parts}: that is the field {SPLIT!r}")
    return len(new)
