"""`unpool segment predict`: label maps and overlays of images."""

from __future__ import annotations

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from unpool.actions.outputs.folder import check_any_usable, check_output, find_images
from unpool.actions.outputs.messages import report, report_problems
from unpool.actions.outputs.names import names_for, report_names
from unpool.actions.outputs.record import Request
from unpool.actions.outputs.tiff import import_tifffile
from unpool.actions.segmentation.label_checks import compare_colour
from unpool.actions.segmentation.output_files import (
    ENDINGS,
    OutputPaths,
    tabulate_positions,
)
from unpool.actions.segmentation.output_record import EXAMPLE, PredictionRecord, check_labels_are_free
from unpool.actions.segmentation.predict_image import ImageJob, ImagePredictor, is_large
from unpool.actions.segmentation.scales import ScaleCount
from unpool.actions.segmentation.settings import PredictSettings
from unpool.actions.sharing.annotations.mask_formats import MaskFormat, parse_mask_formats, write_masks
from unpool.actions.sharing.annotations.predicted_masks import MaskRequest, PredictedMask
from unpool.core.atomic_files import sweep
from unpool.core.file_identity import sample_of
from unpool.core.file_names import find_typed
from unpool.core.progress import Progress, Stage
from unpool.core.settings import check_settings
from unpool.engines.embedding import check_is_unseen, crashed
from unpool.engines.model_parts import pack_model, unpacked_model
from unpool.engines.ray_cluster import RayRequest, check_engine, ray_workers
from unpool.engines.ray_worker import Place
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.reading.decode import read_size
from unpool.images.reading.scan import ImageFile, Problem
from unpool.inference.segmenter_model import LoadedSegmenter, load_segmenter
from unpool.inference.tiles import OVERLAP

SEEN_SECONDS = 60.0  # until a network disk shows what another machine has written


@dataclass
class _Prediction:
    """What is to be labelled, and what has been done.

    `actors` is the number of workers of Ray, 0 without.
    """

    ready: LoadedSegmenter
    record: PredictionRecord
    settings: PredictSettings
    scales: ScaleCount
    stage: Stage
    predicted: list[str] = field(default_factory=list)
    failed: list[Problem] = field(default_factory=list)
    num_read: int = 0
    num_grey: int = 0
    actors: int = 0

    @property
    def overlap(self) -> float:
        return OVERLAP if self.settings.overlap is None else self.settings.overlap

    def jobs(self, files: Sequence[ImageFile], paths: Mapping[str, OutputPaths]) -> Iterator[ImageJob]:
        """The images whose results are not there already."""
        for file in files:
            try:
                height, width = reversed(read_size(file.file))
            except UnreadableImageError as error:
                self.fail(file, Problem(file.path, error.problem, error.detail))
                continue
            scale = self.scales.choose(height, width)
            request = _request(self, file, paths[file.path], scale)
            if self.record.is_done(request, file.file):
                self.stage.advance()
            else:
                yield ImageJob(file, paths[file.path], request, height * width)

    def finish(self, job: ImageJob) -> None:
        """Note that the files of an image are written."""
        self.predicted.append(job.file.path)
        self.record.finish({**job.request, "sample": sample_of(job.file.file)})

    def fail(self, file: ImageFile, problem: Problem) -> None:
        """Note that an image cannot be used."""
        self.failed.append(problem)
        self.stage.advance()


@dataclass(frozen=True)
class Outcome:
    """What a worker of Ray says of an image."""

    num_read: int = 0
    num_grey: int = 0
    problem: Problem | None = None


@dataclass(frozen=True)
class PredictionWork:
    """What a worker needs to label images.

    Called there, it opens the model.

    Args:
        model: The files of the model folder.
    """

    model: dict[str, bytes]

    def __call__(self, place: Place) -> Callable[[Sequence[ImageJob]], list[Outcome]]:
        with unpacked_model(self.model) as folder:
            ready = load_segmenter(folder, place.device, Progress(), place.cores)
        return partial(_predict_jobs, ready)


