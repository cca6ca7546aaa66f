"""Embed files here, or by workers of Ray.

Both run the same code on a file, so that rows are the same.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.engines.model_parts import pack_model, unpacked_model
from unpool.engines.ray_cluster import RayRequest, ray_workers
from unpool.engines.ray_worker import Place
from unpool.engines.scheduling import WorkerPool, cut_pieces
from unpool.errors import UnpoolError
from unpool.images.reading.scan import ImageFile, Problem
from unpool.images.source import Source
from unpool.inference.embedding import CHUNK, embed_chunks
from unpool.inference.encoder import DEVICE_BATCH
from unpool.inference.model import LoadedEncoder, load_encoder
from unpool.store.columns import Row, skipped_row

MAX_PIECE = 256  # files that a worker takes at a time on a CPU: some seconds, which are lost with it
DEVICE_PIECE = 8 * DEVICE_BATCH  # the same on a GPU
CRASHED = "crashed"
UNSEEN = frozenset({"missing", "broken-link", "no-permission"})  # problems that may be of one machine alone


@dataclass(frozen=True)
class EmbeddingJob:
    """What is to be embedded.

    Args:
        source: Where the files are read from.
        files: What to embed.
        folder: The model folder.
        model: Its encoder.
    """

    source: Source
    files: Sequence[ImageFile]
    folder: Path
    model: LoadedEncoder


class LocalEngine:
    """Threads of this process."""

    num_actors = 0

    @contextmanager
    def embedding(self, job: EmbeddingJob) -> Iterator[Iterator[list[Row]]]:
        """Get ready to embed.

        Yields the rows with facts and vectors, in the order of the files.
        """
        model = job.model
        yield embed_chunks(job.source, job.files, model.preprocessing, model.encoder, usable_cores())


class RayEngine:
    """Actors of Ray.

    There is one a GPU where there are some, else one a core.

    Args:
        request: Which Ray, and where it computes.
    """

    def __init__(self, request: RayRequest) -> None:
        self.num_actors, self._request = 0, request

    @contextmanager
    def embedding(self, job: EmbeddingJob) -> Iterator[Iterator[list[Row]]]:
        """Get ready to embed; without files nothing starts.

        Yields what `LocalEngine` does; the encoder of this process is not used.
        """
        if not job.files:
            yield iter(())
            return
        work = EmbeddingWork(job.source, pack_model(job.folder))
        with ray_workers(self._request, work, crashed_row) as (pool, place):
            yield self._rows(pool, job.files, place)

    def _rows(
        self, pool: WorkerPool[ImageFile, Row], files: Sequence[ImageFile], place: Place
    ) -> Iterator[list[Row]]:
        low, high = (CHUNK, MAX_PIECE) if place.device == "cpu" else (DEVICE_BATCH, DEVICE_PIECE)
        by_path = {file.path: file for file in files}
        for rows in pool.map(cut_pieces(files, pool.num_workers, low, high)):
            self.num_actors = pool.num_workers
            for row in rows:
                check_is_unseen(row["problem"], by_path[row["path"]].file)
            yield rows


class Engine(Protocol):
    """Who embeds.

    `num_actors` is how many workers of Ray there are.
    """

    num_actors: int

    def embedding(self, job: EmbeddingJob) -> AbstractContextManager[Iterator[list[Row]]]: ...


@dataclass(frozen=True)
class EmbeddingWork:
    """What a worker needs to embed.

    Called there, it opens the model.

    Args:
        source: Where files are read from.
        model: The files of the model folder.
    """

    source: Source
    model: dict[str, bytes]

    def __call__(self, place: Place) -> Callable[[Sequence[ImageFile]], list[Row]]:
        with unpacked_model(self.model) as folder:
            model = load_encoder(folder, place.device, Progress())
        return partial(_embed, self.source, model, place.cores)


def _embed(source: Source, model: LoadedEncoder, cores: int, files: Sequence[ImageFile]) -> list[Row]:
    chunks = embed_chunks(source, files, model.preprocessing, model.encoder, cores)
    return [row for rows in chunks for row in rows]


def crashed(file: ImageFile) -> Problem:
    """Describe a file that ends every worker."""
    return Problem(file.path, CRASHED, "the process that reads it ends, several times")


def crashed_row(file: ImageFile) -> Row:
    """Build the row of a file that ends every worker."""
    return skipped_row(crashed(file), file)


def check_is_unseen(problem: str | None, file: Path) -> None:
    """Check that what a worker cannot see is unseen here.

    Raises:
        UnpoolError: this machine reads it.
    """
    if problem in UNSEEN and file.is_absolute() and os.access(file, os.R_OK):
        raise UnpoolError(
            f"a worker of Ray cannot read {file}, which is here; mount the folder at the same place on every "
            "machine of the cluster, or give the images by URI"
        )
