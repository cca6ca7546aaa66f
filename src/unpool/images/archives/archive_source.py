"""The images inside files, as if in a folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path, PurePosixPath

from unpool.core.objects.client import ObjectFacts
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.archives.container import Container, Member
from unpool.images.archives.member_names import claim, split_in
from unpool.images.archives.parquet_file import ParquetContainer, TableContainer
from unpool.images.archives.tar_file import TarContainer
from unpool.images.reading.notes import LeftOut, Note
from unpool.images.reading.scan import ImageFile, Scan
from unpool.images.remote.copied_source import CopiedSource
from unpool.images.remote.listing import sort_listing


class Members(dict[str, tuple[Container, Member]]):
    """Files inside others, by name.

    Reads them as a listing needs it.
    """

    def read(self, name: str) -> bytes:
        """Read all of a file."""
        container, member = self[name]
        return container.read_all(member)

    def read_start(self, name: str, num_bytes: int) -> bytes:
        """Read the first bytes of a file.

        Of one that is damaged there are none.
        """
        container, member = self[name]
        try:
            return container.read_start(member, num_bytes)
        except UnreadableImageError:
            return b""


class ArchiveSource(CopiedSource):
    """The images in containers.

    The name of an image is its path inside. Where several files lie in a folder, it begins with the part of the data
    set that a file's name states, such as `train`, and the name of the file. It can be sent to another process.

    Args:
        location: The file, the folder of the files, or a folder inside the file.
        containers: The files.
        inside: The folder inside the file that is read; "" for all.
        is_folder: Whether the files lie in a folder that was given.
    """

    def __init__(
        self, location: Path, containers: Sequence[Container], inside: str = "", *, is_folder: bool = False
    ) -> None:
        super().__init__(str(location.resolve()))
        self.containers, self.inside, self.is_folder = list(containers), inside, is_folder

    def __getstate__(self) -> dict[str, object]:
        """Leave out what another process lists itself."""
        names = ("location", "rules", "containers", "inside", "is_folder")
        return {name: self.__dict__[name] for name in names}

    def scan(self, progress: Callable[[int], None] | None = None) -> Scan:
        """List the images.

        What lies inside archives that lie inside is not read.
        """
        for container in self.containers:
            container.load(progress)
        if progress is not None:
            progress(len(self._scan.files))
        return self._scan

    def expect(self, files: Sequence[ImageFile]) -> None:
        """Nothing is read ahead of a disk."""

    def locate(self, path: str) -> ImageFile:
        """Find an image by its path.

        One that is missing shows when it is read.
        """
        return self._files.get(path) or ImageFile(path, Path(path), 0, 0.0)

    def read_all(self, file: ImageFile) -> bytes:
        """Read the bytes of an image.

        Args:
            file: One of the scan, or with the path of one.

        Raises:
            UnreadableImageError: It is gone, damaged, locked or too large.
        """
        container, member = self._find(file)
        return container.read_all(member)

    def write_copy(self, file: ImageFile, copy: Path) -> None:
        """Write the bytes of a large image.

        Args:
            file: One of the scan, or with the path of one.
            copy: Where they are written.

        Raises:
            UnreadableImageError: It is gone, damaged, locked or too large.
        """
        container, member = self._find(file)
        container.write_copy(member, copy)

    def read_start(self, file: ImageFile, num_bytes: int) -> bytes:
        """Read the first bytes of an image."""
        container, member = self._find(file)
        return container.read_start(member, num_bytes)

    def _find(self, file: ImageFile) -> tuple[Container, Member]:
        known = self._files.get(file.path)
        found = self.members.get((known or file).file.as_posix())
        if found is None:
            raise UnreadableImageError("missing", f"it is not in {self.location} any more")
        return found

    @cached_property
    def _files(self) -> dict[str, ImageFile]:
        return {file.path: file for file in self._scan.files}

    @cached_property
    def members(self) -> Members:
        """All that lies inside, by name."""
        found, used = Members(), set[str]()
        prefix = f"{self.inside}/" if self.inside else ""
        for container in self.containers:
            above = self._folder_of(container)
            for member in container.index.members:
                if member.name.startswith(prefix):
                    found[claim(above + member.name.removeprefix(prefix), used)] = container, member
        return found

    def _folder_of(self, container: Container) -> str:
        """The folder that the images of a file are in: part of the data set, class, then the file in their names."""
        if not self.is_folder:
            return ""
        root = Path(self.location)
        file = container.file.resolve()
        below = file.relative_to(root) if file.is_relative_to(root) else Path(file.name)
        stem = _without_ending(below.as_posix())
        split = split_in(PurePosixPath(stem).name)
        return f"{split}/{stem}/" if split and split not in PurePosixPath(stem).parts else f"{stem}/"

    @cached_property
    def _scan(self) -> Scan:
        members = self.members
        if not members:
            what = f"no folder {self.inside!r}" if self.inside else "no file"
            raise UnpoolError(f"{self.containers[0].file} holds {what}; give a file that holds images")
        found = [
            ObjectFacts(name, each.bytes, each.modified, each.tag) for name, (_, each) in members.items()
        ]
        scan = sort_listing(members, found, self.location)
        problems = [problem for container in self.containers for problem in container.index.problems]
        left_out = sorted([*scan.left_out, *self._left_out()], key=lambda each: each.path)
        # A folder that is gone from an archive was taken out of it: no disk is away.
        return replace(scan, problems=[*scan.problems, *problems], left_out=left_out, folders=None)

    def describe_fields(self) -> str:
        """Say which file has further columns.

        Empty where there is nothing.
        """
        for container in self.containers:
            if isinstance(container, ParquetContainer) and (names := container.columns.fields):
                return f"{container.file} has the columns {', '.join(names)}"
            if isinstance(container, TarContainer) and container.has_fields:
                return f"{container.file} has JSON or texts beside its images"
        return ""

    def _left_out(self) -> list[LeftOut]:
        """What is not read, or under another name."""
        found = []
        for container in self.containers:
            name = container.file.name
            found += [LeftOut(link, Note("link")) for link in container.index.links]
            if container.index.outside:
                found.append(LeftOut(name, Note("outside", f"{container.index.outside} names")))
            if isinstance(container, TableContainer) and container.columns.others:
                found.append(LeftOut(name, Note("column", ", ".join(container.columns.others))))
        return found


def _without_ending(path: str) -> str:
    """Name a file without its ending.

    >>> _without_ending("data/train.tar.gz"), _without_ending("shards/0.tar")
    ('data/train', 'shards/0')
    """
    for ending in (".tar.gz", ".tar.bz2", ".tar.xz"):
        if path.lower().endswith(ending):
            return path[: -len(ending)]
    return PurePosixPath(path).with_suffix("").as_posix()