def segment_predict(
    images: Path,
    settings: PredictSettings = PredictSettings(),  # noqa: B008 - frozen
    *,
    model: Path,
    out: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Label every pixel of images.

    Args:
        images: an image, or a folder of them.
        settings: how images are cut, and what is written.
        model: the segmenter's model folder.
        out: the folder of label maps and overlays.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool segment predict`: `images` counts those that have a label map now, `predicted`
        those labelled this time.

    Raises:
        UsageError: for an output folder that holds the user's files, or options out of range.
        UnpoolError: where no image could be used.
    """
    progress = progress or Progress()
    check_settings(settings)
    formats = parse_mask_formats(settings.to)
    check_engine(settings.engine, settings.ray_address)
    images = find_typed(images)
    check_output(images, out, EXAMPLE)
    files, problems = find_images(images, out, progress)
    paths, record = _plan_output(files, out, settings.probabilities, formats)
    report_names({path: each.name for path, each in paths.items()}, progress)
    ready = load_segmenter(model, _own_device(settings), progress)
    began = time.perf_counter()
    _open_output(out, record, formats)
    with progress.stage("predicting", len(files), "images") as stage:
        scales = ScaleCount(settings.scale, ready.learnt)
        prediction = _Prediction(ready, record, settings, scales, stage)
        _predict(prediction, prediction.jobs(files, paths), model, progress)
    report_problems([*problems, *prediction.failed], progress)
    check_any_usable(images, files, prediction.failed)
    labels, about_formats = _write_formats(formats, prediction, files, paths, progress)
    about_colour = compare_colour(ready, prediction.num_grey, prediction.num_read)
    remarks = [*scales.remarks, *about_colour, *about_formats]
    report(remarks, progress)
    seconds = round(time.perf_counter() - began, 3)
    return {**_count(prediction, files, problems), "seconds": seconds, "labels": labels, "notes": remarks}


def _count(
    prediction: _Prediction, files: Sequence[ImageFile], problems: Sequence[Problem]
) -> dict[str, Any]:
    """What was labelled, by which model and whom."""
    return {
        "images": len(files) - len(prediction.failed), "out": str(prediction.record.out),
        "predicted": len(prediction.predicted), "model": prediction.ready.id, "actors": prediction.actors,
        "skipped": len(problems) + len(prediction.failed), **prediction.scales.figures,
    }  # fmt: skip


def _write_formats(
    formats: Sequence[MaskFormat],
    prediction: _Prediction,
    files: Sequence[ImageFile],
    paths: Mapping[str, OutputPaths],
    progress: Progress,
) -> tuple[dict[str, str], list[str]]:
    """Write all label maps in other formats too; returns the file or folder of each, and what they cannot hold."""
    if not formats:
        return {}, []
    classes, new = prediction.ready.classes, set(prediction.predicted)
    failed = {problem.path for problem in prediction.failed}
    position_of = tabulate_positions(classes)
    masks = []
    for file in files:
        if file.path not in failed:
            own = paths[file.path]
            is_new = file.path in new
            masks.append(PredictedMask(file.path, file.file, own.name, own.label_map, position_of, is_new))
    request = MaskRequest(masks, classes.names, classes.colours, prediction.record.out, prediction.ready.id)
    return write_masks(formats, request, progress)


def _open_output(out: Path, record: PredictionRecord, formats: Sequence[MaskFormat]) -> None:
    out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    record.claim(_list_paths(out, formats))


def _list_paths(out: Path, formats: Sequence[MaskFormat]) -> list[Path]:
    return [out / name for each in formats for name in each.paths]


def _plan_output(
    files: Sequence[ImageFile], out: Path, probabilities: bool, formats: Sequence[MaskFormat]
) -> tuple[dict[str, OutputPaths], PredictionRecord]:
    """Where each image's files go, and which are there; UsageError where one would replace the user's."""
    names, record = names_for([file.path for file in files], ENDINGS), PredictionRecord(out)
    paths = {file.path: OutputPaths(out, names[file.path], probabilities) for file in files}
    check_labels_are_free(files, paths, record, is_large)
    record.check_free(_list_paths(out, formats))
    _check_tifffile(files, probabilities)
    return paths, record


def _check_tifffile(files: Sequence[ImageFile], probabilities: bool) -> None:
    """UnpoolError where TIFFs are to be written, or read by rows, and cannot be."""
    try:
        import_tifffile()
    except UnpoolError as error:
        if probabilities:
            raise
        large = next((file for file in files if is_large(file)), None)
        if large is not None:
            raise UnpoolError(f"{large.path} is so large that its labels are a TIFF. {error}") from error


def _predict(prediction: _Prediction, jobs: Iterator[ImageJob], model: Path, progress: Progress) -> None:
    if prediction.settings.engine == "ray":
        _predict_by_ray(prediction, jobs, model, progress)
    else:
        _predict_here(prediction, jobs)


def _predict_here(prediction: _Prediction, jobs: Iterator[ImageJob]) -> None:
    """Label images in this process."""
    predictor = ImagePredictor(prediction.ready, prediction.record.begin_image, prediction.stage.advance)
    for job in jobs:
        try:
            predictor.predict(job)
        except UnreadableImageError as error:
            prediction.fail(job.file, Problem(job.file.path, error.problem, error.detail))
        else:
            prediction.finish(job)
    prediction.num_read, prediction.num_grey = predictor.num_read, predictor.num_grey


def _predict_by_ray(
    prediction: _Prediction, jobs: Iterator[ImageJob], model: Path, progress: Progress
) -> None:
    """Label images by workers of Ray, which write the files; the record is written here."""
    first = next(jobs, None)
    if first is None:
        return
    given: deque[ImageJob] = deque()
    settings = prediction.settings
    request = RayRequest(settings.ray_address, settings.device, progress)

    def pieces() -> Iterator[Sequence[ImageJob]]:
        for job in chain([first], jobs):
            prediction.record.begin_image(job.file.path, job.paths, job.is_large)
            given.append(job)
            yield [_with_whole_paths(job)]

    with ray_workers(request, PredictionWork(pack_model(model)), _crashed) as (pool, _):
        for (outcome,) in pool.map(pieces()):
            job = given.popleft()
            prediction.num_read += outcome.num_read
            prediction.num_grey += outcome.num_grey
            if outcome.problem is not None:
                check_is_unseen(outcome.problem.problem, job.file.file.absolute())
                prediction.fail(job.file, outcome.problem)
                continue
            _check_written(job)
            prediction.finish(job)
            prediction.stage.advance()
        prediction.actors = pool.num_workers
    prediction.failed.sort(key=lambda problem: problem.path)


def _with_whole_paths(job: ImageJob) -> ImageJob:
    """The job for a worker, which runs in another folder."""
    file = replace(job.file, file=job.file.file.absolute())
    return replace(job, file=file, paths=replace(job.paths, out=job.paths.out.absolute()))


def _predict_jobs(ready: LoadedSegmenter, jobs: Sequence[ImageJob]) -> list[Outcome]:
    """Label images in a worker of Ray."""
    outcomes = []
    for job in jobs:
        predictor = ImagePredictor(ready, lambda path, paths, large: None, lambda share: None)
        problem = None
        try:
            predictor.predict(job)
        except UnreadableImageError as error:
            problem = Problem(job.file.path, error.problem, error.detail)
        outcomes.append(Outcome(predictor.num_read, predictor.num_grey, problem))
    return outcomes


def _crashed(job: ImageJob) -> Outcome:
    return Outcome(problem=crashed(job.file))


def _own_device(settings: PredictSettings) -> str:
    """Where this process runs the network: workers of Ray may have a GPU where this machine has none."""
    return "auto" if settings.device == "cuda" and settings.engine == "ray" else settings.device


def _check_written(job: ImageJob) -> None:
    """UnpoolError where a worker wrote files to a disk that is not seen here."""
    for file in job.paths.files(job.is_large):
        deadline = time.monotonic() + SEEN_SECONDS
        while not file.is_file():
            if time.monotonic() > deadline:
                raise UnpoolError(
                    f"a worker of Ray has written {file}, which is not seen here; let --out be a folder that every "
                    "machine of the cluster has at the same place"
                )
            with contextlib.suppress(OSError):
                os.listdir(file.parent)  # noqa: PTH208 - lets a network disk look again
            time.sleep(SEEN_SECONDS / 300)


def _request(prediction: _Prediction, file: ImageFile, paths: OutputPaths, scale: float) -> Request:
    """What is computed for one image; the same need not be computed twice."""
    return {
        "path": file.path, "name": paths.name, "bytes": file.bytes, "modified": file.modified,
        "stamp": file.stamp, "model": prediction.ready.id, "tile": prediction.settings.tile,
        "overlap": prediction.overlap, "probabilities": paths.with_probabilities,
        **({} if scale == 1 else {"scale": scale}),  # files of earlier versions know nothing of it
    }  # fmt: skip
