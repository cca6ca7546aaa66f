"""Options of `unpool segment train`, `predict` and `evaluate`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

from unpool.actions.training.settings import (
    LoopSettings,
    check_one_duration,
    check_optimisation,
    has_duration,
)
from unpool.errors import UsageError
from unpool.options import OPTIONS, Scale
from unpool.training.plan import Plan

DEFAULT_EPOCHS = 40
DEFAULT_LR = 3e-3
DEFAULT_OPTIMIZER = "adamw"
DEFAULT_SCHEDULE = "cosine"
DEFAULT_WEIGHT_DECAY = 1e-2
DEFAULT_BATCH = 8

# What makes a network and its training this one, besides the plan and the folders.
_RUN_KEY = (
    "network", "backbone", "weights", "upsampling", "enlarge", "size", "loss", "class_weights", "augment",
    "freeze", "unknown",
)  # fmt: skip
_SELDOM = ("numbers", "drawn_on", "scales", "folds")
_LOCATIONS = ("classes", "ignore", "val_images", "val_masks", "val")


@dataclass(frozen=True)
class SegmentationSettings(LoopSettings):
    """Options of `unpool segment train`; see `unpool segment train --help` for ranges."""

    batch: Annotated[int | None, OPTIONS["batch"]] = DEFAULT_BATCH
    loss: Annotated[str | None, OPTIONS["pixel-loss"]] = None
    network: Annotated[str, OPTIONS["segmenter"]] = "fcn4s"
    backbone: Annotated[str | None, OPTIONS["backbone"]] = None
    backbone_lr: Annotated[float | None, OPTIONS["backbone-lr"]] = None
    weights: Annotated[str | None, OPTIONS["weights"]] = None
    classes: Annotated[Path | None, OPTIONS["classes"]] = None
    ignore: Annotated[int | None, OPTIONS["ignore"]] = None
    val_images: Annotated[Path | None, OPTIONS["val-images"]] = None
    val_masks: Annotated[Path | None, OPTIONS["val-masks"]] = None
    val: Annotated[float | None, OPTIONS["segment-val"]] = None
    size: Annotated[int | None, OPTIONS["crop"]] = None
    enlarge: Annotated[float | None, OPTIONS["enlarge"]] = None
    class_weights: Annotated[str, OPTIONS["class-weights"]] = "none"
    augment: Annotated[str, OPTIONS["crops"]] = "scenes"
    scales: Annotated[str | None, OPTIONS["scales"]] = None
    folds: Annotated[int | None, OPTIONS["folds"]] = None
    upsampling: Annotated[str | None, OPTIONS["upsampling"]] = None
    unknown: Annotated[str, OPTIONS["unknown"]] = "refuse"
    numbers: Annotated[str | None, OPTIONS["mask-numbers"]] = None
    drawn_on: Annotated[str | None, OPTIONS["drawn-on"]] = None

    @property
    def upsampling_name(self) -> str:
        """How scores are enlarged."""
        return self.upsampling or "interpolate"

    def run_key(self, images: Path, masks: Path) -> dict[str, Any]:
        """Return flat values that are equal for equal runs.

        model.json and checkpoints keep them.
        """
        values: dict[str, Any] = {name: getattr(self, name) for name in _RUN_KEY}
        values["upsampling"] = self.upsampling_name
        places = {"location": images, "masks": masks} | {name: getattr(self, name) for name in _LOCATIONS}
        resolved = {
            name: str(value.resolve()) if isinstance(value, Path) else value for name, value in places.items()
        }
        # Runs of earlier versions know nothing of these, and are resumed all the same.
        seldom = {name: getattr(self, name) for name in _SELDOM if getattr(self, name) is not None}
        return values | asdict(build_plan(self)) | resolved | seldom


@dataclass(frozen=True)
class PredictSettings:
    """Options of `unpool segment predict`.

    Args:
        overlap: share of a window that the next one covers too; None: a quarter.
        tile: side of the windows, pixels; None: large images alone are cut.
        scale: factor by which images are resized first; "auto": to the sizes learnt; None: 1, and a line where
            images are not of a size learnt.
        probabilities: write those too.
        to: formats to write beside the label maps, several with commas.
        device: where the network runs.
        engine: "local" or "ray".
        ray_address: of a cluster of Ray.
    """

    overlap: Annotated[float | None, OPTIONS["overlap"]] = None
    tile: Annotated[int | None, OPTIONS["tile"]] = None
    scale: Annotated[Scale | None, OPTIONS["scale"]] = None
    probabilities: Annotated[bool, OPTIONS["probabilities"]] = False
    to: Annotated[str, OPTIONS["mask-formats"]] = "png"
    device: Annotated[str, OPTIONS["device"]] = "auto"
    engine: Annotated[str, OPTIONS["engine"]] = "local"
    ray_address: Annotated[str | None, OPTIONS["ray-address"]] = None


@dataclass(frozen=True)
class SegmentEvaluateSettings:
    """Options of `unpool segment evaluate`.

    Args:
        unknown: what to do with mask values that are no class, "refuse", "ignore" or "nearest".
        numbers: "classes" where numbers count whatever a palette paints them in.
        drawn_on: whether masks lie as images are "shown" or "stored", where their sizes do not say it.
        scale: as of `PredictSettings`.
        out: a picture of the confusion to write.
        device: where the network runs.
    """

    unknown: Annotated[str, OPTIONS["unknown"]] = "refuse"
    numbers: Annotated[str | None, OPTIONS["mask-numbers"]] = None
    drawn_on: Annotated[str | None, OPTIONS["drawn-on"]] = None
    scale: Annotated[Scale | None, OPTIONS["scale"]] = None
    out: Annotated[Path | None, OPTIONS["out"]] = None
    device: Annotated[str, OPTIONS["device"]] = "auto"


def build_plan(settings: SegmentationSettings) -> Plan:
    """Build the plan of a training.

    Defaults are what did well here (docs/decisions/0009).
    """
    from unpool.training.optimisation.optimisers import has_weight_decay

    optimizer = settings.optimizer or DEFAULT_OPTIMIZER
    decay = settings.weight_decay
    if decay is None and has_weight_decay(optimizer):
        decay = DEFAULT_WEIGHT_DECAY
    return Plan(
        epochs=settings.epochs if has_duration(settings) else DEFAULT_EPOCHS,
        steps=settings.steps,
        minutes=settings.minutes,
        batch=settings.batch or DEFAULT_BATCH,
        optimizer=optimizer,
        schedule=settings.schedule or DEFAULT_SCHEDULE,
        lr=settings.lr or DEFAULT_LR,
        weight_decay=decay,
        val=0.0,
        patience=settings.patience,
        seed=settings.seed,
        backbone_lr=settings.backbone_lr,
    )


def check_segmentation(settings: SegmentationSettings) -> None:
    """Check names, and that no options exclude each other.

    Raises:
        UsageError: where one is wrong.
    """
    import numpy as np

    from unpool.images.masks.crop_presets import parse_crops, parse_scales
    from unpool.objectives.losses.class_weights import class_weights
    from unpool.objectives.losses.segmentation import DEFAULT, pixel_loss

    if (settings.val_images is None) != (settings.val_masks is None):
        raise UsageError("--val-images and --val-masks go together; give both or neither")
    if settings.val is not None and settings.val_images is not None:
        raise UsageError(
            f"--val {settings.val:g} and --val-images both say what is validated on; give one of them"
        )
    _check_folds(settings)
    check_one_duration(settings)
    if settings.freeze and settings.backbone_lr is not None:
        raise UsageError("--freeze and --backbone-lr exclude each other: a frozen backbone learns nothing")
    class_weights(np.ones((1, 2)), ["", ""], settings.class_weights)
    pixel_loss(settings.loss or DEFAULT)
    parse_crops(settings.augment, 64, scales=parse_scales(settings.scales))
    check_optimisation(build_plan(settings))
    if settings.network == "segnet" and settings.upsampling is not None:
        raise UsageError(
            f"--upsampling {settings.upsampling} has no effect on --network segnet, which unpools; leave it out"
        )


def _check_folds(settings: SegmentationSettings) -> None:
    if not settings.folds:
        return
    if settings.folds == 1:
        raise UsageError(
            "--folds is 1, but must be 0 for none or a number from 2 to 20: each part is held out once"
        )
    if settings.val_images is not None or settings.val:
        raise UsageError(
            f"--folds {settings.folds} and a validation exclude each other; give one of them, or --val 0"
        )
