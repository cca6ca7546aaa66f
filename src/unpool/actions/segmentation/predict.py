"""`unpool segment predict`: label maps and overlays of images."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from unpool.actions.segmentation.data import report, report_problems
from unpool.actions.segmentation.label_checks import compare_colour
from unpool.actions.segmentation.output_files import (
    LARGE_PIXELS,
    OutputPaths,
    import_tifffile,
    names_for,
    write_large,
    write_small,
)
from unpool.actions.segmentation.output_record import (
    RECORD,
    PredictionRecord,
    PredictionRequest,
    check_overwrites,
)
from unpool.actions.segmentation.scales import ScaleCount
from unpool.actions.segmentation.settings import PredictSettings
from unpool.core.atomic_files import sweep
from unpool.core.file_identity import sample_of, stamp_of
from unpool.core.file_names import find_typed, printable, to_key
from unpool.core.markers import is_unpool_folder
from unpool.core.progress import Progress, Stage
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UnreadableImageError, UsageError
from unpool.images.reading.decode import Picture, read_picture, read_size
from unpool.images.reading.notes import describe_left_out
from unpool.images.reading.opening import MAX_PIXELS
from unpool.images.reading.scan import ImageFile, Problem, scan_folder
from unpool.images.tiff.rows import open_rows
from unpool.inference.predict_mask import (
    LabelFile,
    Windows,
    choose_windows,
    label_pixels,
    predict_rows,
    state_file,
)
from unpool.inference.segmenter_model import LoadedSegmenter, load_segmenter
from unpool.inference.tiles import OVERLAP

TIFFS = (".tif", ".tiff")


@dataclass
class _PredictionContext:
    """The segmenter, and how images are resized and cut."""

    ready: LoadedSegmenter
    record: PredictionRecord
    settings: PredictSettings
    scales: ScaleCount
    stage: Stage
    num_read: int = 0
    num_grey: int = 0

    @property
    def overlap(self) -> float:
        return OVERLAP if self.settings.overlap is None else self.settings.overlap

    def windows(self, height: int, width: int, scale: float) -> Windows:
        network = self.ready.runtime.network
        return choose_windows(network, height, width, self.settings.tile, self.overlap, scale)


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
    images = find_typed(images)
    _check_output(images, out)
    files, problems = _files(images, out, progress)
    paths, record = _plan_output(files, out, settings.probabilities)
    _report_names(paths, progress)
    ready = load_segmenter(model, settings.device, progress)
    began = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    with progress.stage("predicting", len(files), "images") as stage:
        scales = ScaleCount(settings.scale, ready.learnt)
        context = _PredictionContext(ready, record, settings, scales, stage)
        predicted, failed = _predict_all(context, files, paths)
    report_problems([*problems, *failed], progress)
    remarks = [*scales.remarks, *compare_colour(ready, context.num_grey, context.num_read)]
    report(remarks, progress)
    _check_any_usable(images, files, failed)
    return {
        "images": len(files) - len(failed), "out": str(out), "predicted": predicted, "model": ready.id,
        "seconds": round(time.perf_counter() - began, 3), "skipped": len(problems) + len(failed),
        **scales.figures, "notes": remarks,
    }  # fmt: skip


def _check_any_usable(images: Path, files: Sequence[ImageFile], failed: Sequence[Problem]) -> None:
    if len(failed) == len(files):
        first = failed[0]
        raise UnpoolError(f"no image of {images} can be used; the first, {first.path}: {first.detail}")


def _plan_output(
    files: Sequence[ImageFile], out: Path, probabilities: bool
) -> tuple[dict[str, OutputPaths], PredictionRecord]:
    """Where each image's files go, and which are there; UsageError where one would replace the user's."""
    names, record = names_for([file.path for file in files]), PredictionRecord(out)
    paths = {file.path: OutputPaths(out, names[file.path], probabilities) for file in files}
    check_overwrites(files, paths, record, _is_large)
    _check_tifffile(files, probabilities)
    return paths, record


def _report_names(paths: Mapping[str, OutputPaths], progress: Progress) -> None:
    """Say which images cannot give their files their own names."""
    renamed = [path for path, each in paths.items() if str(PurePosixPath(path).with_suffix("")) != each.name]
    if renamed:
        some = ", ".join(f"{printable(path)} → {printable(paths[path].name)[-40:]}" for path in renamed[:3])
        progress.message(
            f"{len(renamed):,} names are shared by several images, or too long, and were changed: {some}; "
            f"{RECORD} lists all"
        )


def _check_output(images: Path, out: Path) -> None:
    if images.is_dir() and out.exists() and out.samefile(images):
        raise UsageError(
            f"--out {out} is the folder of the images itself; name another, such as {out / 'labels'}"
        )
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file, but must be a folder; name another")
    if out.is_dir() and is_unpool_folder(out, {path.name for path in out.iterdir()}):
        raise UsageError(
            f"--out {out} is a workspace or a model; name a folder of its own, such as {out / 'labels'}"
        )


def _files(images: Path, out: Path, progress: Progress) -> tuple[list[ImageFile], list[Problem]]:
    if images.is_file():
        status = images.stat()
        key = to_key(images.name)
        return [ImageFile(key, images, status.st_size, status.st_mtime, stamp_of(status))], []
    if not images.exists():
        raise UnpoolError(f"there is no image or folder '{images}'; check the path")
    scan = scan_folder(images, leave_out=out)
    for line in describe_left_out(scan.left_out):
        progress.message(line)
    if not scan.files:
        first = f" ({scan.problems[0].path}: {scan.problems[0].detail})" if scan.problems else ""
        raise UnpoolError(f"{images} holds no image that can be used{first}; check the folder")
    return scan.files, list(scan.problems)


def _is_large(file: ImageFile) -> bool:
    """Whether a label map is written as a TIFF in tiles; False for what cannot be read."""
    try:
        width, height = read_size(file.file)
    except UnreadableImageError:
        return False
    return width * height > LARGE_PIXELS


def _check_tifffile(files: Sequence[ImageFile], probabilities: bool) -> None:
    """UnpoolError where TIFFs are to be written, or read by rows, and cannot be."""
    try:
        import_tifffile()
    except UnpoolError as error:
        if probabilities:
            raise
        large = next((file for file in files if _is_large(file)), None)
        if large is not None:
            raise UnpoolError(f"{large.path} is so large that its labels are a TIFF. {error}") from error


def _predict_all(
    context: _PredictionContext, files: Sequence[ImageFile], paths: Mapping[str, OutputPaths]
) -> tuple[int, list[Problem]]:
    """How many were labelled, without those that are there already, and which cannot be."""
    predicted, failed = 0, []
    for file in files:
        try:
            height, width = reversed(read_size(file.file))
            scale = context.scales.choose(height, width)
            request = _request(context, file, paths[file.path], scale)
            if context.record.is_done(request, file.file):
                context.stage.advance()
                continue
            _predict(context, file, paths[file.path], request, height * width)
            predicted += 1
            context.record.finish({**request, "sample": sample_of(file.file)})
        except UnreadableImageError as error:
            failed.append(Problem(file.path, error.problem, error.detail))
            context.stage.advance()
    return predicted, failed


def _request(
    context: _PredictionContext, file: ImageFile, paths: OutputPaths, scale: float
) -> PredictionRequest:
    """What is computed for one image; the same need not be computed twice."""
    return {
        "path": file.path, "name": paths.name, "bytes": file.bytes, "modified": file.modified,
        "stamp": file.stamp, "model": context.ready.id, "tile": context.settings.tile,
        "overlap": context.overlap, "probabilities": paths.with_probabilities,
        **({} if scale == 1 else {"scale": scale}),  # files of earlier versions know nothing of it
    }  # fmt: skip


def _predict(
    context: _PredictionContext,
    file: ImageFile,
    paths: OutputPaths,
    request: PredictionRequest,
    num_pixels: int,
) -> None:
    paths.folder.mkdir(parents=True, exist_ok=True)
    is_large = num_pixels > LARGE_PIXELS
    if is_large:  # what a stopped run has labelled is gone on with where the bytes are the same
        request = {**request, "stamp": sample_of(file.file)}
    if is_large and file.file.suffix.lower() in TIFFS:
        try:
            with open_rows(file.file, context.ready.rules) as rows:
                _predict_rows(context, paths, rows.height, rows.width, rows.read, request)
            return
        except UnreadableImageError as error:
            # Of a kind that is not read by rows, such as one that is turned; up to that limit all are read whole.
            if error.problem != "unsupported" or num_pixels > MAX_PIXELS:
                raise
    picture = read_picture(file.file, rules=context.ready.rules)
    context.num_read += 1
    context.num_grey += picture.grey
    if is_large:
        read = lambda top, bottom: picture.pixels[top:bottom]  # noqa: E731
        _predict_rows(context, paths, picture.height, picture.width, read, request)
    else:
        _predict_whole(context, file, paths, picture, request.get("scale", 1.0))


def _predict_whole(
    context: _PredictionContext, file: ImageFile, paths: OutputPaths, picture: Picture, scale: float
) -> None:
    windows = context.windows(picture.height, picture.width, scale)
    label_HW, probability_KHW = label_pixels(
        context.ready.runtime, picture.pixels, windows, probabilities=paths.with_probabilities,
        on_progress=context.stage.advance,
    )  # fmt: skip
    context.record.begin(file.path, paths, is_large=False)
    write_small(paths, picture.pixels, label_HW, probability_KHW, context.ready.classes)


def _predict_rows(
    context: _PredictionContext,
    paths: OutputPaths,
    height: int,
    width: int,
    read: Callable[[int, int], np.ndarray],
    request: PredictionRequest,
) -> None:
    windows = context.windows(height, width, request.get("scale", 1.0))
    key = {**request, "tile": windows.tile, "height": height, "width": width}
    with _map_probabilities(paths, (context.ready.runtime.num_classes, height, width)) as probability_KHW:
        predict_rows(
            context.ready.runtime, height, width, read, windows, paths.scratch, key=key,
            probability_KHW=probability_KHW, on_progress=context.stage.advance,
        )  # fmt: skip
    context.record.begin(request["path"], paths, is_large=True)
    write_large(paths, LabelFile(paths.scratch, height, width), read, context.ready.classes)


@contextmanager
def _map_probabilities(paths: OutputPaths, shape: tuple[int, int, int]) -> Iterator[np.ndarray | None]:
    """Map the file of probabilities (K, H, W) into memory, where it is written."""
    if not paths.with_probabilities:
        yield None
        return
    mapped = _left_over(paths.probabilities_file, shape)
    if mapped is None:
        # Rows that are known to be labelled would not be labelled again, and have no probabilities here.
        state_file(paths.scratch).unlink(missing_ok=True)
        mapped = import_tifffile().memmap(
            paths.probabilities_file, shape=shape, dtype=np.float16, photometric="minisblack", bigtiff=True
        )
    yield mapped
    mapped.flush()


def _left_over(path: Path, shape: tuple[int, int, int]) -> np.memmap | None:
    """What a stopped run left to be gone on with; None where that is nothing, half a file or for other classes."""
    try:
        mapped: np.memmap = import_tifffile().memmap(path, mode="r+")
    except Exception:  # tifffile raises almost anything on half a file
        return None
    return mapped if mapped.shape == shape and mapped.dtype == np.float16 else None
