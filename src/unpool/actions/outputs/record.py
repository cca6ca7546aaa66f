"""The record of an output folder: what exists, of what."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from unpool.core.file_identity import sample_of
from unpool.core.markers import PREDICTIONS
from unpool.errors import UsageError
from unpool.images.reading.scan import ImageFile

Request = dict[str, Any]
FIRST_COMMAND = "unpool segment predict"  # whose lines do not name it
FACTS = ("modified", "stamp", "sample")  # what the file system says of an image beside its size


class OutputRecord:
    """The lines of `predictions.jsonl`, read once and added to.

    A line that names files comes before any of them is written, so that after a kill they are known as ours; a line
    without says that they are all there, and holds the request that they meet.

    Args:
        out: The output folder.
        command: Whose record it is, such as "unpool segment predict".

    Raises:
        UsageError: The folder holds results of another command.
    """

    def __init__(self, out: Path, command: str) -> None:
        self.out, self.file, self.command = out, out / PREDICTIONS, command
        self._own: set[str] = set()
        self._files: dict[str, list[str]] = {}
        self._done: dict[str, Request] = {}
        text = self.file.read_text("utf-8", "replace") if self.file.is_file() else ""
        self._lead = "" if text.endswith("\n") or not text else "\n"  # the last line was cut off by a kill
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                self._check_command(entry)
                self._take(entry)
            except (ValueError, KeyError, TypeError, AttributeError):
                continue

    def owns(self, file: Path) -> bool:
        """Whether unpool wrote a file, or was about to."""
        return self._key(file) in self._own

    def find(self, request: Request, image: Path) -> Request | None:
        """Find what was done for an image.

        Args:
            request: What is computed; `path` is the image's key.
            image: The file; where the file system has other facts of it than before, its bytes are compared.

        Returns:
            The request that was met last; None where there is none, or its image was another.
        """
        before = self._done.get(request["path"])
        if before is None or before.get("bytes") != request.get("bytes"):
            return None
        facts = [each.get("modified") for each in (before, request)]
        stamps = [each.get("stamp") for each in (before, request)]
        is_known = facts[0] == facts[1] and ("sample" not in before or (stamps[0] == stamps[1] and stamps[0]))
        return before if is_known or before.get("sample") == sample_of(image) else None

    def has_files(self, path: str, without: str = "") -> bool:
        """Whether the files noted for an image are there.

        Args:
            path: The image's key.
            without: Ending of files that need not be; empty for none.
        """
        needed = [name for name in self._files.get(path, []) if not without or not name.endswith(without)]
        return bool(needed) and all((self.out / name).is_file() for name in needed)

    def begin(self, path: str, files: Sequence[Path], others: Sequence[Path]) -> None:
        """Note which files of an image will be written.

        Args:
            path: The image's key.
            files: What will be written.
            others: What is removed where an older run wrote it.
        """
        self._add({"path": path, "files": [self._key(file) for file in files]})
        for file in others:
            if file not in files and self.owns(file):
                file.unlink(missing_ok=True)

    def check_free(self, paths: Sequence[Path]) -> None:
        """Check files and folders that are about all images.

        Raises:
            UsageError: One is there and was not made by unpool.
        """
        for path in paths:
            if os.path.lexists(path) and not self.owns(path):
                raise UsageError(
                    f"--out {self.out}: {path} is there and was not made by {self.command}; move it away or "
                    "name another folder"
                )

    def claim(self, paths: Sequence[Path]) -> None:
        """Note what is about all images, before it is written."""
        if not all(map(self.owns, paths)):
            self._add({"path": "", "files": [self._key(path) for path in paths]})

    def finish(self, request: Request) -> None:
        """Note that all files of a request are written."""
        self._add(request)

    def _check_command(self, entry: Request) -> None:
        command = entry.get("command", FIRST_COMMAND)
        if command != self.command:
            raise UsageError(f"--out {self.out} holds results of {command}; name another folder")

    def _add(self, entry: Request) -> None:
        named = entry if self.command == FIRST_COMMAND else {"command": self.command, **entry}
        with self.file.open("a", encoding="utf-8") as file:
            file.write(f"{self._lead}{json.dumps(named, ensure_ascii=True)}\n")
        self._lead = ""
        self._take(entry)

    def _take(self, entry: Request) -> None:
        path = entry["path"]
        if "files" in entry:
            self._files[path] = list(entry["files"])
            self._own.update(entry["files"])
            self._done.pop(path, None)
        else:
            self._done[path] = {name: value for name, value in entry.items() if name != "command"}

    def _key(self, file: Path) -> str:
        return file.relative_to(self.out).as_posix()


def without_facts(request: Request) -> Request:
    """Return a request without what the file system says."""
    return {name: value for name, value in request.items() if name not in FACTS}


def check_overwrites(
    files: Sequence[ImageFile],
    targets: Mapping[str, Sequence[Path]],
    record: OutputRecord,
    is_written: Callable[[ImageFile, Path], bool],
    example: str,
) -> None:
    """Check that no output replaces a file of the user.

    Args:
        files: The images.
        targets: All that may be written for each, by its key.
        record: Which outputs are of unpool.
        is_written: Whether one of them will be.
        example: Name of a folder that errors propose.

    Raises:
        UsageError: One would.
    """
    images = {_identity(file.file) for file in files} - {None}
    for file in files:
        for target in filter(os.path.lexists, targets[file.path]):
            is_image, is_own = _identity(target) in images, record.owns(target)
            # An image that is noted as ours would be replaced, or removed as a rest of an older run.
            if is_image if is_own else is_written(file, target):
                if is_image:
                    raise UsageError(
                        f"--out {record.out}: what is made of {file.path} would replace the image {target}; name "
                        f"another folder, such as {record.out / example}"
                    )
                record.check_free([target])


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:  # a link that leads to nothing
        return None
    return status.st_dev, status.st_ino
