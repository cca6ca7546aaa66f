"""`unpool segment predict`: label maps and overlays of an image, or of all images in a folder."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.segment_data import tell_problems
from unpool.actions.segment_files import (
    LARGE_PIXELS,
    Written,
    names_for,
    write_large,
    write_small,
)
from unpool.actions.segment_model import ReadySegmenter, ready_segmenter
from unpool.errors import UnpoolError, UnreadableImageError, UsageError
from unpool.files import sweep
from unpool.images.decode import read_picture, read_size
from unpool.images.folder import ImageFile, Problem, scan_folder
from unpool.images.rows import open_rows
from unpool.inference.label_image import LabelFile, label_pixels, label_rows, windows_for
from unpool.inference.tiles import OVERLAP
from unpool.options import check
from unpool.progress import Progress, Stage

TIFFS = (".tif", ".tiff")
DONE = "predictions.jsonl"  # in the output folder: what is there already, and by which model


@dataclass
class _Job:
    ready: ReadySegmenter
    out: Path
    tile: int | None
    overlap: float
    probabilities: bool
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
    ready = ready_segmenter(model, device, progress)
    began = time.perf_counter()
    out.mkdir(parents=True, exist_ok=True)
    sweep(out)
    names, done = names_for([file.path for file in files]), _read_done(out)
    predicted, failed = 0, list[Problem]()
    with progress.stage("predicting", len(files), "images") as stage:
        job = _Job(ready, out, tile, overlap, probabilities, stage)
        for file in files:
            wish = _wish(job, file)
            if done.get(file.path) == wish and Written(out, names[file.path], probabilities).is_there():
                stage.advance()
                continue
            try:
                _predict(job, file, names[file.path], wish)
                predicted += 1
                _note(out, wish)
            except UnreadableImageError as error:
                failed.append(Problem(file.path, error.problem, error.detail))
                stage.advance()
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


def _wish(job: _Job, file: ImageFile) -> dict[str, Any]:
    """What is asked for one image; the same answer need not be made twice."""
    return {
        "path": file.path, "bytes": file.bytes, "modified": file.modified, "model": job.ready.id, "tile": job.tile,
        "overlap": job.overlap,
    }  # fmt: skip


def _read_done(out: Path) -> dict[str, dict[str, Any]]:
    """The last wish that was fulfilled for each image; lines that a kill cut off are left out."""
    known: dict[str, dict[str, Any]] = {}
    if (out / DONE).is_file():
        for line in (out / DONE).read_text("utf-8").splitlines():
            try:
                told = json.loads(line)
                known[told["path"]] = told
            except (ValueError, KeyError, TypeError):
                continue
    return known


def _note(out: Path, wish: dict[str, Any]) -> None:
    with (out / DONE).open("a", encoding="utf-8") as file:
        file.write(json.dumps(wish, ensure_ascii=True) + "\n")


def _predict(job: _Job, file: ImageFile, name: str, wish: dict[str, Any]) -> None:
    written = Written(job.out, name, job.probabilities)
    written.folder.mkdir(parents=True, exist_ok=True)
    width, height = read_size(file.file)
    is_large = width * height > LARGE_PIXELS
    if is_large and file.file.suffix.lower() in TIFFS:
        with open_rows(file.file) as rows:
            _predict_rows(job, written, rows.height, rows.width, rows.read, wish)
        return
    picture = read_picture(file.file)
    network, pixels = job.ready.scorer.network, picture.pixels
    if is_large:
        read = lambda top, bottom: pixels[top:bottom]  # noqa: E731
        _predict_rows(job, written, picture.height, picture.width, read, wish)
        return
    windows = windows_for(network, picture.height, picture.width, job.tile, job.overlap)
    label_HW, chances = label_pixels(
        job.ready.scorer, pixels, windows, probabilities=job.probabilities, tell=job.stage.advance
    )
    write_small(written, pixels, label_HW, chances, job.ready.classes)


def _predict_rows(
    job: _Job, written: Written, height: int, width: int, read: Any, wish: dict[str, Any]
) -> None:
    windows = windows_for(job.ready.scorer.network, height, width, job.tile, job.overlap)
    key = {**wish, "tile": windows.tile, "height": height, "width": width, "probabilities": job.probabilities}
    with _chances(written, job.ready.scorer.num_classes, height, width) as chances:
        label_rows(
            job.ready.scorer, height, width, read, windows, written.scratch, key=key, chances=chances,
            tell=job.stage.advance,
        )  # fmt: skip
    write_large(written, LabelFile(written.scratch, height, width), read, job.ready.classes)


@contextmanager
def _chances(written: Written, num_classes: int, height: int, width: int) -> Iterator[np.ndarray | None]:
    """The file of probabilities mapped into memory, where they are asked for."""
    if not written.with_probabilities:
        yield None
        return
    import tifffile

    path, shape = written.scratch.with_suffix(".tif"), (num_classes, height, width)
    if path.is_file():
        mapped: np.ndarray = tifffile.memmap(path, mode="r+")
    else:
        mapped = tifffile.memmap(path, shape=shape, dtype=np.float16, photometric="minisblack", bigtiff=True)
    yield mapped
    mapped.flush()  # type: ignore[attr-defined]
