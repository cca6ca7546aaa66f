"""What `segment predict` remembers in its output folder: which files there are its own, and of what they are."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from unpool.actions.segmentation.output_files import PROBABILITIES, Written
from unpool.errors import UsageError
from unpool.images.reading.scan import ImageFile

RECORD = "predictions.jsonl"
PredictionRequest = dict[str, Any]


class Record:
    """The lines of `predictions.jsonl` in `out`, read once and added to.

    A line that names files comes before any of them is written, so that after a kill they are known as ours; a line
    without says that they are all there, and holds the wish that they fulfil.
    """

    def __init__(self, out: Path) -> None:
        self.out, self.file = out, out / RECORD
        self._own: set[str] = set()
        self._files: dict[str, list[str]] = {}
        self._done: dict[str, PredictionRequest] = {}
        text = self.file.read_text("utf-8", "replace") if self.file.is_file() else ""
        self._lead = "" if text.endswith("\n") or not text else "\n"  # the last line was cut off by a kill
        for line in text.splitlines():
            try:
                self._take(json.loads(line))
            except (ValueError, KeyError, TypeError):
                continue

    def owns(self, file: Path) -> bool:
        """Whether a file in `out` was written by us, or was about to be."""
        return self._key(file) in self._own

    def is_done(self, wish: PredictionRequest) -> bool:
        """Whether the files are there that this wish asks for; probabilities may be there as well."""
        if self._done.get(wish["path"]) not in (wish, {**wish, "probabilities": True}):
            return False
        needed = self._files.get(wish["path"], [])
        if not wish["probabilities"]:
            needed = [name for name in needed if not name.endswith(PROBABILITIES)]
        return bool(needed) and all((self.out / name).is_file() for name in needed)

    def begin(self, path: str, written: Written, is_large: bool) -> None:
        """Call before the files of the image `path` are written; removes what only an older run made of it."""
        files = written.files(is_large)
        self._add({"path": path, "files": [self._key(file) for file in files]})
        for file in written.every():
            if file not in files and self.owns(file):
                file.unlink(missing_ok=True)

    def finish(self, wish: PredictionRequest) -> None:
        """Call when they all are there."""
        self._add(wish)

    def _add(self, told: PredictionRequest) -> None:
        with self.file.open("a", encoding="utf-8") as file:
            file.write(f"{self._lead}{json.dumps(told, ensure_ascii=True)}\n")
        self._lead = ""
        self._take(told)

    def _take(self, told: PredictionRequest) -> None:
        path = told["path"]
        if "files" in told:
            self._files[path] = list(told["files"])
            self._own.update(told["files"])
            self._done.pop(path, None)
        else:
            self._done[path] = told

    def _key(self, file: Path) -> str:
        return file.relative_to(self.out).as_posix()


def check_overwrites(
    files: Sequence[ImageFile],
    written: Mapping[str, Written],
    record: Record,
    is_large: Callable[[ImageFile], bool],
) -> None:
    """UsageError where a file to be written is one of the images, or is there and not ours."""
    images = {_identity(file.file) for file in files} - {None}
    for file in files:
        each = written[file.path]
        for target in filter(os.path.lexists, each.every()):
            is_image, is_own = _identity(target) in images, record.owns(target)
            # An image that is noted as ours would be replaced, or removed as a rest of an older run.
            if is_image if is_own else target in each.files(is_large(file)):
                _refuse(file, target, each.out, is_image)


def _refuse(file: ImageFile, target: Path, out: Path, is_image: bool) -> None:
    if is_image:
        raise UsageError(
            f"--out {out}: what is made of {file.path} would replace the image {target}; name another folder, "
            f"such as {out / 'labels'}"
        )
    raise UsageError(
        f"--out {out}: {target} is there and was not made by unpool segment predict; "
        "move it away or name another folder"
    )


def _identity(file: Path) -> tuple[int, int] | None:
    try:
        status = file.stat()
    except OSError:  # a link that leads to nothing
        return None
    return status.st_dev, status.st_ino
