"""A text file that lists images, one path a line."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from pathlib import Path

from unpool.core.file_identity import stamp_of
from unpool.core.file_names import find_typed, to_key
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.reading.decode import Picture, read_picture, read_size
from unpool.images.reading.notes import LeftOut, Note
from unpool.images.reading.scan import ImageFile, Problem, Scan
from unpool.images.remote.fetching import InPlace
from unpool.images.values.rules import NO_RULES, ValueRules

HEAD_BYTES = 1 << 14


class ListSource(InPlace):
    """The images that a text file lists.

    Paths are absolute, or relative to the folder of the list, or else to the current one. A key is the path below the
    folder of the list, or the whole path of what lies elsewhere, so that it is the same whatever else is listed.

    Args:
        file: The list.
    """

    def __init__(self, file: Path) -> None:
        self.file, self._folder = file, file.resolve().parent
        self.location = str(file.resolve())
        self.rules: ValueRules = NO_RULES

    def scan(self, progress: Callable[[int], None] | None = None) -> Scan:
        """Look up the listed files.

        Raises `UnpoolError` where none is there.
        """
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

    def read(self, file: ImageFile, min_side: int) -> Picture:
        """Decode an image, perhaps reduced, but not below `min_side`."""
        return read_picture(self.locate(file.path).file, min_side=min_side, rules=self.rules)

    def size(self, file: ImageFile) -> tuple[int, int] | None:
        """Read width and height without decoding, None where impossible."""
        try:
            return read_size(self.locate(file.path).file)
        except UnreadableImageError:
            return None

    @cached_property
    def _files(self) -> dict[str, ImageFile]:
        return {file.path: file for file in self._scan.files}

    @cached_property
    def _scan(self) -> Scan:
        files: dict[str, ImageFile] = {}
        problems: dict[str, Problem] = {}
        repeated, here = 0, Path.cwd()
        for line in read_lines(self.file):
            file = _find(self._folder, here, line)
            key = self._key(file)
            repeated += key in files or key in problems
            found = _file_or_problem(key, file)
            if isinstance(found, ImageFile):
                files[key] = found
            else:
                problems[key] = found
        if not files:
            listed = f"{len(problems)} paths, and none is there" if problems else "no path"
            raise UnpoolError(
                f"{self.file} lists {listed}; write one path a line, relative to {self._folder}"
            )
        left_out = [LeftOut(self.file.name, Note("listed-twice", f"{repeated} lines"))] if repeated else []
        by_path = sorted(files)
        return Scan(
            [files[path] for path in by_path], [problems[path] for path in sorted(problems)], left_out
        )

    def _key(self, file: Path) -> str:
        plain = Path(os.path.normpath(file))
        is_below = plain.is_relative_to(self._folder)
        below = plain.relative_to(self._folder if is_below else plain.anchor)
        return to_key(below.as_posix())


def is_path_list(file: Path) -> bool:
    """Whether a text file lists the path of a file.

    Args:
        file: Any file.
    """
    try:
        with file.open("rb") as stream:
            head = stream.read(HEAD_BYTES)
    except OSError:
        return False
    lines, folder, here = (
        head.decode("utf-8-sig", "surrogateescape").splitlines(),
        file.resolve().parent,
        Path.cwd(),
    )
    return b"\0" not in head and any(_find(folder, here, line).is_file() for line in lines if line.strip())


def read_lines(file: Path) -> Iterator[str]:
    """Read the paths of a list, without blank lines.

    Args:
        file: UTF-8, with any ends of lines; bytes that are no text stay as a file system has them.

    Yields:
        A path a line, as it is written there.

    Raises:
        UnpoolError: The list cannot be read.
    """
    try:
        with file.open(encoding="utf-8-sig", errors="surrogateescape") as stream:
            for line in stream:
                if text := line.rstrip("\r\n"):
                    yield text if os.path.lexists(file.parent / text) else text.strip().strip("\"'")
    except OSError as error:
        raise UnpoolError(f"{file} cannot be read ({error.strerror}); check its permissions") from error


def _find(folder: Path, here: Path, line: str) -> Path:
    """The file of a line: in the folder of the list, or else in the current one."""
    beside = folder / line
    if os.path.lexists(beside):
        return beside
    return here / line if os.path.lexists(here / line) else find_typed(beside)


def _file_or_problem(key: str, file: Path) -> ImageFile | Problem:
    try:
        status = file.stat()
    except OSError as error:
        word = "no-permission" if isinstance(error, PermissionError) else "missing"
        return Problem(key, word, f"it is listed, and cannot be found: {error.strerror}")
    if not stat.S_ISREG(status.st_mode):
        return Problem(key, "not-a-file", "it is listed, and is a folder, a pipe or a device")
    if not status.st_size:
        return Problem(key, "empty", "the file is empty")
    return ImageFile(key, file, status.st_size, status.st_mtime, stamp_of(status))
