"""`unpool segment`: train, predict and evaluate networks that label every pixel."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from cyclopts import App

from unpool.cli.parameters import Common, Minutes, Steps, option, report_progress, tell
from unpool.cli.render import literal, segmented, short, trained_segmenter
from unpool.options import CLASS_WEIGHTS, PRECISIONS, SEGMENTERS, UNKNOWN, UPSAMPLINGS

COMMON = Common()
Unknown = Annotated[Literal[*UNKNOWN], option("unknown")]  # type: ignore[valid-type]
SegmentModel = Annotated[Path, option("segment-model", "--model")]

segment_app = App(
    name="segment",
    help="A label for every pixel: train on images and masks, predict images of any size, evaluate.",
    help_format="plaintext",
)


@segment_app.command
def train(
    images: Path,
    masks: Path,
    /,
    *,
    out: Annotated[Path, option("out")],
    network: Annotated[Literal[*SEGMENTERS] | None, option("segmenter")] = None,  # type: ignore[valid-type]
    backbone: Annotated[str | None, option("backbone")] = None,
    weights: Annotated[str | None, option("weights")] = None,
    classes: Annotated[Path | None, option("classes")] = None,
    ignore: Annotated[int | None, option("ignore")] = None,
    val_images: Annotated[Path | None, option("val-images")] = None,
    val_masks: Annotated[Path | None, option("val-masks")] = None,
    val: Annotated[float | None, option("segment-val")] = None,
    size: Annotated[int | None, option("crop")] = None,
    enlarge: Annotated[float | None, option("enlarge")] = None,
    batch: Annotated[int, option("batch")] = 8,
    epochs: Annotated[int | None, option("epochs")] = None,
    steps: Steps = None,
    minutes: Minutes = None,
    lr: Annotated[float | None, option("lr")] = None,
    backbone_lr: Annotated[float | None, option("backbone-lr")] = None,
    freeze: Annotated[bool, option("freeze", "--freeze", negative="")] = False,
    loss: Annotated[str | None, option("pixel-loss")] = None,
    class_weights: Annotated[Literal[*CLASS_WEIGHTS] | None, option("class-weights")] = None,  # type: ignore[valid-type]
    optimizer: Annotated[str, option("optimizer")] = "adamw",
    weight_decay: Annotated[float | None, option("weight-decay")] = None,
    schedule: Annotated[str, option("schedule")] = "cosine",
    patience: Annotated[int | None, option("patience")] = None,
    augment: Annotated[str | None, option("crops")] = None,
    upsampling: Annotated[Literal[*UPSAMPLINGS] | None, option("upsampling")] = None,  # type: ignore[valid-type]
    unknown: Unknown = "refuse",
    precision: Annotated[Literal[*PRECISIONS], option("precision")] = "auto",  # type: ignore[valid-type]
    resume: Annotated[bool, option("resume", "--resume", negative="")] = False,
    common: Common = COMMON,
) -> None:
    """Train a network on IMAGES and their MASKS, and write a model folder.

    Masks are matched to images by name. They hold whole numbers, palette indices or colours; without --classes what
    they mean is found by looking, and told. Images without a mask are left out. The network that does best on the
    images validated on is kept.
    """
    from unpool.actions.segmentation.train import segment_train as act

    told = act(
        images, masks, out=out, network=network, backbone=backbone, weights=weights, classes=classes, ignore=ignore,
        val_images=val_images, val_masks=val_masks, val=val, size=size, enlarge=enlarge, batch=batch, epochs=epochs,
        steps=steps, minutes=minutes, lr=lr, backbone_lr=backbone_lr, freeze=freeze, loss=loss,
        class_weights=class_weights, optimizer=optimizer, weight_decay=weight_decay, schedule=schedule,
        patience=patience, augment=augment, upsampling=upsampling, unknown=unknown, precision=precision,
        resume=resume, seed=common.seed, device=common.device, progress=report_progress(),
    )  # fmt: skip
    tell(told, common, trained_segmenter(told))


@segment_app.command
def predict(
    images: Path,
    /,
    *,
    model: SegmentModel,
    out: Annotated[Path, option("segment-out")],
    overlap: Annotated[float | None, option("overlap")] = None,
    tile: Annotated[int | None, option("tile")] = None,
    probabilities: Annotated[bool, option("probabilities", "--probabilities", negative="")] = False,
    common: Common = COMMON,
) -> None:
    """Label every pixel of an image or of all images in a folder.

    Writes STEM.png, whose values are the classes with their colours as a palette, and STEM.overlay.png; for a large
    image STEM.tif and a reduced overlay. Images that are there already are left out: the same command goes on.
    """
    from unpool.actions.segmentation.predict import segment_predict as act

    typed = {} if overlap is None else {"overlap": overlap}
    told = act(
        images, model=model, out=out, tile=tile, probabilities=probabilities, device=common.device,
        progress=report_progress(), **typed,
    )  # fmt: skip
    tell(told, common, literal(f"{told['images']} images in {told['out']}, {told['predicted']} of them new"))


@segment_app.command
def evaluate(
    images: Path,
    masks: Path,
    /,
    *,
    model: SegmentModel,
    unknown: Unknown = "refuse",
    out: Annotated[Path | None, option("out")] = None,
    common: Common = COMMON,
) -> None:
    """How well a model labels IMAGES whose MASKS are known: accuracies, and intersection over union of each class.

    With --out a confusion picture is written there.
    """
    from unpool.actions.segmentation.evaluate import segment_evaluate as act

    told = act(
        images, masks, model=model, unknown=unknown, out=out, device=common.device, progress=report_progress()
    )
    tell(told, common, literal(segmented(told, short)))
