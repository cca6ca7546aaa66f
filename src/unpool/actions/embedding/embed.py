"""`unpool embed`: compute the vectors of new and changed images."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from unpool.actions.embedding.captures import fill_captures
from unpool.actions.embedding.choose_network import ComparisonRow
from unpool.actions.embedding.pixel_buffer import PixelBuffer
from unpool.actions.embedding.prepare_model import Preparation
from unpool.actions.embedding.settings import EmbedSettings
from unpool.actions.embedding.splits import forget_splits, note_splits
from unpool.actions.embedding.value_rules import ValueRequest, prepare_rules
from unpool.actions.encoders.model_request import (
    ModelRequest,
    check_num_groups,
    check_request,
    request_from,
)
from unpool.actions.history.recording import recording
from unpool.actions.search_index import update_search_index
from unpool.actions.text.stored_text import forget_old_text
from unpool.core.atomic_files import sweep
from unpool.core.cpu import usable_cores
from unpool.core.file_names import printable
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.engines.embedding import EmbeddingJob, Engine, LocalEngine, RayEngine
from unpool.engines.ray_cluster import RayRequest, check_engine
from unpool.engines.speeds import keep_speed_of
from unpool.engines.vector_engine import VectorEngine, match_images
from unpool.errors import UnpoolError
from unpool.images.archives.archive_source import ArchiveSource
from unpool.images.archives.path_list import ListSource
from unpool.images.isolation.trail import leaving_trail
from unpool.images.reading.notes import LEFT_OUT_KINDS, describe_left_out
from unpool.images.reading.scan import Scan
from unpool.images.remote.copied_source import CopiedSource
from unpool.images.remote.remote_source import RemoteSource
from unpool.images.source import Source, open_source
from unpool.inference.embedding import embed_pixels
from unpool.inference.model import LoadedEncoder, load_encoder, pick_device
from unpool.inference.vectors.first_vectors import measure_dimension
from unpool.inference.vectors.foreign_encoder import NoEncoder
from unpool.inference.vectors.vector_matching import MatchedVectors
from unpool.networks.encoders.function_encoder import FunctionEncoder
from unpool.store.columns import OK
from unpool.store.csv_files import GROUPS, write_groups, write_problems
from unpool.store.files.renames import rename_moved_rows, rename_rows
from unpool.store.lock import working
from unpool.store.origin import beside_workspace, check_same_images
from unpool.store.reading import FILE as READING
from unpool.store.reading import describe_counts, record, write_reading
from unpool.store.remote.mirror import remote_of
from unpool.store.row_writer import RowWriter, check_not_empty
from unpool.store.spaces.coverage import describe_missing
from unpool.store.spaces.paths import making_space, space_of
from unpool.store.state import EXPORTS, MODEL, REPORT, default_workspace, read_state, write_state
from unpool.store.sync import (
    Annotations,
    check_folder_is_free,
    counts,
    find_absent,
    find_pending,
    move_annotations_with_content,
    note_problems,
    note_unchanged,
    read_annotations,
    remove_missing_rows,
)
from unpool.store.table import ImageTable, has_table
from unpool.training.model_file import has_model

DEADLY = ("crash", "crashed", "too-slow")  # problems of files that have ended a process


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


def embed(
    source: str,
    settings: EmbedSettings,
    *,
    work: Path | None = None,
    data: Path | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Embed the new and changed images of a folder.

    Args:
        source: a folder of images, or a named data set.
        settings: the model folder or pretrained network that embeds them.
        work: the workspace; ./NAME.unpool where None.
        data: folder with named data sets in torchvision's layout.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool embed`.

    Raises:
        UnpoolError: no image is usable.
    """
    check_settings(settings)
    start = time.perf_counter()
    check_engine(settings.engine, settings.ray_address)
    work = work or default_workspace(source)
    request = request_from(_with_own_model(settings, work))
    check_request(request)
    check_folder_is_free(work, str(Path(source).resolve()))
    progress = progress or Progress()
    engine: Engine | None = None
    if settings.engine == "ray":
        engine = RayEngine(RayRequest(settings.ray_address, settings.device, progress))
    with (
        working(work, "unpool embed", create=True),
        making_space(work),
        recording(work, columns=None) as note,
    ):
        done = sync_embeddings(
            source, request, work=work, data=data, device=settings.device, progress=progress,
            relocate=settings.relocate, forget=settings.forget,
            values=ValueRequest(settings.range, settings.nodata), engine=engine,
        )  # fmt: skip
        report_lists(done, progress)
        changed = done.embedded or done.removed or done.moved
        note(f"embedded {done.embedded} images, {done.removed} gone" if changed else None)
    return _to_json(done, time.perf_counter() - start)


def _to_json(done: Embedding, seconds: float) -> dict[str, Any]:
    """What `unpool embed` prints."""
    return {
        "work": str(done.work), "images": done.images, "skipped": done.skipped, "embedded": done.embedded,
        "network": done.network, "dimension": done.dimension, "actors": done.actors,
        "seconds": round(seconds, 3), "images_per_second": round(done.rate, 2),
        **(done.vectors.counts() if done.vectors else {}),
    }  # fmt: skip


def _with_own_model(settings: EmbedSettings, work: Path) -> EmbedSettings:
    """The settings, by the model that a space has already where they name none."""
    if settings.model is None and settings.vectors is None and space_of(work) and has_model(work / MODEL):
        return replace(settings, model=str(work / MODEL))
    return settings


