"""`unpool segment`: train, predict and evaluate networks that label every pixel."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

from cyclopts import App

from unpool.actions.segmentation.settings import (
    PredictSettings,
    SegmentationSettings,
    SegmentEvaluateSettings,
)
from unpool.cli.parameters import Common, flag, flatten_settings, print_result, report_progress
from unpool.cli.render import format_segmentation_quality, format_segmenter_training

COMMON = Common()
SegmentModel = Annotated[Path, flag("segment-model", "model")]

segment_app = App(
    name="segment",
    help="Label every pixel: train on images and masks, predict images of any size, evaluate.",
    help_format="plaintext",
)


@segment_app.command
@flatten_settings
def train(
    images: Path,
    masks: Path,
    /,
    *,
    out: Annotated[Path, flag("out")],
    settings: SegmentationSettings,
    common: Common = COMMON,
) -> None:
    """Train a network on IMAGES and their MASKS.

    Writes a model folder.

    MASKS is a folder, or annotations of COCO, YOLO, LabelMe, CVAT or Label Studio, which bring the names of their
    classes. Masks are matched to images by name. They hold whole numbers, palette indices or colours; without
    --classes their meaning is inferred and reported. Images without a mask are left out. The weights that do best
    on the validation images are kept.
    """
    from unpool.actions.segmentation.train import segment_train

    if settings.val_images is not None and settings.val_masks is not None:
        val_images, val_masks = _as_folder(settings.val_images), _as_folder(settings.val_masks)
        settings = replace(settings, val_images=val_images, val_masks=val_masks)
    images, masks = _as_folder(images), _as_folder(masks)
    result = segment_train(images, masks, settings, out=out, progress=report_progress())
    print_result(result, common, format_segmenter_training(result))


@segment_app.command
@flatten_settings
def predict(
    images: Path,
    /,
    *,
    model: SegmentModel,
    out: Annotated[Path, flag("segment-out", "out")],
    settings: PredictSettings,
    common: Common = COMMON,
) -> None:
    """Label every pixel of one image or a folder.

    Writes STEM.png, whose values are the classes with their colours as a palette, and STEM.overlay.png; for a large
    image STEM.tif and a reduced overlay. --to writes what other tools read, too. Images with
    up-to-date results are skipped: the same command resumes.
    """
    from unpool.actions.segmentation.predict import segment_predict

    result = segment_predict(_as_folder(images), settings, model=model, out=out, progress=report_progress())
    text = "\n".join(
        [
            f"{result['images']} images in {result['out']}, {result['predicted']} of them new",
            *result["labels"].values(),
        ]
    )
    print_result(result, common, text)


@segment_app.command
@flatten_settings
def evaluate(
    images: Path,
    masks: Path,
    /,
    *,
    model: SegmentModel,
    settings: SegmentEvaluateSettings,
    common: Common = COMMON,
) -> None:
    """Measure a model on IMAGES with MASKS.

    Accuracies, and the intersection over union of each class.

    With --out a confusion picture is written there.
    """
    from unpool.actions.segmentation.evaluate import segment_evaluate

    images, masks = _as_folder(images), _as_folder(masks)
    result = segment_evaluate(images, masks, settings, model=model, progress=report_progress())
    print_result(result, common, format_segmentation_quality(result))


def _as_folder(place: Path) -> Path:
    """Unpack what lies in an archive, once."""
    from unpool.images.archives.unpacked import as_folder_of_files

    return as_folder_of_files(place)
