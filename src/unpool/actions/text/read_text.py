"""`unpool read-text`: the text inside the images of a workspace.

Shapes: H, W height and width.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import NamedTuple

import numpy as np
from typing_extensions import TypedDict

from unpool.actions.text.settings import ReadTextSettings
from unpool.actions.text.stored_text import count_with_text
from unpool.core.cpu import usable_cores
from unpool.core.file_names import printable
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.pixel_cache import map_ordered
from unpool.images.source import Source
from unpool.images.text.reader import TextReader, check_installed
from unpool.store.columns import OK
from unpool.store.lock import exclusive
from unpool.store.origin import source_of
from unpool.store.table import ImageTable

NEEDED_SIDE = 1000  # pixels: pictures may come reduced, their shorter side never below twice as many
MAX_WORKERS = 4  # of large photographs each takes some 700 MB
FLUSH_INTERVAL = 5.0  # seconds; an interrupted command loses as much
NUM_NAMED = 5  # images whose reason for not being read is printed

Read = Callable[[np.ndarray], str]


class TextCounts(TypedDict):
    """The JSON object of `unpool read-text`."""

    work: str
    images: int
    read: int  # now
    with_text: int  # of all
    unreadable: int  # files that are gone, damaged or others than those that were embedded
    images_per_second: float
    seconds: float


class _Job(NamedTuple):
    """Images of the same content, of which the first is read."""

    id: str
    paths: list[str]


@exclusive("unpool read-text", "results")
def read_text(
    work: Path,
    settings: ReadTextSettings = ReadTextSettings(),  # noqa: B008 - frozen
    *,
    progress: Progress | None = None,
    make_reader: Callable[[], Read] | None = None,
) -> TextCounts:
    """Read the text inside images that are new or changed.

    It is written into the column `text` every few seconds, so that a command that was stopped goes on where it was.
    Images of the same content are read once.

    Args:
        work: the workspace.
        settings: whether known text is read again.
        progress: where stages go.
        make_reader: makes what reads a picture (H, W, 3), one for each thread; None takes RapidOCR.

    Returns:
        The JSON object of `unpool read-text`.

    Raises:
        UnpoolError: there is no workspace, RapidOCR is not installed, or it is not known where the images are.
    """
    check_settings(settings)
    started, progress = time.perf_counter(), progress or Progress()
    table = ImageTable(work)
    if make_reader is None:
        check_installed()
    jobs = _find_jobs(table, settings)
    reading = _Reading(table, source_of(work) if jobs else None, make_reader or TextReader, progress)
    reading.run(jobs)
    seconds = time.perf_counter() - started
    return {
        "work": str(work), "images": table.count(OK), "read": reading.num_read,
        "with_text": count_with_text(table), "unreadable": reading.num_unreadable,
        "images_per_second": round(reading.num_read / max(seconds, 1e-9), 1), "seconds": round(seconds, 3),
    }  # fmt: skip


def _find_jobs(table: ImageTable, settings: ReadTextSettings) -> list[_Job]:
    rows = table.arrow(["path", "id", "text_id"], where=f"status = '{OK}'")
    columns = (rows[name].to_pylist() for name in ("path", "id", "text_id"))
    paths_of: dict[str, list[str]] = defaultdict(list)
    for path, content, read in zip(*columns, strict=True):
        if settings.again or read is None or read != content:
            paths_of[content].append(path)
    return [_Job(content, paths) for content, paths in paths_of.items()]


class _Reading:
    """One pass over images: what its threads share, and its counts."""

    def __init__(
        self, table: ImageTable, source: Source | None, make_reader: Callable[[], Read], progress: Progress
    ) -> None:
        self.table, self.source, self.progress = table, source, progress
        self.make_reader = make_reader
        self.readers: SimpleQueue[Read] = SimpleQueue()
        self.num_read = self.num_unreadable = 0

    def run(self, jobs: list[_Job]) -> None:
        """Read, and write every few seconds."""
        if not jobs or self.source is None:
            return
        num_workers = max(1, min(usable_cores(), MAX_WORKERS, len(jobs)))
        for _ in range(num_workers):
            self.readers.put(self.make_reader())
        self.source.expect([self.source.locate(job.paths[0]) for job in jobs])
        pending: list[tuple[_Job, str]] = []
        last_write = time.perf_counter()
        try:
            with self.progress.stage("reading text", sum(len(job.paths) for job in jobs), "images") as stage:
                for job, text in self._texts(jobs, num_workers):
                    if text is not None:
                        pending.append((job, text))
                    stage.advance(len(job.paths))
                    if time.perf_counter() - last_write > FLUSH_INTERVAL:
                        self._write(pending)
                        pending, last_write = [], time.perf_counter()
        finally:  # what was read is kept, also where somebody stops the command
            self.source.expect([])
            self._write(pending)
        if self.num_unreadable > NUM_NAMED:
            self.progress.message(f"{self.num_unreadable} images could not be read in all")

    def _texts(self, jobs: list[_Job], num_workers: int) -> Iterator[tuple[_Job, str | None]]:
        results = map_ordered(self._read, jobs, num_workers, ahead=2)
        for job, (text, reason) in zip(jobs, results, strict=True):
            if text is None:
                self.num_unreadable += len(job.paths)
                if self.num_unreadable <= NUM_NAMED:
                    self.progress.message(f"{printable(job.paths[0])}: {reason}")
            yield job, text

    def _read(self, job: _Job) -> tuple[str | None, str]:
        """The text of an image, or None and why it could not be read."""
        assert self.source is not None
        try:
            picture = self.source.read(self.source.locate(job.paths[0]), NEEDED_SIDE)
        except UnreadableImageError as error:
            return None, error.detail
        except KeyError:
            return None, "it is no longer there"
        if picture.id != job.id:
            return None, "the file has changed since it was embedded; embed it again"
        reader = self.readers.get()
        try:
            return reader(picture.pixels), ""
        except UnpoolError:
            raise
        except Exception as error:  # of a library, for one picture: others go on
            line = " ".join(str(error).split()) or type(error).__name__
            return None, f"its text could not be read: {line[-200:]}"
        finally:
            self.readers.put(reader)

    def _write(self, done: list[tuple[_Job, str]]) -> None:
        rows = [(path, text, job.id) for job, text in done for path in job.paths]
        if rows:
            paths, texts, ids = zip(*rows, strict=True)
            self.table.update(list(paths), {"text": list(texts), "text_id": list(ids)})
            self.num_read += len(rows)
