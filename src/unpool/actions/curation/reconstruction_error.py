"""How badly the model of a workspace rebuilds each image from its code alone: the column `reconstruction_error`."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.scan import ImageFile
from unpool.images.source import FolderSource
from unpool.inference.embedding import Form
from unpool.inference.model import pick_device
from unpool.store.columns import OK
from unpool.store.origin import source_of
from unpool.store.state import MODEL
from unpool.store.table import ImageTable
from unpool.training.model_file import describe_model, has_model, load_model

BATCH = 64
FLUSH_SECONDS = 5.0  # a stopped run loses as much


def note_reconstruction_errors(work: Path, table: ImageTable, device: str, progress: Progress) -> None:
    """Write the mean squared error, pixels in 0..1 at the network's size, of every image that has none yet.

    Nothing is done where the model has no trained decoder. Images that can no longer be read are left without.
    Raises `UnpoolError` where the images' folder or set is not there any more.
    """
    if not has_trained_decoder(work / MODEL):
        return
    paths = table.arrow(["path"], where=f"status = '{OK}' AND reconstruction_error IS NULL")[
        "path"
    ].to_pylist()
    if paths:
        _Rebuilding(work, table, device).run(paths, progress)


def has_trained_decoder(folder: Path) -> bool:
    """Whether a model was trained to rebuild images; told without opening it."""
    if not has_model(folder):
        return False
    told = describe_model(folder)
    is_trained = told.get("training") is not None and told["kind"] == "encoder"
    return is_trained and not told["classes"] and told["options"].get("decoder") != "none"


class _Rebuilding:
    """The network of a workspace, and its images read for it."""

    def __init__(self, work: Path, table: ImageTable, device: str) -> None:
        self.table, self.device = table, pick_device(device)
        self.source = source_of(work)
        self.network: Any = load_model(work / MODEL)
        self.network.use_indices = False  # they would carry the images past their codes
        prep = self.network.preprocessing
        self.form = Form(prep.size, prep.channels, prep.crop)

    def run(self, paths: Sequence[str], progress: Progress) -> None:
        """Rebuild the images of these paths and write how it went, every few seconds."""
        from unpool.networks.decoders.base import NoDecoder

        if isinstance(getattr(self.network, "decoder", NoDecoder()), NoDecoder):
            return
        waiting: dict[str, float] = {}
        written = time.perf_counter()
        with progress.stage("rebuilding", len(paths), "images") as stage:
            for some, error_B in self._errors(paths):
                waiting |= dict(zip(some, error_B.tolist(), strict=True))
                stage.advance(BATCH)
                if time.perf_counter() - written > FLUSH_SECONDS:
                    self._write(waiting)
                    waiting, written = {}, time.perf_counter()
        self._write(waiting)

    def _errors(self, paths: Sequence[str]) -> Iterator[tuple[list[str], np.ndarray]]:
        """Paths of a batch that could be read, and their errors."""
        from unpool.inference.reconstruction import reconstruct

        starts = range(0, len(paths), BATCH)
        for some, pixels_BSSC in map_ordered(
            lambda start: self._read(paths[start : start + BATCH]), starts, usable_cores()
        ):
            if some:
                made = next(reconstruct(self.network, [pixels_BSSC], device=self.device))
                if not np.isfinite(made.mse_B).all():
                    raise UnpoolError(
                        f"model {self.table.work / MODEL} gives values that are no numbers; train it anew"
                    )
                yield some, made.mse_B

    def _read(self, paths: Sequence[str]) -> tuple[list[str], np.ndarray]:
        read, pixels = [], []
        for path in paths:
            file = self.source.folder / path if isinstance(self.source, FolderSource) else Path(path)
            try:
                picture = self.source.read(ImageFile(path, file, 0, 0.0), self.form.size)
            except (UnreadableImageError, KeyError):  # gone or changed since it was embedded
                continue
            read.append(path)
            pixels.append(self.form.fit(picture))
        return read, np.stack(pixels) if pixels else np.zeros(0, np.uint8)

    def _write(self, error: dict[str, float]) -> None:
        self.table.update(list(error), {"reconstruction_error": np.array(list(error.values()), np.float32)})
