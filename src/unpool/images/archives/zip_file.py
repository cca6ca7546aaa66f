"""Images in a zip file, read in place."""

from __future__ import annotations

import stat
import time
import zipfile
import zlib
from collections.abc import Iterator
from functools import cached_property

from unpool.errors import UnreadableImageError
from unpool.images.archives.container import (
    MAX_RATIO,
    PART_BYTES,
    SMALL_BYTES,
    Container,
    Count,
    Index,
    Member,
    cannot_be_read,
)
from unpool.images.archives.member_names import clean_name, leads_out

LOCAL_HEADER, NAME_AND_EXTRA = b"PK\3\4", slice(26, 30)
HEADER_BYTES = 30
IS_ENCRYPTED, IS_UNICODE = 1, 1 << 11  # bits of the flags
# Of the others a few bytes may become gigabytes before any limit is seen.
READABLE = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class ZipContainer(Container):
    """The files in a zip file.

    Its directory is read once, and has a checksum of each: none is read to be compared.
    """

    def build_index(self, count: Count | None = None) -> Index:
        """List the files, without folders."""
        index = Index()
        for name, info in self._infos.items():
            if stat.S_ISLNK(info.external_attr >> 16):
                index.links.append(name)
                continue
            tag = f"crc32-{info.CRC:08x}-{info.file_size:x}"
            index.members.append(Member(name, info.file_size, _time_of(info), tag, info.header_offset))
        index.outside = sum(leads_out(info.filename) for info in self._infos.values())
        if count is not None:
            count(len(index.members))
        return index

    @cached_property
    def _infos(self) -> dict[str, zipfile.ZipInfo]:
        """What the directory says of each file; of several of one name the last counts, as when unpacked."""
        try:
            with zipfile.ZipFile(self.file) as archive:
                files = [info for info in archive.infolist() if not info.is_dir()]
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise cannot_be_read(self.file, error) from error
        return {name: info for info in files if (name := clean_name(_name_of(info)))}

    def parts(self, member: Member) -> Iterator[bytes]:
        """Unpack a file in parts.

        Args:
            member: The file.

        Yields:
            Its bytes, never more than the directory says.

        Raises:
            UnreadableImageError: It is locked, damaged, packed in an uncommon way, or far larger than its bytes.
        """
        info = self._infos[member.name]
        _check(info)
        try:
            with self.file.open("rb") as stream:
                stream.seek(info.header_offset)
                header = stream.read(HEADER_BYTES)
                if not header.startswith(LOCAL_HEADER):
                    raise UnreadableImageError("corrupt", "the zip file has no such file where it says")
                lengths = header[NAME_AND_EXTRA]
                stream.seek(sum(int.from_bytes(lengths[at : at + 2], "little") for at in (0, 2)), 1)
                with zipfile.ZipExtFile(stream, "r", info) as unpacked:
                    while part := unpacked.read(PART_BYTES):
                        yield part
        except (zipfile.BadZipFile, EOFError, zlib.error) as error:
            raise UnreadableImageError("corrupt", f"it is damaged in the zip file ({error})") from error
        except OSError as error:
            raise UnreadableImageError("unreadable", f"the zip file cannot be read: {error}") from error


def _check(info: zipfile.ZipInfo) -> None:
    if info.flag_bits & IS_ENCRYPTED:
        raise UnreadableImageError(
            "unsupported", "the zip file keeps it under a password; unpack it with that"
        )
    if info.compress_type not in READABLE:
        name = zipfile.compressor_names.get(info.compress_type, info.compress_type)  # type: ignore[attr-defined]
        raise UnreadableImageError("unsupported", f"it is packed by {name}; pack it by deflate, or unpack it")
    if info.file_size > max(SMALL_BYTES, MAX_RATIO * info.compress_size):
        raise UnreadableImageError(
            "too-large",
            f"{info.compress_size:,} bytes would become {info.file_size:,}; unpack it if that is right",
        )


def _name_of(info: zipfile.ZipInfo) -> str:
    """The name of a file; many programs write UTF-8 without saying so."""
    if info.flag_bits & IS_UNICODE:
        return info.filename
    try:
        return info.filename.encode("cp437").decode("utf-8")
    except UnicodeError:
        return info.filename


def _time_of(info: zipfile.ZipInfo) -> float:
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (OverflowError, ValueError):
        return 0.0
