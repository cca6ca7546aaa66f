"""`unpool embed`: compute the vectors of new and changed images."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from unpool.actions.embedding.passes.embedding_pass import Embedding, EmbeddingPass
from unpool.actions.embedding.passes.first_try import list_blamed, try_encoder
from unpool.actions.embedding.settings import EmbedSettings
from unpool.actions.embedding.value_rules import ValueRequest, prepare_rules
from unpool.actions.encoders.model_request import (
    ModelRequest,
    check_num_groups,
    check_request,
    request_from,
)
from unpool.actions.history.recording import recording
from unpool.core.atomic_files import sweep
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.engines.embedding import Engine, LocalEngine, RayEngine
from unpool.engines.ray_cluster import RayRequest, check_engine
from unpool.engines.vector_engine import match_images
from unpool.errors import UnpoolError
from unpool.images.archives.archive_source import ArchiveSource
from unpool.images.archives.path_list import ListSource
from unpool.images.isolation.trail import leaving_trail
from unpool.images.reading.notes import describe_left_out
from unpool.images.reading.scan import Scan
from unpool.images.source import Source, open_source
from unpool.store.columns import OK
from unpool.store.lock import working
from unpool.store.origin import beside_workspace, check_same_images
from unpool.store.reading import FILE as READING
from unpool.store.spaces.coverage import describe_missing
from unpool.store.spaces.paths import making_space, space_of
from unpool.store.state import EXPORTS, MODEL, REPORT, default_workspace, write_state
from unpool.store.sync import (
    check_folder_is_free,
    note_problems,
)
from unpool.store.table import ImageTable, has_table
from unpool.training.model_file import has_model


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
    try_encoder(work, request, images, scan, progress)
    one_pass = EmbeddingPass(work, images, scan, device, progress)
    one_pass.forget, one_pass.engine, one_pass.done.seconds["scan"] = forget, engine, seconds
    sweep(work, leave=(EXPORTS,))
    _note_place(work, images, source, data)
    note_problems(one_pass.table, scan.problems)
    with leaving_trail(work, list_blamed(work, images, scan)):
        prepare_rules(work, one_pass.table, images, scan, values, progress)
        one_pass.fill(request)
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