def sync_embeddings(
    source: str,
    request: ModelRequest,
    *,
    work: Path | None,
    data: Path | None,
    device: str,
    progress: Progress,
    relocate: bool = False,
    forget: bool = False,
    values: ValueRequest = ValueRequest(),  # noqa: B008 - frozen
    engine: Engine | None = None,
) -> Embedding:
    """Scan, prepare the model, embed what is new.

    Args:
        source: a folder of images, or a named data set.
        request: which model is to embed them.
        work: the workspace; ./NAME.unpool where None.
        data: folder with named data sets.
        device: "auto", "cpu", "cuda" or "mps".
        progress: where stages and messages go.
        relocate: the images of the workspace are at `source` now, whatever their files say.
        forget: rows go too whose whole folder cannot be seen.
        values: how values of more than 8 bits are scaled.
        engine: who embeds; None: this process.

    Returns:
        What was done: counts, model, seconds.

    Raises:
        UnpoolError: no image is usable, or the workspace belongs to other images.
    """
    work = work or default_workspace(source)
    images = open_source(source, data)
    _check_place(work, images.location, relocate, progress)
    scan, seconds = _scan(images, progress)
    _name_fields(work, images, progress)
    check_num_groups(request.groups, len({file.path for file in scan.files}.union(_known_paths(work))))
    engine = engine or _engine_for(request, images, scan, work, progress)
    one_pass = _EmbeddingPass(work, images, scan, device, progress)
    one_pass.forget, one_pass.engine, one_pass.done.seconds["scan"] = forget, engine, seconds
    sweep(work, leave=(EXPORTS,))
    _note_place(work, images, source, data)
    annotations = read_annotations(one_pass.table)
    note_problems(one_pass.table, scan.problems)
    with leaving_trail(work, _blamed(one_pass.table, images, scan)):
        prepare_rules(work, one_pass.table, images, scan, values, progress)
        one_pass.fill(request, annotations)
    return one_pass.finish()


def report_lists(done: Embedding, progress: Progress) -> None:
    """Say which files list what was skipped or assumed."""
    if done.assumptions:
        where = done.work / REPORT / READING
        progress.message(f"read with assumptions: {done.assumptions}; {where} lists them")
    if done.skipped:
        progress.message(f"{done.skipped} skipped: {done.work / 'problems.csv'} says why")
    for line in describe_missing(done.work):
        progress.message(line)


def _name_fields(work: Path, images: Source, progress: Progress) -> None:
    """Say which fields the files hold that bring images, before the first time."""
    if isinstance(images, ArchiveSource) and not has_table(work) and (fields := images.describe_fields()):
        progress.message(f"{fields}: `unpool label --work {work} --from FILE` makes fields of them")


def _blamed(table: ImageTable, source: Source, scan: Scan) -> list[str]:
    """Files of which a process has died: they are decoded apart, whatever their format."""
    rows = table.arrow(["path"], where=f"problem IN ({', '.join(map(repr, DEADLY))})")
    paths = set(rows["path"].to_pylist())
    files = [file.file for file in scan.files if file.path in paths]
    if isinstance(source, CopiedSource):
        return [source.trail_name(file) for file in files]
    return [os.path.abspath(file) for file in files]  # noqa: PTH100 - as the trail names them


def _check_place(work: Path, location: str, relocate: bool, progress: Progress) -> None:
    """Raise `UnpoolError` where the workspace holds other images or files; says where images have moved."""
    is_seen = not Path(location).is_absolute() or Path(location).exists()  # else the scan says it better
    if is_seen and (moved_from := check_same_images(work, location, relocate=relocate)):
        progress.message(f"the images are in {location} now, and were in {moved_from}")
    check_folder_is_free(work, location)


def _engine_for(request: ModelRequest, source: Source, scan: Scan, work: Path, progress: Progress) -> Engine:
    """Who embeds in this process: the network, or a file that has the vectors already."""
    if request.vectors is None:
        return LocalEngine()
    paths = [file.path for file in scan.files]
    return match_images(request.vectors, paths, source.location, work, progress)


def _known_paths(work: Path) -> list[str]:
    """Images that the workspace has already, some of which may be away; none where there is no table yet."""
    if not has_table(work):
        return []
    paths: list[str] = ImageTable(work).arrow(["path"], where=f"status = '{OK}'")["path"].to_pylist()
    return paths


def _note_place(work: Path, source: Source, typed: str, data: Path | None) -> None:
    """Record where the images are, in every form that may still hold after something has moved."""
    write_state(
        work, images=source.location, place=typed, beside=beside_workspace(work, source.location),
        inside=True if isinstance(source, ArchiveSource | ListSource) else None,
        data=None if data is None else str(data),
    )  # fmt: skip


def _scan(source: Source, progress: Progress) -> tuple[Scan, float]:
    start = time.perf_counter()
    with progress.stage("listing files", None, "files") as stage:
        scan = source.scan(lambda count: stage.reach(count))
    if not scan.files and not scan.problems:
        raise UnpoolError(f"there is no image in {source.location}; name a folder that holds some")
    for line in describe_left_out(scan.left_out):
        progress.message(line)
    return scan, time.perf_counter() - start


class _EmbeddingPass:
    """One pass over a source: what its steps share."""

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

    def remove_absent(self) -> None:
        """Remove the rows of files that are gone; those whose whole folder cannot be seen stay."""
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

    def fill(self, request: ModelRequest, annotations: Annotations) -> None:
        """Bring the table up to date; without any file only rows go."""
        fill_captures(self.work, self.source, self.scan, self.progress)
        if self.scan.files:
            self.prepare(request)
            self.embed(annotations)
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

    def embed(self, annotations: Annotations) -> None:
        """Embed every image that has no vector of this model; annotations follow moved files."""
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
        move_annotations_with_content(self.table, annotations)
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
        """Count, list the problems, and raise where no image is usable."""
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
