"""Archives as folders, for commands that read pairs of files.

Images and masks refer to each other by names, class files and folders. An archive of them is unpacked once into the
user's cache, under names that cannot lead out of it.
"""

from __future__ import annotations

import contextlib
import shutil
from hashlib import blake2b
from pathlib import Path

from unpool.core.user_cache import cache_folder, kept_folder
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.archives.archive_source import ArchiveSource
from unpool.images.archives.container import Container, Member
from unpool.images.archives.member_names import claim
from unpool.images.archives.opening import find_archive
from unpool.images.archives.packed_tar import FREE_BYTES

LABEL_ENDINGS = (".json", ".xml", ".txt", ".yaml", ".yml", ".names")  # of annotations and lists of classes


def as_folder_of_files(location: Path) -> Path:
    """Return a folder with the files of an archive.

    Args:
        location: Any path.

    Returns:
        The location itself where it is no archive, and lies in none.

    Raises:
        UnpoolError: The archive cannot be read, does not fit on the disk of the cache, or a file of labels in it is
            damaged or too large.
    """
    source = find_archive(location)
    if source is None or source.is_folder:
        return location
    (container,) = source.containers
    status = container.file.stat()
    state = (str(container.file.resolve()), status.st_size, status.st_mtime_ns, status.st_ino, source.inside)
    digest = blake2b(repr(state).encode(), digest_size=16).hexdigest()
    folder = kept_folder(f"index-files-{digest}", lambda part: _unpack(source, part / location.name))
    return folder / location.name


def _unpack(source: ArchiveSource, folder: Path) -> None:
    files = dict(source.members)
    num_bytes = sum(member.bytes for _, member in files.values())
    folder.mkdir()
    if shutil.disk_usage(folder).free < num_bytes + FREE_BYTES:
        raise UnpoolError(
            f"{source.location} does not fit into {cache_folder()} unpacked; free some space, or set UNPOOL_CACHE to a "
            "larger disk"
        )
    used: set[str] = set()
    for name, (container, member) in files.items():
        _write(container, member, folder / claim(name, used))


def _write(container: Container, member: Member, file: Path) -> None:
    """Write a file.

    One that is damaged is there without content, and is reported by its reader; but an empty file of labels would
    label nothing.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except FileExistsError:  # a file of that name lies in the archive, too
        return
    with contextlib.suppress(IsADirectoryError):
        try:
            container.write_copy(member, file)
        except UnreadableImageError as error:
            if member.name.lower().endswith(LABEL_ENDINGS):
                raise UnpoolError(
                    f"{member.name} in {container.file} cannot be used: {error.detail}"
                ) from None
            file.write_bytes(b"")
