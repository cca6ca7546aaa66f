"""One image to its label map, overlay and probabilities.

K classes, H and W height and width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from unpool.actions.outputs.record import Request
from unpool.actions.outputs.tiff import import_tifffile
from unpool.actions.segmentation.output_files import (
    LARGE_PIXELS,
    OutputPaths,
    write_large,
    write_small,
)
from unpool.core.file_identity import sample_of
from unpool.errors import UnreadableImageError
from unpool.images.reading.decode import Picture, read_picture, read_size
from unpool.images.reading.opening import MAX_PIXELS
from unpool.images.reading.scan import ImageFile
from unpool.images.tiff.rows import open_rows
from unpool.inference.predict_mask import (
    LabelFile,
    Windows,
    choose_windows,
    label_pixels,
    predict_rows,
    state_file,
)
from unpool.inference.segmenter_model import LoadedSegmenter

TIFFS = (".tif", ".tiff")
Begin = Callable[[str, OutputPaths, bool], None]  # the image's key, its files, whether it is large


@dataclass(frozen=True)
class ImageJob:
    """One image to be labelled.

    `request` is what is computed, `paths` where it goes, `num_pixels` the size of the image.
    """

    file: ImageFile
    paths: OutputPaths
    request: Request
    num_pixels: int

    @property
    def is_large(self) -> bool:
        return self.num_pixels > LARGE_PIXELS


@dataclass
class ImagePredictor:
    """Label images, one after the other.

    Args:
        ready: The segmenter.
        begin: Called before the files of an image are written.
        on_progress: Called with the share of an image that was just done.

    Attributes:
        num_read: Images that were read as a whole.
        num_grey: Those of them without colour.
    """

    ready: LoadedSegmenter
    begin: Begin
    on_progress: Callable[[float], None]
    num_read: int = 0
    num_grey: int = 0

    def predict(self, job: ImageJob) -> None:
        """Label an image, and write its files.

        Raises `UnreadableImageError` where it cannot be read.
        """
        file, request = job.file, job.request
        job.paths.folder.mkdir(parents=True, exist_ok=True)
        if job.is_large:  # what a stopped run has labelled is gone on with where the bytes are the same
            request = {**request, "stamp": sample_of(file.file)}
        if job.is_large and file.file.suffix.lower() in TIFFS:
            try:
                with open_rows(file.file, self.ready.rules) as rows:
                    self._predict_rows(job.paths, rows.height, rows.width, rows.read, request)
                return
            except UnreadableImageError as error:
                # Of a kind that is not read by rows, such as one that is turned; up to that limit all are read whole.
                if error.problem != "unsupported" or job.num_pixels > MAX_PIXELS:
                    raise
        picture = read_picture(file.file, rules=self.ready.rules)
        self.num_read += 1
        self.num_grey += picture.grey
        if job.is_large:
            read = lambda top, bottom: picture.pixels[top:bottom]  # noqa: E731
            self._predict_rows(job.paths, picture.height, picture.width, read, request)
        else:
            self._predict_whole(job, picture)

    def _windows(self, height: int, width: int, request: Request) -> Windows:
        scale, network = request.get("scale", 1.0), self.ready.runtime.network
        return choose_windows(network, height, width, request["tile"], request["overlap"], scale)

    def _predict_whole(self, job: ImageJob, picture: Picture) -> None:
        windows = self._windows(picture.height, picture.width, job.request)
        label_HW, probability_KHW = label_pixels(
            self.ready.runtime, picture.pixels, windows, probabilities=job.paths.with_probabilities,
            on_progress=self.on_progress,
        )  # fmt: skip
        self.begin(job.file.path, job.paths, False)
        write_small(job.paths, picture.pixels, label_HW, probability_KHW, self.ready.classes)

    def _predict_rows(
        self,
        paths: OutputPaths,
        height: int,
        width: int,
        read: Callable[[int, int], np.ndarray],
        request: Request,
    ) -> None:
        windows = self._windows(height, width, request)
        key = {**request, "tile": windows.tile, "height": height, "width": width}
        with _map_probabilities(paths, (self.ready.runtime.num_classes, height, width)) as probability_KHW:
            predict_rows(
                self.ready.runtime, height, width, read, windows, paths.scratch, key=key,
                probability_KHW=probability_KHW, on_progress=self.on_progress,
            )  # fmt: skip
        self.begin(request["path"], paths, True)
        write_large(paths, LabelFile(paths.scratch, height, width), read, self.ready.classes)


def is_large(file: ImageFile) -> bool:
    """Whether a label map is a TIFF in tiles.

    False for what cannot be read.
    """
    try:
        width, height = read_size(file.file)
    except UnreadableImageError:
        return False
    return width * height > LARGE_PIXELS


@contextmanager
def _map_probabilities(paths: OutputPaths, shape: tuple[int, int, int]) -> Iterator[np.ndarray | None]:
    """Map the file of probabilities (K, H, W) into memory, where it is written."""
    if not paths.with_probabilities:
        yield None
        return
    mapped = _left_over(paths, shape)
    if mapped is None:
        # Rows that are known to be labelled would not be labelled again, and have no probabilities here.
        state_file(paths.scratch).unlink(missing_ok=True)
        mapped = import_tifffile().memmap(
            paths.probabilities_file, shape=shape, dtype=np.float16, photometric="minisblack", bigtiff=True
        )
    yield mapped
    mapped.flush()


def _left_over(paths: OutputPaths, shape: tuple[int, int, int]) -> np.memmap | None:
    """What a stopped run left to be gone on with; None where that is nothing, half a file or for other classes."""
    try:
        mapped: np.memmap = import_tifffile().memmap(paths.probabilities_file, mode="r+")
    except Exception:  # tifffile raises almost anything on half a file
        return None
    return mapped if mapped.shape == shape and mapped.dtype == np.float16 else None
