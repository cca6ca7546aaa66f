"""Find the images in a folder, and the unusable ones."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath

from unpool.core.file_identity import stamp_of
from unpool.core.file_names import to_key, unique_keys
from unpool.core.markers import (
    COPIES,
    PREDICTIONS,
    WORKSPACE_ENDING,
    WORKSPACE_TABLE,
    is_unpool_folder,
    predicted_files,
)
from unpool.core.system_files import sidecar_of, system_folder
from unpool.errors import UnpoolError
from unpool.images.reading.formats import HEAD, has_archive_name, has_image_name, sniff
from unpool.images.reading.notes import LeftOut, Note

TRIFLES = frozenset(
    {"thumbs.db", "ehthumbs.db", "desktop.ini"}
)  # that systems leave in folders without files


@dataclass(frozen=True, slots=True)
class ImageFile:
    """An image file on the disk.

    `path` is its key, relative with `/`, valid Unicode; `file` opens it. `bytes` is the size of the file,
    `modified` its time in seconds since 1970. `stamp` is what else the file system knows of it (`stamp_of`), None
    where size and time are all there is. `sample` digests some of its bytes, where they were read.
    """

    path: str
    file: Path
    bytes: int
    modified: float
    stamp: str | None = None
    sample: str | None = None


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

    `left_out` are files and folders that look like images and are none of the collection. `folders` are the folders
    that were listed and hold something, "" being the scanned one; None where the images lie in no folders.
    """

    files: list[ImageFile]
    problems: list[Problem]
    left_out: list[LeftOut] = field(default_factory=list)
    folders: frozenset[str] | None = None

    def find_away(self, paths: Iterable[str]) -> set[str]:
        """Find missing files whose folder cannot be seen today.

        The folder is gone as a whole, empty as the place of a disk that is not mounted, or may not be listed.
        What the scan left alone on purpose is not away.
        """
        if self.folders is None:
            return set()
        alone = {each.path for each in self.left_out}
        away = set()
        for path in paths:
            above = [parent.as_posix() for parent in PurePosixPath(path).parents][:-1]
            if (above[0] if above else "") not in self.folders and alone.isdisjoint(above):
                away.add(path)
        return away


def scan_folder(
    folder: Path,
    *,
    leave_out: Path | None = None,
    as_masks: bool = False,
    progress: Callable[[int], None] | None = None,
) -> Scan:
    """List the images in a folder and its subfolders, undecoded.

    An image has the name of one or the content of one. Hidden files and folders (a leading dot), what systems keep
    beside photographs (`core/system_files.py`), what unpool wrote (`core/markers.py`), and the folder `leave_out`
    are left alone; `left_out` lists what looks like images there. Symbolic links are followed. Each real folder is
    read once, and each real file that lies in one of them has that name alone; links to a file elsewhere are images
    of their own names, and hard links are files in their own right. Nothing but regular files is ever opened.

    Args:
        folder: The folder to search.
        leave_out: A folder inside it that is not read.
        as_masks: Take every link as an image of its own name, and label maps that unpool predicted too.
        progress: Called now and then with the number of images found so far.

    Returns:
        The images and what cannot be used.

    Raises:
        UnpoolError: If the folder is missing, is no folder, cannot be read or is a workspace.
    """
    root = os.path.realpath(folder)
    _check(root, folder)
    walk = _Walk(progress, as_masks)
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
    return walk.result()


def _check(root: str, typed: Path) -> None:
    if not Path(root).exists():
        raise UnpoolError(f"there is no folder '{typed}'; check the path")
    if not Path(root).is_dir():
        raise UnpoolError(f"'{typed}' is a file, not a folder; give the folder that holds the images")
    try:
        names = {path.name for path in Path(root).iterdir()}
        _check_entered(root)
    except OSError as error:
        raise UnpoolError(
            f"folder '{typed}' cannot be read ({error.strerror}); check its permissions"
        ) from error
    if WORKSPACE_TABLE in names:
        raise UnpoolError(f"'{typed}' is a workspace of unpool; give the folder that holds the images")


