"""`unpool embed`: every new or changed image of a folder becomes a row with a vector."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.embedding.prepare_model import ModelRequest, Preparation
from unpool.actions.embedding.train_encoder import PixelBuffer
from unpool.core.atomic_files import sweep
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.reading.scan import Scan
from unpool.images.source import Source, open_source
from unpool.inference.embedding import embed_chunks, embed_pixels
from unpool.inference.model import LoadedEncoder, load_encoder
from unpool.options import check
from unpool.store.csv_files import write_problems
from unpool.store.row_writer import RowWriter, check_not_empty
from unpool.store.state import MODEL, default_workspace, read_state, write_state
from unpool.store.sync import (
    check_folder_is_free,
    check_same_images,
    counts,
    find_pending,
    move_annotations_with_content,
    note_problems,
    read_annotations,
    remove_missing_rows,
)
from unpool.store.table import ImageTable


@dataclass
class Embedding:
    """One pass over a folder: what it found, and how long each part took in seconds."""

    work: Path
    table: ImageTable
    images: int = 0
    skipped: int = 0
    embedded: int = 0
    removed: int = 0
    network: str = ""
    reason: str = ""
    dimension: int = 0
    rate: float = 0.0
    compared: list[dict[str, Any]] = field(default_factory=list)  # of networks, the best first
    seconds: dict[str, float] = field(default_factory=lambda: {"scan": 0.0, "train": 0.0, "embed": 0.0})


def embed(
    place: str,
    *,
    model: str,
    work: Path | None = None,
    data: Path | None = None,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Embed the new and changed images of `place` with a model folder or a pretrained network.

    Returns the JSON object of `unpool embed`. Raises `UnpoolError` where no image is usable.
    """
    check(seed=seed, device=device)
    start = time.perf_counter()
    wish = ModelRequest(model, seed=seed, may_train=False)
    done = sync_embeddings(place, wish, work=work, data=data, device=device, progress=progress or Progress())
    return {
        "work": str(done.work), "images": done.images, "skipped": done.skipped, "embedded": done.embedded,
        "network": done.network, "dimension": done.dimension,
        "seconds": round(time.perf_counter() - start, 3), "images_per_second": round(done.rate, 2),
    }  # fmt: skip


def sync_embeddings(
    place: str,
    wish: ModelRequest,
    *,
    work: Path | None,
    data: Path | None,
    device: str,
    progress: Progress,
) -> Embedding:
    """Scan, choose or train the network, embed what is new: the first half of `run`, and all of `embed`."""
    work = work or default_workspace(place)
    source = open_source(place, data)
    check_same_images(work, source.location)
    check_folder_is_free(work, source.location)
    scan, seconds = _scan(source, progress)
    job = _Job(work, source, scan, device, progress)
    job.done.seconds["scan"] = seconds
    sweep(work)
    write_state(work, images=source.location, place=place, data=None if data is None else str(data))
    said = read_annotations(job.table)
    note_problems(job.table, scan.problems)
    if scan.files:
        job.prepare(wish)
        job.embed(said)
    else:
        job.done.removed = remove_missing_rows(job.table, find_pending(job.table, scan, "").gone)
    return job.finish()


def _scan(source: Source, progress: Progress) -> tuple[Scan, float]:
    start = time.perf_counter()
    with progress.stage("reading", None, "files") as stage:
        scan = source.scan(lambda count: stage.reach(count))
    if not scan.files and not scan.problems:
        raise UnpoolError(f"there is no image in {source.location}; name a folder that holds some")
    return scan, time.perf_counter() - start


class _Job:
    """One embedding: the source, the table and the clock that its parts share."""

    def __init__(self, work: Path, source: Source, scan: Scan, device: str, progress: Progress) -> None:
        self.work, self.source, self.scan, self.device, self.progress = work, source, scan, device, progress
        self.table = ImageTable.create(work)
        self.folder = work / MODEL
        self.done = Embedding(work, self.table)
        self.workers = usable_cores()
        self.store: PixelBuffer | None = None

    def prepare(self, wish: ModelRequest) -> None:
        """Leave the wanted model in the workspace."""
        made = Preparation(self.work, self.table, self.source, self.scan, self.progress)
        made.prepare(wish)
        self.store, self.done.compared = made.store, made.compared
        self.done.network, self.done.reason = made.network, made.reason
        self.done.seconds["train"] = made.train_seconds

    def embed(self, said: list[dict[str, Any]]) -> None:
        """Give every image that needs one its vector; `said` is what was said of them before."""
        began = time.perf_counter()
        model = load_encoder(self.folder, self.device, self.progress)
        self.done.dimension = model.dimension
        if read_state(self.work).get("embedded_by") != model.id or self.table.dimension != model.dimension:
            self.table.reset_vectors(model.dimension)
            write_state(self.work, embedded_by=model.id)
        started = time.perf_counter()
        gone = self._rows_from_store(model) if self.store else self._rows_from_files(model)
        move_annotations_with_content(self.table, said)
        self.done.removed = remove_missing_rows(self.table, gone)
        now = time.perf_counter()
        self.done.rate = self.done.embedded / max(1e-9, now - started)
        self.done.seconds["embed"] = now - began

    def _rows_from_files(self, model: LoadedEncoder) -> list[str]:
        """Decode and embed what needs it; returns the paths that are no longer in the folder."""
        pending = find_pending(self.table, self.scan, model.id)
        chunks = embed_chunks(self.source, pending.files, model.form, model.encoder, self.workers)
        writer = RowWriter(self.table)
        with self.progress.stage("embedding", len(pending.files), "images") as stage:
            for rows in chunks:
                for row in rows:
                    row["model"] = model.id if row["status"] == "ok" else None
                self.done.embedded += sum(row["status"] == "ok" for row in rows)
                writer.add(rows)
                stage.advance(len(rows))
        writer.flush()
        return pending.gone

    def _rows_from_store(self, model: LoadedEncoder) -> list[str]:
        """The same for images that were decoded to train on."""
        assert self.store is not None
        pixels, paths = self.store.view(), self.store.paths
        if pixels.shape[3] != model.form.channels:
            pixels = np.repeat(pixels, 3, axis=3)
        writer = RowWriter(self.table)
        with self.progress.stage("embedding", len(paths), "images") as stage:
            for vectors in embed_pixels(pixels, model.encoder, self.workers):
                first = self.done.embedded
                named = zip(paths[first : first + len(vectors)], vectors, strict=True)
                writer.add([{"path": path, "vector": vector, "model": model.id} for path, vector in named])
                self.done.embedded += len(vectors)
                stage.advance(len(vectors))
        writer.flush()
        return find_pending(self.table, self.scan, model.id).gone

    def finish(self) -> Embedding:
        """Count, list the problems, and refuse a folder in which nothing could be used."""
        if self.done.embedded or self.done.removed:
            self.table.compact()
        self.done.images, self.done.skipped = counts(self.table)
        write_problems(self.work, self.table)
        check_not_empty(self.work, self.table, self.source.location)
        if self.done.skipped:
            self.progress.message(f"{self.done.skipped} skipped: {self.work / 'problems.csv'} says why")
        return self.done
