"""The record of `segment predict`: which outputs exist, and of what."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from unpool.actions.segmentation.output_files import PROBABILITIES, OutputPaths
from unpool.core.file_identity import sample_of
from unpool.core.markers import PREDICTIONS
from unpool.errors import UsageError
from unpool.images.reading.scan import ImageFile

RECORD = PREDICTIONS
PredictionRequest = dict[str, Any]


class PredictionRecord:
    """The lines of `predictions.jsonl`, read once and added to.

    A line that names files comes before any of them is written, so that after a kill they are known as ours; a line
    without says that they are all there, and holds the request that they meet.

    Args:
        out: the output folder.
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
        """Whether unpool wrote a file, or was about to."""
        return self._key(file) in self._own

    def is_done(self, request: PredictionRequest, image: Path) -> bool:
        """Whether the files of a request exist.

        They must be of the image as it is now.

        Args:
            request: what is computed.
            image: the file; where the file system has other facts of it than before, its bytes are compared.
        """
        before = self._done.get(request["path"])
        if before is None or _without_facts(before) not in (
            _without_facts(request), _without_facts({**request, "probabilities": True})
        ):  # fmt: skip
            return False
        facts = [each.get("modified") for each in (before, request)]
        stamps = [each.get("stamp") for each in (before, request)]
        is_known = facts[0] == facts[1] and ("sample" not in before or (stamps[0] == stamps[1] and stamps[0]))
        if not is_known and before.get("sample") != sample_of(image):
            return False
        needed = self._files.get(request["path"], [])
        if not request["probabilities"]:
            needed = [name for name in needed if not name.endswith(PROBABILITIES)]
        return bool(needed) and all((self.out / name).is_file() for name in needed)

    def begin(self, path: str, paths: OutputPaths, is_large: bool) -> None:
        """Note which files of an image will be written.

        Files that only an older run wrote are removed.

        Args:
            path: the image's key.
            paths: its files.
            is_large: whether the label map is a TIFF.
        """
        files = paths.files(is_large)
        self._add({"path": path, "files": [self._key(file) for file in files]})
        for file in paths.all_paths():
            if file not in files and self.owns(file):
                file.unlink(missing_ok=True)

    def check_free(self, paths: Sequence[Path]) -> None:
        """Check files and folders that are about all images.

        Raises:
            UsageError: where one is there and was not made by unpool.
        """
        for path in paths:
            if os.path.lexists(path) and not self.owns(path):
                raise UsageError(
                    f"--out {self.out}: {path} is there and was not made by unpool segment predict; move it away or "
                    "name another folder"
                )

    def claim(self, paths: Sequence[Path]) -> None:
        """Note what is about all images, before it is written."""
        if not all(map(self.owns, paths)):
            self._add({"path": "", "files": [self._key(path) for path in paths]})

    def finish(self, request: PredictionRequest) -> None:
        """Note that all files of a request are written."""
        self._add(request)

    def _add(self, entry: PredictionRequest) -> None:
        with self.file.open("a", encoding="utf-8") as file:
            file.write(f"{self._lead}{json.dumps(entry, ensure_ascii=True)}\n")
        self._lead = ""
        self._take(entry)

    def _take(self, entry: PredictionRequest) -> None:
        path = entry["path"]
        if "files" in entry:
            self._files[path] = list(entry["files"])
            self._own.update(entry["files"])
            self._done.pop(path, None)
        else:
            self._done[path] = entry

    def _key(self, file: Path) -> str:
        return file.relative_to(self.out).as_posix()


def _without_facts(request: PredictionRequest) -> PredictionRequest:
    """A request without what the file system says of the image beside its size."""
    return {name: value for name, value in request.items() if name not in ("modified", "stamp", "sample")}


def check_overwrites(
    files: Sequence[ImageFile],
    paths: Mapping[str, OutputPaths],
    record: PredictionRecord,
    is_large: Callable[[ImageFile], bool],
) -> None:
    """Check that no output replaces a file of the user.

    Args:
        files: the images.
        paths: the outputs of each.
        record: which outputs are of unpool.
        is_large: whether an image's label map is a TIFF.

    Raises:
        UsageError: where one would.
    """
    images = {_identity(file.file) for file in files} - {None}
    for file in files:
        each = paths[file.path]
        for target in filter(os.path.lexists, each.all_paths()):
            is_image, is_own = _identity(target) in images, record.owns(target)
            # An image that is noted as ours would be replaced, or removed as a rest of an older run.
            if is_image if is_own else target in each.files(is_large(file)):
                _report_clash(file, target, each.out, is_image)


def _report_clash(file: ImageFile, target: Path, out: Path, is_image: bool) -> None:
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
