"""Tar files that are compressed as a whole.

Nothing in them can be read without all that is before it: they are unpacked once into one tar file in the user's cache.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import shutil
import zlib
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import IO

from unpool.core.user_cache import cache_folder, kept_folder
from unpool.errors import UnpoolError
from unpool.images.archives.container import MAX_RATIO, SMALL_BYTES, cannot_be_read
from unpool.images.archives.tar_file import TarContainer

UNPACKED = "unpacked.tar"
PART_BYTES = 1 << 20
FREE_BYTES = 1 << 30  # that stay free on the disk of the cache
MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ\0": "xz"}
HEAD_BYTES = 6


class PackedTarContainer(TarContainer):
    """The files in a compressed tar file.

    By gzip, bzip2 or xz."""

    @cached_property
    def tar(self) -> Path:
        """The unpacked tar file.

        Raises `UnpoolError` where it is damaged, or would fill the disk.
        """
        status = self.file.stat()
        state = (str(self.file.resolve()), status.st_size, status.st_mtime_ns, status.st_ino)
        digest = blake2b(repr(state).encode(), digest_size=16).hexdigest()
        return kept_folder(f"index-tar-{digest}", self._unpack) / UNPACKED

    def _unpack(self, folder: Path) -> None:
        with self.file.open("rb") as packed, (folder / UNPACKED).open("wb") as out:
            read = _open(packed, packed.read(HEAD_BYTES))
            try:
                while part := read.read(PART_BYTES):
                    self._check_space(folder)
                    out.write(part)
                    self._check_ratio(packed.seek(0, io.SEEK_CUR), out.seek(0, io.SEEK_CUR))
            except (OSError, EOFError, zlib.error, lzma.LZMAError) as error:
                raise cannot_be_read(self.file, error) from error

    def _check_space(self, folder: Path) -> None:
        if shutil.disk_usage(folder).free < FREE_BYTES:
            raise UnpoolError(
                f"{self.file} is compressed, and does not fit into {cache_folder()} unpacked; free some space, or set "
                "UNPOOL_CACHE to a larger disk"
            )

    def _check_ratio(self, num_packed: int, num_unpacked: int) -> None:
        if num_unpacked > max(SMALL_BYTES, MAX_RATIO * num_packed):
            raise UnpoolError(
                f"{num_packed:,} bytes of {self.file} would become more than {num_unpacked:,}; unpack it if that is "
                "right"
            )


def packing_of(head: bytes) -> str:
    """Name the compression of a file by its first bytes.

    Empty for nothing that is known.

    >>> packing_of(b"BZh91AY"), packing_of(b"PK")
    ('bzip2', '')
    """
    return next((name for magic, name in MAGIC.items() if head.startswith(magic)), "")


def _open(packed: IO[bytes], head: bytes) -> io.BufferedIOBase:
    packed.seek(0)
    packing = packing_of(head)
    if packing == "gzip":
        return gzip.GzipFile(fileobj=packed)
    return bz2.BZ2File(packed) if packing == "bzip2" else lzma.LZMAFile(packed)
