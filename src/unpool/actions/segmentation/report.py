"""The report of a segmenter's training.

H height, W width, C channels, K classes.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unpool.actions.training.run import Record
from unpool.core.atomic_files import write_bytes, write_text
from unpool.images.masks.pixel_classes import PixelClasses
from unpool.training.history import Entry
from unpool.training.tensorboard import LOGS, Log, TensorBoardLog

if TYPE_CHECKING:
    from unpool.networks.segmentation.segmenter import Segmenter
    from unpool.training.data.masked_datasets import MaskedImages

REPORT = "report"
NUM_EXAMPLES = 4  # images in each picture
NUM_EPOCHS = 8  # whose pictures the page has, besides the best
JPEG_QUALITY = 88


class SegmentLog(Log):
    """Log scalars to TensorBoard, and draw examples every epoch.

    Examples show image | prediction | truth.

    Args:
        out: the model folder; pictures of another run in it are removed where this one starts.
        network: the segmenter.
        images: those validated on, else those trained on, are drawn.
        classes: names and colours.
        first_step: the step that the run begins at.
    """

    def __init__(
        self, out: Path, network: Segmenter, images: MaskedImages, classes: PixelClasses, first_step: int = 0
    ) -> None:
        self.out, self.network, self.images, self.classes = out, network, images, classes
        self.inner = TensorBoardLog(out / LOGS, first_step)
        if not first_step:
            for left in pictures_in(out):
                left.unlink()

    def step(self, step: int, loss: float, rate: float) -> None:
        """Log the running loss and the learning rate.

        Args:
            step: the number of the step.
            loss: the mean of the epoch so far.
            rate: the learning rate.
        """
        self.inner.step(step, loss, rate)

    def epoch(self, entry: Entry) -> None:
        """Log an epoch, and draw examples."""
        self.inner.epoch(entry)
        picture = draw_examples(self.network, self.images, self.classes)
        write_bytes(self.out / REPORT / f"epoch-{entry['epoch']:04d}.jpg", picture)

    def close(self) -> None:
        """Write what is left."""
        self.inner.close()


def pictures_in(out: Path) -> list[Path]:
    """List the pictures of epochs, in their order."""
    return sorted((out / REPORT).glob("epoch-????.jpg"))


def draw_examples(network: Segmenter, images: MaskedImages, classes: PixelClasses) -> bytes:
    """Draw some images with predictions and truth.

    Args:
        network: the segmenter.
        images: those validated on, else those trained on, are drawn.
        classes: names and colours.

    Returns:
        A JPEG.
    """
    from unpool.report.segments import draw_rows

    rows = [_row(network, images, place) for place in _places(images)]
    buffer = io.BytesIO()
    draw_rows(rows, classes.names, classes.colours).save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()


def _places(images: MaskedImages) -> list[tuple[bool, int]]:
    held = bool(images.windows)
    count = len(images.windows) if held else len(images)
    return [(held, int(place)) for place in np.linspace(0, count - 1, min(NUM_EXAMPLES, count)).round()]


def _row(
    network: Segmenter, images: MaskedImages, place: tuple[bool, int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    import torch

    from unpool.networks.layers.evaluation import evaluating

    held, number = place
    pixels_HW3, label_HW = images.window(number) if held else images.whole(number)
    with evaluating(network):
        scores_1KHW = network(images.normalised(torch.from_numpy(pixels_HW3).permute(2, 0, 1)[None]))
    return pixels_HW3, scores_1KHW.argmax(dim=1)[0].to(torch.uint8).cpu().numpy(), label_HW


def write_report(
    out: Path,
    network: Segmenter,
    images: MaskedImages,
    classes: PixelClasses,
    record: Record,
) -> None:
    """Write report/index.html and examples.jpg, of the best network.

    Args:
        out: the model folder; its loss.png is there already.
        network: the segmenter with its best weights.
        images: those validated on, else those trained on, are drawn.
        classes: names and colours.
        record: the training record.
    """
    from unpool.report.segments import build_segment_page

    write_bytes(out / REPORT / "examples.jpg", draw_examples(network, images, classes))
    kept = pictures_in(out)
    shown = [kept[int(place)] for place in np.linspace(0, len(kept) - 1, min(NUM_EPOCHS, len(kept))).round()]
    figures = [("the best network", out / REPORT / "examples.jpg"), ("losses", out / "loss.png")]
    figures += [(f"after epoch {int(path.stem[-4:])}", path) for path in shown]
    text = build_segment_page(
        f"{record['network']}, {out.name}", _facts(record), figures, _table(classes, record)
    )
    write_text(out / REPORT / "index.html", text)


def _facts(record: Record) -> dict[str, str]:
    def number(value: float | None) -> str:
        return "–" if value is None else f"{value:.4f}"

    return {
        "images": f"{record['images']}",
        "steps": f"{record['steps']} of {record['batch']} crops",
        "mean IoU on validation images": number(record["val_miou"]),
        **_cross_validated(record),
        "best epoch": str(record["best_epoch"]),
        "training loss": number(record["train_loss"]),
        "validation loss": number(record["val_loss"]),
        "images enlarged": f"×{record['enlarge']:g}",
    }


def _cross_validated(record: Record) -> dict[str, str]:
    if record.get("val_miou_cv") is None:
        return {}
    what = f"{record['folds']} trainings of {record['fold_steps']} steps on parts of the images"
    return {"mean IoU by cross-validation": f"{record['val_miou_cv']:.4f} ({what})"}


def _table(classes: PixelClasses, record: Record) -> tuple[list[str], list[list[str]]]:
    iou = record["iou"] or record.get("iou_cv") or {}
    rows = [
        [
            name,
            f"{100 * record['frequencies'][name]:.2f} %",
            "–" if iou.get(name) is None else f"{iou[name]:.3f}",
        ]
        for name in classes.names
    ]
    return ["class", "share of pixels", "IoU"], rows
