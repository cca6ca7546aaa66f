"""A segmenter's model folder put to work."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.masks.pixel_classes import PixelClasses
from unpool.inference.model import pick_device
from unpool.inference.segmenter import OnnxSegmenterRuntime, SegmenterRuntime, export_segmenter
from unpool.training.model_file import SEGMENTER_ONNX, expect_kind, load_model, model_id


@dataclass(frozen=True)
class LoadedSegmenter:
    """The scores it gives, its classes, and a short name that changes with its weights."""

    scorer: SegmenterRuntime
    classes: PixelClasses
    id: str


def load_segmenter(folder: Path, device: str, progress: Progress) -> LoadedSegmenter:
    """Open a model folder for prediction; on a CPU it is exported to ONNX the first time.

    Raises `UnpoolError` where the folder holds no segmenter.
    """
    described = expect_kind(folder, "segmenter")
    if described.get("masks") is None:
        raise UnpoolError(
            f"{folder} does not say how its classes are written; train it with unpool segment train"
        )
    classes = PixelClasses.from_dict(described["masks"])
    return LoadedSegmenter(_scorer(folder, pick_device(device), progress), classes, model_id(folder))


def _scorer(folder: Path, device: str, progress: Progress) -> SegmenterRuntime:
    network = load_model(folder)
    if device != "cpu":
        return SegmenterRuntime(network, device)
    path = folder / SEGMENTER_ONNX
    try:
        if not path.is_file():
            with progress.stage("exporting"):
                export_segmenter(network, path)
        return OnnxSegmenterRuntime(network, path, usable_cores())
    except (UnpoolError, OSError) as error:
        progress.message(f"predicting with torch instead of ONNX Runtime: {error}")
        return SegmenterRuntime(network)
