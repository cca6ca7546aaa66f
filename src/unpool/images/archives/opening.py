"""Open a place that holds images in files."""

from __future__ import annotations

from pathlib import Path

from unpool.errors import UnpoolError
from unpool.images.archives.archive_source import ArchiveSource
from unpool.images.archives.containers import find_containers, open_container
from unpool.images.archives.path_list import ListSource, is_path_list


def open_archive(location: Path) -> ArchiveSource | ListSource | None:
    """Open what holds or lists images.

    Args:
        location: A path that exists or not. Below a file, such as `photos.zip/train`, it is a folder inside.

    Returns:
        The source; None for a folder of images, and for what is missing.

    Raises:
        UnpoolError: It is a file of another kind.
    """
    if (archive := find_archive(location)) is not None:
        return archive
    if not location.is_file():
        return None
    if is_path_list(location):
        return ListSource(location)
    raise UnpoolError(
        f"'{location}' is a file, not a folder, and holds or lists no images; give a folder, a zip, tar or Parquet "
        f"file, or a text file of paths, whole ones or relative to '{location.parent}'"
    )


def find_archive(location: Path) -> ArchiveSource | None:
    """Open a file that holds others.

    Args:
        location: The file, a folder of such files, or a folder inside one.

    Returns:
        The source; None for anything else.
    """
    if location.is_file():
        container = open_container(location)
        return None if container is None else ArchiveSource(location, [container])
    if location.is_dir():
        files = find_containers(location)
        containers = [container for file in files if (container := open_container(file))]
        return ArchiveSource(location, containers, is_folder=True) if containers else None
    file = next((above for above in location.parents if above.is_file()), None)
    container = None if file is None else open_container(file)
    if file is None or container is None:
        return None
    return ArchiveSource(location, [container], location.relative_to(file).as_posix())
