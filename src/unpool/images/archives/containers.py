"""Which files hold images, by what is in them."""

from __future__ import annotations

import os
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

from unpool.core.markers import WORKSPACE_ENDING, is_unpool_folder
from unpool.core.system_files import system_folder
from unpool.images.archives.arrow_file import FILE_MAGIC, STREAM_MAGIC, ArrowContainer
from unpool.images.archives.container import Container
from unpool.images.archives.packed_tar import PackedTarContainer, packing_of
from unpool.images.archives.parquet_file import ParquetContainer
from unpool.images.archives.tar_file import TarContainer
from unpool.images.archives.zip_file import ZipContainer
from unpool.images.reading.formats import has_archive_name, has_image_name

HEAD_BYTES = 512
ARROW_ENDING = ".arrow"
ZIP, EMPTY_ZIP, PARQUET, TAR = b"PK\3\4", b"PK\5\6", b"PAR1", slice(257, 262)


def open_container(file: Path) -> Container | None:
    """Open a file that holds others, by its first bytes.

    Args:
        file: Any file.

    Returns:
        Its container; None for a file of another kind, and one that cannot be read.
    """
    try:
        with file.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
        if head.startswith(PARQUET):
            return ParquetContainer(file)
        if head.startswith((FILE_MAGIC, STREAM_MAGIC)) and file.suffix.lower() == ARROW_ENDING:
            return ArrowContainer(file)
        if head.startswith((ZIP, EMPTY_ZIP)) or (has_archive_name(file.name) and zipfile.is_zipfile(file)):
            return ZipContainer(file)
        if head[TAR] == b"ustar" or (file.name.lower().endswith(".tar") and tarfile.is_tarfile(file)):
            return TarContainer(file)
        if packing_of(head) and has_archive_name(file.name):
            return PackedTarContainer(file)
    except OSError:
        return None
    return None


def find_containers(folder: Path) -> list[Path]:
    """Find the files that hold the images of a folder.

    Args:
        folder: A folder, such as a data set of shards.

    Returns:
        The files, by path; none where images lie in the folder themselves.
    """
    found: list[Path] = []
    for file in _walk(folder):
        if has_image_name(file.name):
            return []
        if has_archive_name(file.name):
            found.append(file)
    return sorted(file for file in found if open_container(file) is not None)


def _walk(folder: Path) -> Iterator[Path]:
    for here, folders, names in os.walk(folder):
        above = Path(here).name
        if above.endswith(WORKSPACE_ENDING) or is_unpool_folder(here, [*folders, *names]):
            folders.clear()  # what unpool wrote is nobody's data set
            continue
        folders[:] = sorted(
            name for name in folders if not (name.startswith(".") or system_folder(name, above))
        )
        yield from (Path(here, name) for name in sorted(names) if not name.startswith("."))
