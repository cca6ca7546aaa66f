"""A text file that lists images, one path a line."""

from __future__ import annotations

import codecs
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
UTF_8, UTF_16 = "utf-8-sig", "utf-16"  # the latter with a mark at its beginning, as PowerShell writes lists
ERRORS = {UTF_8: "surrogateescape", UTF_16: "replace"}
COMMENT = "#"


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
    encoding, folder, here = _encoding_of(head), file.resolve().parent, Path.cwd()
    if b"\0" in head and encoding == UTF_8:
        return False
    lines = head.decode(encoding, ERRORS[encoding]).splitlines()
    # Of a line that is too long for a path `Path.is_file` raises.
    return any(os.path.isfile(_find(folder, here, line)) for line in lines if line.strip())  # noqa: PTH113


def _encoding_of(head: bytes) -> str:
    return UTF_16 if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)) else UTF_8


def read_lines(file: Path) -> Iterator[str]:
    """Read the paths of a list.

    Blank lines and comments are left out.

    Args:
        file: UTF-8 or marked UTF-16, with any ends of lines; bytes that are no text stay as a file system has them.

    Yields:
        A path a line, as it is written there.

    Raises:
        UnpoolError: The list cannot be read.
    """
    try:
        with file.open("rb") as stream:
            encoding = _encoding_of(stream.read(2))
        with file.open(encoding=encoding, errors=ERRORS[encoding]) as stream:
            for line in stream:
                text = line.rstrip("\r\n")
                if text and os.path.lexists(file.parent / text):
                    yield text
                elif text.strip() and not text.startswith(COMMENT):
                    yield text.strip().strip("\"'")
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
