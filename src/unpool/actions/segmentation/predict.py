"""`unpool segment predict`: label maps and overlays of an image, or of all images in a folder."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.segmentation.data import tell_problems
from unpool.actions.segmentation.output_files import (
    LARGE_PIXELS,
    Written,
    names_for,
    need_tifffile,
    write_large,
    write_small,
)
from unpool.actions.segmentation.output_record import Record, check_overwrites
from unpool.core.atomic_files import sweep
from unpool.core.progress import Progress, Stage
from unpool.errors import UnpoolError, UnreadableImageError, UsageError
from unpool.images.reading.decode import MAX_PIXELS, Picture, read_picture, read_size
from unpool.images.reading.scan import ImageFile, Problem, scan_folder
from unpool.images.reading.tiff_rows import open_rows
from unpool.inference.predict_mask import LabelFile, choose_windows, label_pixels, predict_rows, state_file
from unpool.inference.segmenter_model import LoadedSegmenter, load_segmenter
from unpool.inference.tiles import OVERLAP
from unpool.options import check

TIFFS = (".tif", ".tiff")


@dataclass
class _Job:
    ready: LoadedSegmenter
    record: Record
    tile: int | None
    overlap: float
    stage: Stage


def segment_predict(
    images: Path,
    *,
    model: Path,
    out: Path,
    overlap: float = OVERLAP,
    tile: int | None = None,
    probabilities: bool = False,
    device: str = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Label every pixel of `images`, a file or a folder, into the folder `out`.

    Returns the JSON object of `unpool segment predict`: `images` counts those that have a label map now,
    `predicted` those made this time. Raises `UsageError` for options that are wrong, `UnpoolError` where nothing
    could be used.
    """
    progress = progress or Progress()
    check(device=device, overlap=overlap, tile=tile)
    if images.is_dir() and out.exists() and out.samefile(images):
        raise UsageError(
            f"--out {out} is the folder of the images itself; name another, such as {out / 'labels'}"
        )
    if out.exists() and not out.is_dir():
        raise UsageError(f"--out {out} is a file, but must be a folder; name another")
    files, problems = _files(images, out)
    names, record = names_for([file.path for file in files]), Record(out)
    written = {file.path: Written(out, names[file.path], probabilities) for file in files}
    check_overwrites(files, written, record, _is_large)
    _refuse_without_tifffile(files, probabilities)
    ready = load_segmenter(model, device, progress)
    began = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    with progress.stage("predicting", len(files), "images") as stage:
        predicted, failed = _predict_all(_Job(ready, record, tile, overlap, stage), files, written)
    tell_problems([*problems, *failed], progress)
    usable = len(files) - len(failed)
    if not usable:
        first = failed[0]
        raise UnpoolError(f"no image of {images} can be used; the first, {first.path}: {first.detail}")
    seconds = round(time.perf_counter() - began, 3)
    return {
        "images": usable, "out": str(out), "seconds": seconds, "predicted": predicted,
        "skipped": len(problems) + len(failed),
        "model": ready.id,
    }  # fmt: skip


def _files(images: Path, out: Path) -> tuple[list[ImageFile], list[Problem]]:
    if images.is_file():
        status = images.stat()
        return [ImageFile(images.name, images, status.st_size, status.st_mtime)], []
    if not images.exists():
        raise UnpoolError(f"there is no image or folder '{images}'; check the path")
    scan = scan_folder(images, leave_out=out)
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


def _refuse_without_tifffile(files: list[ImageFile], probabilities: bool) -> None:
    """UnpoolError where TIFFs are to be written, or read by rows, and cannot be."""
    try:
        need_tifffile()
    except UnpoolError as error:
        if probabilities:
            raise
        large = next((file for file in files if _is_large(file)), None)
        if large is not None:
            raise UnpoolError(f"{large.path} is so large that its labels are a TIFF. {error}") from error


