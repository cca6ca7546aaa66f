"""What one pass over a source does: rows, model, vectors."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np

from unpool.actions.embedding.captures import fill_captures
from unpool.actions.embedding.choose_network import ComparisonRow
from unpool.actions.embedding.pixel_buffer import PixelBuffer
from unpool.actions.embedding.prepare_model import Preparation
from unpool.actions.embedding.splits import forget_splits, note_splits
from unpool.actions.encoders.model_request import (
    ModelRequest,
)
from unpool.actions.search_index import update_search_index
from unpool.actions.text.stored_text import forget_old_text
from unpool.core.cpu import usable_cores
from unpool.core.file_names import printable
from unpool.core.progress import Progress
from unpool.engines.embedding import EmbeddingJob, Engine, LocalEngine, RayEngine
from unpool.engines.speeds import keep_speed_of
from unpool.engines.vector_engine import VectorEngine
from unpool.images.reading.notes import LEFT_OUT_KINDS
from unpool.images.reading.scan import Scan
from unpool.images.remote.remote_source import RemoteSource
from unpool.images.source import Source
from unpool.inference.embedding import embed_pixels
from unpool.inference.model import LoadedEncoder, load_encoder, pick_device
from unpool.inference.vectors.first_vectors import measure_dimension
from unpool.inference.vectors.foreign_encoder import NoEncoder
from unpool.inference.vectors.vector_matching import MatchedVectors
from unpool.networks.encoders.function_encoder import FunctionEncoder
from unpool.store.csv_files import GROUPS, write_groups, write_problems
from unpool.store.files.renames import rename_moved_rows, rename_rows
from unpool.store.reading import describe_counts, record, write_reading
from unpool.store.remote.mirror import remote_of
from unpool.store.row_writer import RowWriter, check_not_empty
from unpool.store.state import MODEL, read_state, write_state
from unpool.store.sync import (
    counts,
    find_absent,
    find_pending,
    move_annotations_with_content,
    note_unchanged,
    read_annotations,
    remove_missing_rows,
)
from unpool.store.table import ImageTable


@dataclass
class Embedding:
    """One pass over a folder, counted and timed.

    `rate` is images embedded a second, `seconds` how long each part took, `actors` how many workers of Ray
    there were, `vectors` those of a file, `compared` a row for each network that was compared, the best first,
    `assumptions` how many images were read with which.
    """

    work: Path
    table: ImageTable
    images: int = 0
    skipped: int = 0
    embedded: int = 0
    removed: int = 0
    moved: int = 0
    network: str = ""
    reason: str = ""
    assumptions: str = ""
    dimension: int = 0
    rate: float = 0.0
    actors: int = 0
    vectors: MatchedVectors | None = None
    compared: list[ComparisonRow] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=lambda: {"scan": 0.0, "train": 0.0, "embed": 0.0})


class EmbeddingPass:
    """One pass over a source: what its steps share.

    Args:
        work: The workspace; its table is made where there is none.
        source: Where the images are read from.
        scan: The images.
        device: "auto", "cpu", "cuda" or "mps".
        progress: Receives stages and messages.
    """

    def __init__(self, work: Path, source: Source, scan: Scan, device: str, progress: Progress) -> None:
        self.work, self.source, self.scan, self.device, self.progress = work, source, scan, device, progress
        self.table = ImageTable.create(work)
        self.folder = work / MODEL
        self.done = Embedding(work, self.table)
        self.workers = usable_cores()
        self.engine: Engine = LocalEngine()
        self.writing = 0.0  # seconds from the first file opened to the last row written
        self.store: PixelBuffer | None = None
        self.forget = False
        forget_splits(self.table, {file.path for file in scan.files})
        self.done.moved = rename_rows(self.table, scan) + rename_moved_rows(self.table, scan, progress)
        if self.done.moved:
            progress.message(
                f"{self.done.moved} images have another name or place; all that is known of them stays"
            )
        self.known = frozenset(self.table.arrow(["path"])["path"].to_pylist())
        self.annotations = read_annotations(self.table)  # which follow files that have moved

    def remove_absent(self) -> None:
        """Remove the rows of files that are gone.

        Those whose whole folder cannot be seen stay.
        """
        new = {file.path for file in self.scan.files} - self.known
        absent = find_absent(self.table, self.scan, forget=self.forget, new=new)
        self.done.removed = remove_missing_rows(self.table, absent.missing)
        self._report_away(absent.away)

    def _report_away(self, paths: Sequence[str]) -> None:
        """Say which images cannot be seen with their whole folder, and that their rows stay."""
        if not paths:
            record(self.work, "away", None)
            return
        folders = sorted({PurePosixPath(path).parent.as_posix() for path in paths})
        others = f" (as {len(folders) - 1} other folders)" if len(folders) > 1 else ""
        noun = "image" if len(paths) == 1 else "images"
        sentence = (
            f"{len(paths)} {noun} cannot be found, since the folder {printable(folders[0])}{others} is missing, "
            "empty or closed: their rows stay; if they are deleted, give --forget"
        )
        record(self.work, "away", sentence, images=len(paths), folders=folders)
        self.progress.message(sentence)

    def fill(self, request: ModelRequest) -> None:
        """Bring the table up to date.

        Without any file only rows go.
        """
        fill_captures(self.work, self.source, self.scan, self.progress)
        if self.scan.files:
            self.prepare(request)
            self.embed()
        else:
            self.remove_absent()
        note_splits(self.work, self.progress)

    def prepare(self, request: ModelRequest) -> None:
        """Leave the requested model in the workspace."""
        preparation = Preparation(self.work, self.table, self.source, self.scan, self.progress)
        if request.may_train:
            preparation.device = pick_device(self.device)
        preparation.prepare(request)
        self.store, self.done.compared = preparation.store, preparation.compared
        self.done.network, self.done.reason = preparation.network, preparation.reason
        self.done.seconds["train"] = preparation.train_seconds

    def embed(self) -> None:
        """Embed every image that has no vector of this model."""
        began = time.perf_counter()
        # Workers of Ray may have a GPU where this machine has none.
        is_for_workers = self.device == "cuda" and isinstance(self.engine, RayEngine)
        model = load_encoder(self.folder, "auto" if is_for_workers else self.device, self.progress)
        if isinstance(model.encoder, FunctionEncoder) and model.encoder.dimension is None:
            model = measure_dimension(model, self.folder, self.source, self.scan.files)
        self.done.dimension = model.dimension
        if read_state(self.work).get("embedded_by") != model.id or self.table.dimension != model.dimension:
            self.table.reset_vectors(model.dimension)
            write_state(self.work, embedded_by=model.id)
        if isinstance(model.encoder, NoEncoder) and not isinstance(self.engine, VectorEngine):
            self.engine = VectorEngine()
        if self.store:
            self._rows_from_store(model)
        else:
            self._rows_from_files(model)
        move_annotations_with_content(self.table, self.annotations)
        forget_old_text(self.table)
        self.remove_absent()
        self.done.rate = self.done.embedded / max(1e-9, self.writing)
        self.done.seconds["embed"] = time.perf_counter() - began

    def _rows_from_files(self, model: LoadedEncoder) -> None:
        """Decode and embed pending files."""
        pending = find_pending(self.table, self.scan, model.id, progress=self.progress)
        note_unchanged(self.table, pending.same)
        job = EmbeddingJob(self.source, pending.files, self.folder, model)
        with self.engine.embedding(job) as chunks:
            started = time.perf_counter()
            writer = RowWriter(self.table, self.table.arrow(["path"])["path"].to_pylist())
            with self.progress.stage("embedding", len(pending.files), "images") as stage:
                for rows in chunks:
                    for row in rows:
                        row["model"] = None if row["vector"] is None else model.id
                    self.done.embedded += sum(row["vector"] is not None for row in rows)
                    writer.add(rows)
                    stage.advance(len(rows))
            writer.flush()
            self.writing = time.perf_counter() - started
        self.done.actors = self.engine.num_actors
        if isinstance(self.engine, VectorEngine):
            self.engine.report_missing(self.work, self.progress)
            self.done.vectors = self.engine.vectors if self.engine.vectors.file else None
        else:
            keep_speed_of(self.folder, pick_device(self.device), self.done.embedded, self.writing)

    def _rows_from_store(self, model: LoadedEncoder) -> None:
        """Embed the images that training has decoded."""
        assert self.store is not None
        started = time.perf_counter()
        pixels, paths = self.store.view(), self.store.paths
        if pixels.shape[3] != model.preprocessing.channels:
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
        self.writing = time.perf_counter() - started

    def _report_repeats(self) -> None:
        """Say how many requests to an object store were repeated."""
        remote = remote_of(self.work)
        repeats = {} if remote is None else {remote.address.uri: remote.objects.num_repeats}
        if isinstance(self.source, RemoteSource):
            repeats[self.source.location] = self.source.num_repeats
        for place, count in repeats.items():
            if count:
                self.progress.message(f"{count} requests to {place} failed at first and were repeated")

    def finish(self) -> Embedding:
        """Count, and list the problems.

        Raises:
            UnpoolError: no image is usable.
        """
        if self.done.embedded or self.done.removed or self.done.moved:
            self.table.compact()
            update_search_index(self.table, self.progress)
        # Files that can no longer be used are listed no more.
        is_changed = self.done.embedded or self.done.removed or self.done.moved or self.scan.problems
        if is_changed and (self.work / GROUPS).is_file():
            write_groups(self.work, self.table)
        self.done.images, self.done.skipped = counts(self.table)
        write_problems(self.work, self.table)
        check_not_empty(self.work, self.table, self.source.location)
        counts_of_notes = write_reading(self.work, self.table, self.scan.left_out)
        # What the scan left alone has its lines already.
        if counts_of_notes := [each for each in counts_of_notes if each["kind"] not in LEFT_OUT_KINDS]:
            self.done.assumptions = describe_counts(counts_of_notes)
        self._report_repeats()
        return self.done
