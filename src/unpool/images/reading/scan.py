"""Find the images in a folder, and the unusable ones."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

from unpool.core.markers import WORKSPACE_ENDING, WORKSPACE_TABLE, is_unpool_folder
from unpool.errors import UnpoolError
from unpool.images.reading.formats import HEAD, has_image_name, sniff
from unpool.images.reading.notes import LeftOut


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image file on the disk.

    `path` is its key, relative with `/`, valid Unicode; `file` opens it. `bytes` is the size of the file,
    `modified` its time in seconds since 1970.
    """

    path: str
    file: Path
    bytes: int
    modified: float


@dataclass(frozen=True, slots=True)
class Problem:
    """An image file that cannot be used.

    `problem` is a short stable word, `detail` a sentence.
    """

    path: str
    problem: str
    detail: str


@dataclass(frozen=True, slots=True)
class Scan:
    """Images and problems of a folder, both ordered by path.

    `left_out` are files and folders that look like images and are none of the collection.
    """

    files: list[ImageFile]
    problems: list[Problem]
    left_out: list[LeftOut] = field(default_factory=list)


def scan_folder(
    folder: Path, *, leave_out: Path | None = None, progress: Callable[[int], None] | None = None
) -> Scan:
    """List the images in a folder and its subfolders, undecoded.

    An image has the name of one or the content of one. Hidden files and folders (a leading dot), all other
    files, the workspaces and models of unpool in it, and the folder `leave_out` are left alone and appear
    nowhere. Symbolic links are followed, but each real file and each real folder is read once and is named
    without a link where it can be; hard links are files in their own right. Nothing but regular files is ever
    opened.

    Args:
        folder: The folder to search.
        leave_out: A folder inside it that is not read.
        progress: Called now and then with the number of images found so far.

    Returns:
        The images and what cannot be used.

    Raises:
        UnpoolError: If the folder is missing, is no folder, cannot be read or is a workspace.
    """
    root = os.path.realpath(folder)
    _check(root, folder)
    walk = _Walk(progress)
    # A link to a folder above this one would pull in everything that lies beside it: it is a loop too.
    walk.seen.update(str(above) for above in Path(root).parents)
    if leave_out is not None:
        walk.seen.add(os.path.realpath(leave_out))
    walk.folder(root, "", root)
    while walk.links:
        links, walk.links = sorted(walk.links), []
        for key, path in links:
            walk.link(key, path)
    if progress is not None:
        progress(len(walk.files))
    return _with_valid_keys(walk.files, walk.problems)


def _check(root: str, typed: Path) -> None:
    if not Path(root).exists():
        raise UnpoolError(f"there is no folder '{typed}'; check the path")
    if not Path(root).is_dir():
        raise UnpoolError(f"'{typed}' is a file, not a folder; give the folder that holds the images")
    try:
        names = {path.name for path in Path(root).iterdir()}
    except OSError as error:
        raise UnpoolError(
            f"folder '{typed}' cannot be read ({error.strerror}); check its permissions"
        ) from error
    if WORKSPACE_TABLE in names:
        raise UnpoolError(f"'{typed}' is a workspace of unpool; give the folder that holds the images")


@dataclass
class _Walk:
    """The state of a scan: `seen` holds real folders, `linked` real files that were reached through a link."""

    progress: Callable[[int], None] | None
    files: list[ImageFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    links: list[tuple[str, str]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    linked: set[str] = field(default_factory=set)

    def folder(self, path: str, key: str, real: str) -> None:
        """Read one folder and those inside it; links wait, so that real files keep their own names."""
        todo = [(path, key, real)]
        while todo:
            path, key, real = todo.pop()
            entries = [] if real in self.seen else self._entries(path, key)
            if key and is_unpool_folder(real, {entry.name for entry in entries}):
                continue
            self.seen.add(real)
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                inside = (entry.path, key + entry.name, f"{real}{os.sep}{entry.name}")
                if entry.is_symlink():
                    self.links.append((inside[1], entry.path))
                elif entry.is_dir(follow_symlinks=False):
                    if not entry.name.endswith(WORKSPACE_ENDING):
                        todo.append((inside[0], inside[1] + "/", inside[2]))
                elif inside[2] not in self.linked:
                    self._file(inside[0], inside[1])

    def _entries(self, path: str, key: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(path) as entries:
                return list(entries)
        except OSError as error:
            word = "no-permission" if isinstance(error, PermissionError) else "unreadable"
            self.problems.append(
                Problem(key.rstrip("/"), word, f"the folder cannot be read: {error.strerror}")
            )
            return []

    def link(self, key: str, path: str) -> None:
        """Follow one link, unless what it leads to has been read under another name."""
        real = Path(os.path.realpath(path))  # Path.resolve gives up on a link that leads back to itself
        if not _exists(real):
            if has_image_name(key):
                detail = "the link leads to nothing, or back to itself"
                self.problems.append(Problem(key, "broken-link", detail))
        elif real.is_dir():
            if not real.name.endswith(WORKSPACE_ENDING):
                self.folder(path, key + "/", str(real))
        elif not self._was_read(real):
            self.linked.add(str(real))
            self._file(path, key)

    def _was_read(self, real: Path) -> bool:
        listed = str(real.parent) in self.seen and not real.name.startswith(".")
        return listed or str(real) in self.linked

    def _file(self, path: str, key: str) -> None:
        named, file = has_image_name(key), Path(path)
        try:
            status = file.stat()
        except OSError:  # gone since the folder was listed
            return
        if problem := _problem(file, status) if named else None:
            self.problems.append(Problem(key, *problem))
        elif named or (stat.S_ISREG(status.st_mode) and status.st_size and _has_image_content(file)):
            self.files.append(ImageFile(key, file, status.st_size, status.st_mtime))
            if self.progress is not None and len(self.files) % 1000 == 0:
                self.progress(len(self.files))


def _problem(file: Path, status: os.stat_result) -> tuple[str, str] | None:
    """Why a file with an image's name cannot be used, as far as that is known without opening it."""
    if not stat.S_ISREG(status.st_mode):
        return "not-a-file", "it has an image's name, but is a pipe, a socket or a device"
    if status.st_size == 0:
        return "empty", "the file is empty"
    if not os.access(file, os.R_OK):
        return "no-permission", "the file may not be read by this user"
    return None


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # a folder on the way may not be entered
        return False


def _has_image_content(file: Path) -> bool:
    try:
        with file.open("rb", buffering=0) as stream:
            return sniff(stream.read(HEAD)) is not None
    except OSError:
        return False


def _with_valid_keys(files: list[ImageFile], problems: list[Problem]) -> Scan:
    """Names that are not valid Unicode get keys that are, each different from every other key."""
    keys = _valid_keys([*(file.path for file in files), *(problem.path for problem in problems)])
    valid_files = [replace(file, path=keys.get(file.path, file.path)) for file in files]
    valid_problems = [replace(problem, path=keys.get(problem.path, problem.path)) for problem in problems]
    return Scan(
        sorted(valid_files, key=lambda file: file.path), sorted(valid_problems, key=lambda each: each.path)
    )


def _valid_keys(names: Iterable[str]) -> dict[str, str]:
    """From each name that holds undecodable bytes to its key; other names are left out.

    >>> _valid_keys(["a.png", "caf\\udce9.png"])
    {'caf\\udce9.png': 'caf\\\\xe9.png'}
    """
    odd = sorted(name for name in names if not _is_valid(name))
    used = set(names) if odd else set()
    keys = {}
    for name in odd:
        key = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
        while key in used:
            key = f"{key}~"
        used.add(key)
        keys[name] = key
    return keys


def _is_valid(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