def _predict_all(
    job: _Job, files: Sequence[ImageFile], written: Mapping[str, Written]
) -> tuple[int, list[Problem]]:
    """How many were labelled, without those that are there already, and which cannot be."""
    predicted, failed = 0, []
    for file in files:
        wish = _wish(job, file, written[file.path])
        if job.record.is_done(wish):
            job.stage.advance()
            continue
        try:
            _predict(job, file, written[file.path], wish)
            predicted += 1
            job.record.finish(wish)
        except UnreadableImageError as error:
            failed.append(Problem(file.path, error.problem, error.detail))
            job.stage.advance()
    return predicted, failed


def _wish(job: _Job, file: ImageFile, written: Written) -> dict[str, Any]:
    """What is asked for one image; the same answer need not be made twice."""
    return {
        "path": file.path, "name": written.name, "bytes": file.bytes, "modified": file.modified,
        "model": job.ready.id, "tile": job.tile, "overlap": job.overlap,
        "probabilities": written.with_probabilities,
    }  # fmt: skip


def _predict(job: _Job, file: ImageFile, written: Written, wish: dict[str, Any]) -> None:
    written.folder.mkdir(parents=True, exist_ok=True)
    width, height = read_size(file.file)
    is_large = width * height > LARGE_PIXELS
    if is_large and file.file.suffix.lower() in TIFFS:
        try:
            with open_rows(file.file) as rows:
                _predict_rows(job, written, rows.height, rows.width, rows.read, wish)
            return
        except UnreadableImageError as error:
            # Of a kind that is not read by rows, such as one that is turned; up to that limit all are read whole.
            if error.problem != "unsupported" or width * height > MAX_PIXELS:
                raise
    picture = read_picture(file.file)
    if is_large:
        read = lambda top, bottom: picture.pixels[top:bottom]  # noqa: E731
        _predict_rows(job, written, picture.height, picture.width, read, wish)
    else:
        _predict_whole(job, file, written, picture)


def _predict_whole(job: _Job, file: ImageFile, written: Written, picture: Picture) -> None:
    windows = choose_windows(job.ready.runtime.network, picture.height, picture.width, job.tile, job.overlap)
    label_HW, chances = label_pixels(
        job.ready.runtime, picture.pixels, windows, probabilities=written.with_probabilities,
        on_progress=job.stage.advance,
    )  # fmt: skip
    job.record.begin(file.path, written, is_large=False)
    write_small(written, picture.pixels, label_HW, chances, job.ready.classes)


def _predict_rows(
    job: _Job, written: Written, height: int, width: int, read: Any, wish: dict[str, Any]
) -> None:
    windows = choose_windows(job.ready.runtime.network, height, width, job.tile, job.overlap)
    key = {**wish, "tile": windows.tile, "height": height, "width": width}
    with _chances(written, (job.ready.runtime.num_classes, height, width)) as chances:
        predict_rows(
            job.ready.runtime, height, width, read, windows, written.scratch, key=key, probability_KHW=chances,
            on_progress=job.stage.advance,
        )  # fmt: skip
    job.record.begin(wish["path"], written, is_large=True)
    write_large(written, LabelFile(written.scratch, height, width), read, job.ready.classes)


@contextmanager
def _chances(written: Written, shape: tuple[int, int, int]) -> Iterator[np.ndarray | None]:
    """The file of probabilities (K, H, W) mapped into memory, where they are asked for."""
    if not written.with_probabilities:
        yield None
        return
    mapped = _left_over(written.chances, shape)
    if mapped is None:
        # Rows that are known to be labelled would not be labelled again, and have no probabilities here.
        state_file(written.scratch).unlink(missing_ok=True)
        mapped = need_tifffile().memmap(
            written.chances, shape=shape, dtype=np.float16, photometric="minisblack", bigtiff=True
        )
    yield mapped
    mapped.flush()


def _left_over(path: Path, shape: tuple[int, int, int]) -> np.memmap | None:
    """What a stopped run left to be gone on with; None where that is nothing, half a file or for other classes."""
    try:
        mapped: np.memmap = need_tifffile().memmap(path, mode="r+")
    except Exception:  # tifffile raises almost anything on half a file
        return None
    return mapped if mapped.shape == shape and mapped.dtype == np.float16 else None
