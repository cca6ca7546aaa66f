"""Earlier versions of a workspace's table, kept and brought back.

Lance keeps what a version holds as long as a tag names it; a version costs only what later ones replaced.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from unpool.store.lance_rows import open_dataset, open_for_tags, open_whole
from unpool.store.remote.mirror import check_held

if TYPE_CHECKING:
    import pyarrow as pa

PREFIX = "undo-"  # of the tags


def keep_version(work: Path, version: int) -> None:
    """Keep a version, whatever is cleaned up."""
    tags = open_for_tags(work).tags
    if _tag(version) not in tags.list():
        tags.create(_tag(version), version)


def keep_only(work: Path, versions: Collection[int]) -> None:
    """Give up all kept versions but these."""
    tags = open_dataset(work).tags
    kept = {_tag(version) for version in versions}
    for name in tags.list():
        if name.startswith(PREFIX) and name not in kept:
            tags.delete(name)


def has_version(work: Path, version: int) -> bool:
    """Whether a version is kept."""
    dataset = open_dataset(work)
    if _tag(version) not in dataset.tags.list():
        return False
    return version in {int(each["version"]) for each in dataset.version_refs()}  # its manifest may be lost


def read_version(work: Path, version: int, columns: Sequence[str]) -> pa.Table:
    """Read path and some columns of a version.

    Args:
        work: The workspace.
        version: Of the table.
        columns: Names; those that the version lacks are left out.

    Returns:
        The rows, in no order.
    """
    old = open_dataset(work, version)
    return old.to_table(columns=["path", *(name for name in columns if name in old.schema.names)])


def restore_version(work: Path, version: int) -> None:
    """Make the table what it was, rows and all."""
    check_held(work)
    open_whole(work, version).restore()


def _tag(version: int) -> str:
    return f"{PREFIX}{version}"
