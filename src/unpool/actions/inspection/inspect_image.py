"""One image to its score, worst region and files."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from unpool.actions.inspection.output_files import OVERLAY, VALUES, HeatPaths, ReadRows, SeenImage
from unpool.actions.outputs.record import Request
from unpool.analysis.anomaly.regions import Region
from unpool.core.file_identity import sample_of
from unpool.errors import UnreadableImageError
from unpool.images.reading.decode import read_picture, read_size
from unpool.images.reading.notes import Note
from unpool.images.reading.opening import MAX_PIXELS
from unpool.images.reading.scan import ImageFile, Problem
from unpool.images.tiff.rows import open_rows
from unpool.images.values.rules import ValueRules
from unpool.inference.inspection.inspector import Inspection, Inspector

LARGE_PIXELS = 25_000_000  # above, one image at a time, by rows where model and file allow it
TIFFS = (".tif", ".tiff")
_RESULT = ("score", "sample", "x", "y", "width", "height", "area")


class OpenedPicture(NamedTuple):
    """An image whose rows can be read: (rows, W, 3) uint8.

    `notes` say what was assumed when it was opened.
    """

    height: int
    width: int
    read: ReadRows
    notes: Sequence[Note]


@dataclass(frozen=True)
class ImageJob:
    """One image to be inspected.

    `request` is what is computed, `paths` where pictures go.
    """

    file: ImageFile
    paths: HeatPaths
    request: Request


@dataclass(frozen=True)
class ImageResult:
    """What came of an image.

    `sample` is the digest of its bytes; `notes` say what was assumed when it was read.
    """

    score: float
    region: Region
    sample: str | None = None
    notes: tuple[Note, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return what the record holds."""
        return {"score": self.score, "sample": self.sample, **self.region.to_dict()}

    @classmethod
    def from_dict(cls, stored: Request) -> ImageResult:
        """Read what `to_dict` returned."""
        box = Region(*(stored[name] for name in ("x", "y", "width", "height", "area")))
        return cls(stored["score"], box, stored.get("sample"))


def without_result(request: Request) -> Request:
    """Return what was computed, without what came of it."""
    return {name: value for name, value in request.items() if name not in _RESULT}


@dataclass(frozen=True)
class ImageInspector:
    """Inspects images; it may be called from several threads.

    Args:
        inspector: the model.
        rules: by which values of more than 8 bits are scaled.
        threshold: a score above it is not good.
        heat: which images get pictures: "all", "bad" or "none".
        values: whether those images get heat values too.
    """

    inspector: Inspector
    rules: ValueRules
    threshold: float
    heat: str
    values: bool

    def inspect(self, job: ImageJob, on_progress: Callable[[float], None] | None = None) -> ImageResult:
        """Inspect an image, and write its files.

        Args:
            job: the image.
            on_progress: called with the share of the image just done, where it is inspected by windows.

        Returns:
            Its score and worst region.

        Raises:
            UnreadableImageError: it cannot be read, or has no score.
        """
        sample, record = sample_of(job.file.file), self.inspector.record
        with open_picture(job.file, self.rules, by_rows=record.tile is not None) as picture:
            found = inspect_picture(self.inspector, picture, on_progress)
            height, width, read, notes = picture
            seen = SeenImage(height, width, read, found.heat_hw, record.heat_threshold)
            region = seen.find_region()
            self._write(job.paths, seen, region, is_bad=found.score > self.threshold)
            return ImageResult(found.score, region, sample, tuple(notes))

    def try_to_inspect(
        self, job: ImageJob, on_progress: Callable[[float], None] | None = None
    ) -> tuple[ImageJob, ImageResult | Problem]:
        """Inspect an image, or say why it cannot be.

        Args:
            job: the image.
            on_progress: as for `inspect`.

        Returns:
            The job, and what came of it.
        """
        try:
            return job, self.inspect(job, on_progress)
        except UnreadableImageError as error:
            return job, Problem(job.file.path, error.problem, error.detail)

    def files(self, paths: HeatPaths, *, is_bad: bool) -> list[Path]:
        """List the files that an image has, good or not."""
        is_shown = self.heat == "all" or (self.heat == "bad" and is_bad)
        return paths.files(pictures=is_shown, values=is_shown and self.values)

    def _write(self, paths: HeatPaths, seen: SeenImage, region: Region, *, is_bad: bool) -> None:
        files = self.files(paths, is_bad=is_bad)
        if paths.file(OVERLAY) in files:
            seen.write_pictures(paths, region)
        if paths.file(VALUES) in files:
            seen.write_values(paths, self.inspector.id)


def is_large(file: ImageFile) -> bool:
    """Whether an image is inspected by itself.

    Raises:
        UnreadableImageError: it cannot be read.
    """
    return _count_pixels(file) > LARGE_PIXELS


def inspect_picture(
    inspector: Inspector, picture: OpenedPicture, on_progress: Callable[[float], None] | None = None
) -> Inspection:
    """Inspect an opened image, whole or by windows.

    Args:
        inspector: the model.
        picture: the image.
        on_progress: called with the share of the image just done, where it is inspected by windows.

    Returns:
        Its score and heat map.

    Raises:
        UnreadableImageError: they are no finite numbers.
    """
    if inspector.record.tile is None:
        found = inspector.inspect(picture.read(0, picture.height))
    else:
        found = inspector.inspect_rows(picture.height, picture.width, picture.read, on_progress)
    if not (math.isfinite(found.score) and np.isfinite(found.heat_hw).all()):
        raise UnreadableImageError("no-score", "the model gives no number for it; train it again")
    return found


@contextmanager
def open_picture(file: ImageFile, rules: ValueRules, *, by_rows: bool) -> Iterator[OpenedPicture]:
    """Open an image for inspection.

    Args:
        file: the image.
        rules: by which values of more than 8 bits are scaled.
        by_rows: whether the rows of a large TIFF are read as they are needed.

    Yields:
        The image; others are read whole.

    Raises:
        UnreadableImageError: it cannot be read.
    """
    with ExitStack() as stack:
        if by_rows and file.file.suffix.lower() in TIFFS and is_large(file):
            try:
                rows = stack.enter_context(open_rows(file.file, rules))
            except UnreadableImageError as error:
                # Of a kind that is not read by rows, such as one that is turned; up to that limit all are read whole.
                if error.problem != "unsupported" or _count_pixels(file) > MAX_PIXELS:
                    raise
            else:
                yield OpenedPicture(rows.height, rows.width, rows.read, rows.notes)
                return
        picture = read_picture(file.file, rules=rules)
        read = lambda top, bottom: picture.pixels[top:bottom]  # noqa: E731
        yield OpenedPicture(picture.height, picture.width, read, picture.notes)


def _count_pixels(file: ImageFile) -> int:
    width, height = read_size(file.file)
    return width * height