@dataclass
class _Walk:
    """The state of a scan.

    `seen` holds real folders, `shut` those of them that cannot be read, `linked` real files outside them that links
    lead to, `renamed` real files without an image's name to which links give one, `predictions` real files that
    `segment predict` wrote.
    """

    progress: Callable[[int], None] | None
    as_masks: bool
    files: list[ImageFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: dict[str, LeftOut] = field(default_factory=dict)
    folders: set[str] = field(default_factory=set)
    links: list[tuple[str, str]] = field(default_factory=list)
    seen: set[str] = field(default_factory=set)
    shut: set[str] = field(default_factory=set)
    linked: set[str] = field(default_factory=set)
    renamed: set[str] = field(default_factory=set)
    predictions: set[str] = field(default_factory=set)

    def folder(self, path: str, key: str, real: str) -> None:
        """Read one folder and those inside it; links wait, so that real files keep their own names."""
        todo = [(path, key, real)]
        while todo:
            path, key, real = todo.pop()
            entries = [] if real in self.seen else self._entries(path, key)
            names = {entry.name for entry in entries}
            if key and self._is_own(key, real, names):
                continue
            self.seen.add(real)
            self._note_predictions(key, real, entries)
            for entry in entries:
                todo += self._entry(entry, key, real, names)

    def _entry(
        self, entry: os.DirEntry[str], key: str, real: str, names: Collection[str]
    ) -> list[tuple[str, str, str]]:
        """Take one file, remember one link, or return one folder to be read."""
        inside = (entry.path, key + entry.name, f"{real}{os.sep}{entry.name}")
        if entry.is_symlink():
            if not entry.name.startswith("."):
                self.links.append((inside[1], entry.path))
        elif entry.is_dir(follow_symlinks=False):
            if self._is_readable(entry.name, inside[1]) and not entry.name.startswith("."):
                return [(inside[0], f"{inside[1]}/", inside[2])]
        elif entry.name.startswith("."):
            if has_image_name(entry.name):
                self._leave(inside[1], "hidden")
        elif inside[2] in self.linked:
            self._leave(inside[1], "link", "a link leads to it, and has brought it in")
        elif inside[2] not in self.predictions:
            self._file(inside[0], inside[1], names)
        return []

    def _is_readable(self, name: str, key: str) -> bool:
        """Whether a folder is read; notes those that are not and hold pictures."""
        if content := system_folder(name, PurePosixPath(key).parent.name):
            self._leave(key, "system", content)
            return False
        if name.endswith(WORKSPACE_ENDING):
            self._leave(key, "own", "a workspace")
            return False
        return True

    def _is_own(self, key: str, real: str, names: Collection[str]) -> bool:
        """Whether unpool wrote a folder below the scanned one."""
        if is_unpool_folder(real, names):
            kind = "a workspace" if WORKSPACE_TABLE in names else "a model"
            self._leave(key, "own", kind)
            return True
        # Class folders directly in the scanned one were named by the user: it is those images that are wanted.
        if COPIES in names and key.count("/") > 1:
            self._leave(PurePosixPath(key).parent.as_posix(), "own", "copies sorted by unpool export")
            return True
        return False

    def _note_predictions(self, key: str, real: str, entries: Collection[os.DirEntry[str]]) -> None:
        """Note what `segment predict` wrote here, unless there is nothing else in the scanned folder itself."""
        names = {entry.name for entry in entries}
        if self.as_masks or PREDICTIONS not in names:
            return
        found = predicted_files(real)
        if not key and not any(has_image_name(name) for name in names - found):
            return
        self.predictions.update(f"{real}{os.sep}{name.replace('/', os.sep)}" for name in found)
        self._leave(key or ".", "own", f"{len(found)} files of unpool segment or inspect predict")

    def _entries(self, path: str, key: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(path) as entries:
                found = list(entries)
            _check_entered(path)
        except OSError as error:
            self.shut.add(os.path.realpath(path))
            word = "no-permission" if isinstance(error, PermissionError) else "unreadable"
            self.problems.append(
                Problem(key.rstrip("/"), word, f"the folder cannot be read: {error.strerror}")
            )
            return []
        if any(shows_use(entry.name) for entry in found):
            self.folders.add(to_key(key.rstrip("/")))
        return found

    def link(self, key: str, path: str) -> None:
        """Follow one link, unless what it leads to has been read under its own name."""
        real = Path(os.path.realpath(path))  # Path.resolve gives up on a link that leads back to itself
        if problem := _link_problem(real):
            if has_image_name(key):
                self.problems.append(Problem(key, *problem))
        elif real.is_dir():
            if str(real) in self.seen:
                self._leave(key, "link", "leads to a folder that is read, or to one above")
            elif self._is_readable(real.name, key):
                self.folder(path, f"{key}/", str(real))
        elif self._is_named_otherwise(real, key):
            self._leave(key, "link", "leads to a file that is read under its own name")
        else:
            self.linked.add(str(real))
            self._file(path, key)

    def _is_named_otherwise(self, real: Path, key: str) -> bool:
        """Whether the file that a link leads to is an image by its own name."""
        if self.as_masks or not self._is_read(real.parent) or real.name.startswith("."):
            return False
        if has_image_name(key) and not has_image_name(real.name):
            self.renamed.add(str(real))  # a store of contents, whose links have the names
            return False
        return True

    def _is_read(self, folder: Path) -> bool:
        return str(folder) in self.seen and str(folder) not in self.shut

    def _file(self, path: str, key: str, names: Collection[str] = ()) -> None:
        named, file = has_image_name(key), Path(path)
        try:
            status = file.stat()
        except (FileNotFoundError, NotADirectoryError):  # gone since the folder was listed
            return
        except OSError as error:
            if named:
                self.problems.append(Problem(key, "unreadable", f"the file cannot be read: {error.strerror}"))
            return
        if problem := _problem(file, status) if named else None:
            self.problems.append(Problem(key, *problem))
        elif named or (stat.S_ISREG(status.st_mode) and status.st_size and _has_image_content(file)):
            if not named and (owner := sidecar_of(file.name, names)):
                self._leave(key, "sidecar", owner)
                return
            self.files.append(ImageFile(key, file, status.st_size, status.st_mtime, stamp_of(status)))
            if self.progress is not None and len(self.files) % 1000 == 0:
                self.progress(len(self.files))
        elif has_archive_name(key) and stat.S_ISREG(status.st_mode):
            self._leave(key, "archive")

    def _leave(self, key: str, kind: str, detail: str = "") -> None:
        path = to_key(key.rstrip("/"))
        self.left_out.setdefault(path, LeftOut(path, Note(kind, detail)))

    def result(self) -> Scan:
        """List what was found by path; names that are no valid keys get keys of their own."""
        files = [
            file
            for file in self.files
            if not self.renamed or file.file.is_symlink() or os.path.realpath(file.file) not in self.renamed
        ]
        keys = unique_keys([*(file.path for file in files), *(problem.path for problem in self.problems)])
        keyed = [replace(file, path=keys[file.path]) if file.path in keys else file for file in files]
        problems = [replace(each, path=keys.get(each.path, each.path)) for each in self.problems]
        return Scan(
            sorted(keyed, key=lambda file: file.path),
            sorted(problems, key=lambda each: each.path),
            sorted(self.left_out.values(), key=lambda each: each.path),
            frozenset(self.folders),
        )


def shows_use(name: str) -> bool:
    """Whether a name shows that a folder is used.

    Else it may be the empty place of a disk.
    """
    return not (name.startswith(".") or name.lower() in TRIFLES or system_folder(name))


def _problem(file: Path, status: os.stat_result) -> tuple[str, str] | None:
    """Why a file with an image's name cannot be used, as far as that is known without opening it."""
    if not stat.S_ISREG(status.st_mode):
        return "not-a-file", "it has an image's name, but is a pipe, a socket or a device"
    if status.st_size == 0:
        return "empty", "the file is empty"
    if not os.access(file, os.R_OK):
        return "no-permission", "the file may not be read by this user"
    return None


def _link_problem(real: Path) -> tuple[str, str] | None:
    """Why a link leads to nothing that can be used."""
    try:
        is_there = real.exists()
    except OSError as error:  # a folder on the way may not be entered
        return "no-permission", f"the file that the link leads to cannot be read: {error.strerror}"
    return None if is_there else ("broken-link", "the link leads to nothing, or back to itself")


def _check_entered(folder: str) -> None:
    """Check that a folder that may be listed may be entered too: else its files seem to be gone."""
    os.stat(f"{folder}{os.sep}{os.curdir}")  # noqa: PTH116 - pathlib would drop the dot


def _has_image_content(file: Path) -> bool:
    try:
        with file.open("rb", buffering=0) as stream:
            return sniff(stream.read(HEAD)) is not None
    except OSError:
        return False
