"""What a space takes, and its columns removed. One of the files that know Lance."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from unpool.store.columns import OK, VECTOR
from unpool.store.lance_rows import open_dataset, open_whole
from unpool.store.spaces.paths import SIGN, space_of
from unpool.store.spaces.view import own_columns, whole

if TYPE_CHECKING:
    import lance

OWN_FILES = ("model", "report", "groups.csv")  # of a workspace, that come of its own vectors


class SpaceSize(NamedTuple):
    """What a space holds.

    Attributes:
        dimension: Length of a vector; None where there is none.
        images: Usable images that have a vector.
        missing: Usable images that have none.
        bytes: Of its columns, search index and files.
    """

    dimension: int | None
    images: int
    missing: int
    bytes: int


def measure_space(work: Path) -> SpaceSize:
    """Measure what a space takes.

    Args:
        work: The path of a space, or the workspace for its own vectors.

    Returns:
        Its images, and its bytes as they are stored.
    """
    seen = open_dataset(work)
    num_usable = seen.count_rows(f"status = '{OK}'")
    dimension, images = None, 0
    if VECTOR in seen.schema.names:
        dimension = int(seen.schema.field(VECTOR).type.list_size)
        images = seen.count_rows(f"status = '{OK}' AND {VECTOR} IS NOT NULL")
    size = _column_bytes(whole(seen), space_of(work))
    size += sum(int(index.total_size_bytes or 0) for index in seen.describe_indices())
    places = [work] if space_of(work) else [work / name for name in OWN_FILES]
    return SpaceSize(dimension, images, num_usable - images, size + sum(map(count_bytes, places)))


def count_bytes(place: Path) -> int:
    """Count the bytes of a file or a folder."""
    files = [place] if place.is_file() else place.rglob("*")
    return sum(file.stat().st_size for file in files if file.is_file())


def drop_space(work: Path) -> None:
    """Remove the columns and the index of a space.

    Whoever calls holds the workspace.

    Args:
        work: The path of the space.
    """
    space = space_of(work)
    assert space is not None
    seen = open_dataset(work)
    for index in seen.describe_indices():
        seen.drop_index(index.name)
    table = open_whole(work)
    if names := [name for name in table.schema.names if name.startswith(f"{space}{SIGN}")]:
        table.drop_columns(names)


def clean_up(work: Path) -> None:
    """Remove versions of a table that no tag keeps.

    Whatever their age: what is dropped from the table is on the disk as long as one of them is.
    """
    open_whole(work).cleanup_old_versions(older_than=timedelta(0), error_if_tagged_old_versions=False)


def _column_bytes(table: lance.LanceDataset, space: str | None) -> int:
    prefix = "" if space is None else f"{space}{SIGN}"
    names = {f"{prefix}{name}" for name in own_columns()}
    fields = {field.id() for field in table.lance_schema.fields() if field.name() in names}
    return sum(each.bytes_on_disk for each in table.stats.data_stats().fields if each.id in fields)
