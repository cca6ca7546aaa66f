"""The column `reconstruction_error`: images compared with their reconstructions.

Shapes: B images in a batch, S the side of the network's input, C channels.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np

from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.pixel_cache import map_ordered
from unpool.inference.model import pick_device
from unpool.store.columns import OK
from unpool.store.origin import source_of
from unpool.store.state import MODEL
from unpool.store.table import ImageTable
from unpool.training.model_file import describe_model, has_model, load_model

if TYPE_CHECKING:
    from unpool.networks.autoencoder import Autoencoder

BATCH = 64
FLUSH_INTERVAL = 5.0  # seconds; an interrupted run loses as much


def compute_reconstruction_errors(work: Path, table: ImageTable, device: str, progress: Progress) -> None:
    """Compute the reconstruction error where it is missing.

    It is the mean squared error of pixels in 0..1 at the network's size. Nothing is done where the model has no
    trained decoder. Images that can no longer be read are left without.

    Args:
        work: the workspace.
        table: its table, which is written.
        device: "auto", "cpu", "cuda" or "mps".
        progress: where stages go.

    Raises:
        UnpoolError: it is not known where the images are, their data set cannot be had, or the model returns values
            that are not finite.
    """
    if not has_trained_decoder(work / MODEL):
        return
    rows = table.arrow(["path"], where=f"status = '{OK}' AND reconstruction_error IS NULL")
    paths = rows["path"].to_pylist()
    if paths:
        _ErrorPass(work, table, device).run(paths, progress)


def has_trained_decoder(folder: Path) -> bool:
    """Whether a model was trained to reconstruct images."""
    if not has_model(folder):
        return False
    description = describe_model(folder)
    is_trained = description.get("training") is not None and description["kind"] == "encoder"
    return is_trained and not description["classes"] and description["options"].get("decoder") != "none"


class _ErrorPass:
    """One pass over images: the network of the workspace, and its source."""

    def __init__(self, work: Path, table: ImageTable, device: str) -> None:
        self.table, self.device = table, pick_device(device)
        self.source = source_of(work)
        self.network = cast("Autoencoder", load_model(work / MODEL))
        self.network.use_indices = False  # they would carry the images past their codes
        self.preprocessing = self.network.preprocessing

    def run(self, paths: Sequence[str], progress: Progress) -> None:
        """Reconstruct the images of these paths, and write their errors every few seconds."""
        from unpool.networks.decoders.base import NoDecoder

        if isinstance(getattr(self.network, "decoder", NoDecoder()), NoDecoder):
            return
        pending: dict[str, float] = {}
        last_write, num_seen = time.perf_counter(), 0
        with progress.stage("reconstructing", len(paths), "images") as stage:
            for some, error_B in self._errors(paths):
                pending |= dict(zip(some, error_B.tolist(), strict=True))
                num_seen = min(num_seen + BATCH, len(paths))  # some could not be read
                stage.reach(num_seen)
                if time.perf_counter() - last_write > FLUSH_INTERVAL:
                    self._write(pending)
                    pending, last_write = {}, time.perf_counter()
        self._write(pending)

    def _errors(self, paths: Sequence[str]) -> Iterator[tuple[list[str], np.ndarray]]:
        """The paths of each batch that could be read, and their errors."""
        from unpool.inference.reconstruction import reconstruct

        starts = range(0, len(paths), BATCH)
        for some, pixels_BSSC in map_ordered(
            lambda start: self._read(paths[start : start + BATCH]), starts, usable_cores()
        ):
            if some:
                rebuilt = next(reconstruct(self.network, [pixels_BSSC], device=self.device))
                if not np.isfinite(rebuilt.mse_B).all():
                    raise UnpoolError(
                        f"model {self.table.work / MODEL} returns values that are not finite; train it again"
                    )
                yield some, rebuilt.mse_B

    def _read(self, paths: Sequence[str]) -> tuple[list[str], np.ndarray]:
        read, pixels = [], []
        for path in paths:
            try:
                picture = self.source.read(self.source.locate(path), self.preprocessing.size)
            except (UnreadableImageError, KeyError):  # gone or changed since it was embedded
                continue
            read.append(path)
            pixels.append(self.preprocessing.fit(picture))
        return read, np.stack(pixels) if pixels else np.zeros(0, np.uint8)

    def _write(self, error_of: dict[str, float]) -> None:
        values = np.array(list(error_of.values()), np.float32)
        self.table.update(list(error_of), {"reconstruction_error": values})
