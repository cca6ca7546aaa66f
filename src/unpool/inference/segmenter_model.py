"""Open a segmenter's model folder for prediction."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path

from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.masks.pixel_classes import PixelClasses
from unpool.images.values.rules import NO_RULES, ValueRules
from unpool.inference.encoder import open_runtime
from unpool.inference.model import pick_device
from unpool.inference.segmenter import OnnxSegmenterRuntime, SegmenterRuntime, export_segmenter
from unpool.networks.segmentation.scales import LearntScales
from unpool.training.model_file import SEGMENTER_ONNX, expect_kind, load_model, model_id, rules_of_model


@dataclass(frozen=True)
class LoadedSegmenter:
    """The segmenter of a model folder, ready to use.

    `id` changes with the weights, `channels` is 1 or 3. `grey_share` is the share of images without colour that it
    was trained on; None for models that do not say it. `rules` are those by which values of more than 8 bits were
    scaled for it. `learnt` are the sizes of its training images; None for models that do not say them.
    """

    runtime: SegmenterRuntime
    classes: PixelClasses
    id: str
    channels: int = 3
    grey_share: float | None = None
    rules: ValueRules = NO_RULES
    learnt: LearntScales | None = None


def load_segmenter(
    folder: Path, device: str, progress: Progress, threads: int | None = None
) -> LoadedSegmenter:
    """Open a model folder for prediction.

    On a CPU the segmenter is exported to ONNX the first time.

    Args:
        folder: The model folder.
        device: Where it runs: auto, cpu, cuda or mps.
        progress: Receives stages and messages.
        threads: Of one run; None for one a core.

    Returns:
        The segmenter, with its classes.

    Raises:
        UnpoolError: the folder holds no segmenter.
    """
    described = expect_kind(folder, "segmenter")
    if described.get("masks") is None:
        raise UnpoolError(
            f"{folder} does not say how its classes are written; train it with unpool segment train"
        )
    classes = PixelClasses.from_dict(described["masks"])
    training, channels = (
        described.get("training") or {},
        described.get("preprocessing", {}).get("channels", 3),
    )
    num_grey, num_images = training.get("grey"), training.get("images")
    grey_share = num_grey / num_images if num_grey is not None and num_images else None
    runtime = _open(folder, pick_device(device), progress, threads)
    rules = rules_of_model(folder)
    learnt = runtime.network.learnt
    return LoadedSegmenter(runtime, classes, model_id(folder), channels, grey_share, rules, learnt)


def _open(folder: Path, device: str, progress: Progress, threads: int | None = None) -> SegmenterRuntime:
    network = load_model(folder)

    def on_onnx(file: Path) -> SegmenterRuntime:
        return OnnxSegmenterRuntime(network, file, threads or usable_cores())

    def on_torch(where: str) -> SegmenterRuntime:
        return SegmenterRuntime(network, where)

    def export(file: Path) -> None:
        export_segmenter(network, file)

    file = folder / SEGMENTER_ONNX
    runtime = open_runtime(
        file, device, export=export, on_onnx=on_onnx, on_torch=on_torch, progress=progress
    )  # fmt: skip
    if isinstance(runtime, OnnxSegmenterRuntime) and not runtime.is_current:
        # The former file serves as it is where no other can be written.
        with contextlib.suppress(OSError, UnpoolError), progress.stage("exporting"):
            export(file)
            return on_onnx(file)
    return runtime
