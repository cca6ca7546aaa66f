"""Images in a tar file, read in place.

Samples of WebDataset bring their classes."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from unpool.errors import UnreadableImageError
from unpool.images.archives.container import (
    PART_BYTES,
    Container,
    Count,
    Index,
    Member,
    cannot_be_read,
    content_tag,
    keep_index,
)
from unpool.images.archives.member_names import claim, clean_name, leads_out, with_class
from unpool.images.reading.formats import HEAD, has_image_name, sniff
from unpool.images.reading.scan import Problem

CLASS_ENDING = ".cls"  # of WebDataset: the class of the sample of this name
MAX_CLASS_BYTES = 256
FIELD_ENDINGS = (".json", ".txt")  # what else a sample may have
BLOCK = 512


class TarContainer(Container):
    """The files in a tar file that is not compressed.

    It is read once from end to end, since a tar file has no directory; what was found is kept for later commands.
    """

    @cached_property
    def tar(self) -> Path:
        """The tar file that is read."""
        return self.file

    def build_index(self, count: Count | None = None) -> Index:
        """List the files, without folders and links."""
        try:
            return keep_index(self.tar, lambda: self._read_index(count))
        except (tarfile.TarError, OSError, ValueError, EOFError) as error:
            raise cannot_be_read(self.file, error) from error

    def _read_index(self, count: Count | None) -> Index:
        index = Index()
        found: dict[str, Member] = {}
        with tarfile.open(self.tar, "r:") as archive:
            try:
                for info in archive:
                    archive.members = []  # type: ignore[attr-defined]  # which would grow with every file
                    name = clean_name(info.name)
                    if name and (member := self._member(info, name, found, index)):
                        found.pop(name, None)  # of several of one name the last counts, as when unpacked
                        found[name] = member
                        index.outside += leads_out(info.name)
                        if count is not None and len(found) % 1000 == 0:
                            count(len(found))
            except tarfile.ReadError as error:
                index.problems.append(self._cut_off(str(error), len(found)))
            else:
                if reason := self._damage_at(archive.offset):
                    index.problems.append(self._cut_off(reason, len(found)))
        index.members = self._by_class(found)
        return index

    def _member(
        self, info: tarfile.TarInfo, name: str, found: dict[str, Member], index: Index
    ) -> Member | None:
        # A hard link is another name of a file before it.
        if info.islnk() and (target := found.get(clean_name(info.linkname))):
            return replace(target, name=name)
        if info.islnk() or info.issym():
            index.links.append(name)
        if not info.isreg() or info.islnk():
            return None
        if info.issparse():
            if has_image_name(name):
                index.problems.append(
                    Problem(name, "unsupported", "the tar file holds it with gaps; unpack it")
                )
            return None
        member = Member(name, info.size, float(info.mtime), None, info.offset_data)
        try:
            is_image = has_image_name(name) or sniff(self.read_start(member, HEAD)) is not None
            return replace(member, tag=content_tag(self.parts(member))) if is_image else member
        except UnreadableImageError as error:
            index.problems.append(Problem(name, error.problem, error.detail))
            return None

    def _cut_off(self, reason: str, num_files: int) -> Problem:
        detail = f"the tar file is damaged behind {num_files} files ({reason}); fetch it again"
        return Problem(self.file.name, "truncated", detail)

    def _damage_at(self, offset: int) -> str:
        """Say what is wrong behind the last file; empty where the end is regular."""
        with self.tar.open("rb") as stream:
            stream.seek(offset)
            block = stream.read(BLOCK)
        return "no header is there" if block.strip(b"\0") else ""

    def _by_class(self, found: dict[str, Member]) -> list[Member]:
        """Put samples with a class into a folder of its name."""
        label_of = {
            name.removesuffix(CLASS_ENDING): self.read_start(member, MAX_CLASS_BYTES).decode(
                "utf-8", "replace"
            )
            for name, member in found.items()
            if name.endswith(CLASS_ENDING) and member.bytes
        }
        if not label_of:
            return list(found.values())
        used: set[str] = set()
        return [
            replace(member, name=claim(with_class(name, label_of.get(sample_name(name))), used))
            for name, member in found.items()
            if not name.endswith(CLASS_ENDING)
        ]

    @property
    def has_fields(self) -> bool:
        """Whether JSON objects or texts lie beside images."""
        images = {sample_name(member.name) for member in self.index.members if member.tag is not None}
        others = (member.name for member in self.index.members if member.tag is None)
        return any(name.lower().endswith(FIELD_ENDINGS) and sample_name(name) in images for name in others)

    def parts(self, member: Member) -> Iterator[bytes]:
        """Read a file in parts.

        Args:
            member: The file.

        Yields:
            Its bytes.

        Raises:
            UnreadableImageError: The tar file ends before, or cannot be read.
        """
        left = member.bytes
        try:
            with self.tar.open("rb") as stream:
                stream.seek(member.place)
                while left:
                    part = stream.read(min(left, PART_BYTES))
                    if not part:
                        raise UnreadableImageError("truncated", "the tar file ends before this file does")
                    left -= len(part)
                    yield part
        except OSError as error:
            raise UnreadableImageError("unreadable", f"the tar file cannot be read: {error}") from error


def sample_name(name: str) -> str:
    """Name the sample of WebDataset that a file belongs to.

    >>> sample_name("a.b/00012.left.jpg")
    'a.b/00012'
    """
    path = PurePosixPath(name)
    return str(path.with_name(path.name.partition(".")[0] or path.name))
