"""What a training of a segmenter shows: pictures after each epoch, curves, the table of classes, a page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unpool.core.atomic_files import write_bytes, write_text
from unpool.images.masks.pixel_classes import PixelClasses
from unpool.training.history import Entry
from unpool.training.tensorboard import LOGS, Log, TensorBoardLog

REPORT = "report"
SHOWN = 4  # images in each picture
OTHERS = 8  # epochs whose pictures the page has, besides the last
QUALITY = 88  # of the pictures


class SegmentLog(Log):
    """TensorBoard's scalars, and after every epoch a picture of image | prediction | truth."""

    def __init__(self, out: Path, network: Any, images: Any, classes: PixelClasses) -> None:
        self.out, self.network, self.images, self.classes = out, network, images, classes
        self.inner = Log()

    def begun(self, first_step: int) -> SegmentLog:
        """The log of a run that begins at this step; pictures of another run are removed."""
        self.inner = TensorBoardLog(self.out / LOGS, first_step)
        if not first_step:
            for left in pictures_in(self.out):
                left.unlink()
        return self

    def step(self, step: int, loss: float, rate: float) -> None:
        self.inner.step(step, loss, rate)

    def epoch(self, entry: Entry) -> None:
        self.inner.epoch(entry)
        picture = examples(self.network, self.images, self.classes)
        write_bytes(self.out / REPORT / f"epoch-{entry['epoch']:04d}.jpg", picture)

    def close(self) -> None:
        self.inner.close()


def pictures_in(out: Path) -> list[Path]:
    """The pictures of epochs, in their order."""
    return sorted((out / REPORT).glob("epoch-????.jpg"))


def examples(network: Any, images: Any, classes: PixelClasses) -> bytes:
    """Some images that are validated on, else some that are trained on, as a JPEG."""
    from unpool.report.segments import draw_rows

    rows = [_row(network, images, place) for place in _places(images)]
    buffer = io.BytesIO()
    draw_rows(rows, classes.names, classes.colours).save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _places(images: Any) -> list[tuple[bool, int]]:
    held = bool(images.windows)
    count = len(images.windows) if held else len(images)
    return [(held, int(place)) for place in np.linspace(0, count - 1, min(SHOWN, count)).round()]


def _row(network: Any, images: Any, place: tuple[bool, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    import torch

    from unpool.networks.autoencoder import evaluating

    held, number = place
    pixels_HW3, label_HW = images.window(number) if held else images.whole(number)
    with evaluating(network):
        scores_1KHW = network(images.normalised(torch.from_numpy(pixels_HW3).permute(2, 0, 1)[None]))
    return pixels_HW3, scores_1KHW.argmax(dim=1)[0].to(torch.uint8).cpu().numpy(), label_HW


def write_report(
    out: Path,
    network: Any,
    images: Any,
    classes: PixelClasses,
    record: dict[str, Any],
    epochs: Sequence[Entry],
) -> None:
    """report/index.html, curves.png and examples.jpg, of the best network."""
    from unpool.report.pictures import draw_loss
    from unpool.report.segments import build_segment_page

    write_bytes(out / "loss.png", draw_loss(epochs))
    write_bytes(out / REPORT / "examples.jpg", examples(network, images, classes))
    kept = pictures_in(out)
    chosen = [kept[int(place)] for place in np.linspace(0, len(kept) - 1, min(OTHERS, len(kept))).round()]
    figures = [("the best network", out / REPORT / "examples.jpg"), ("losses", out / "loss.png")]
    figures += [(f"after epoch {int(path.stem[-4:])}", path) for path in chosen]
    text = build_segment_page(
        f"{record['network']}, {out.name}", _facts(record), figures, _table(classes, record)
    )
    write_text(out / REPORT / "index.html", text)


def _facts(record: dict[str, Any]) -> dict[str, str]:
    def number(value: Any) -> str:
        return "–" if value is None else f"{value:.4f}"

    return {
        "images": f"{record['images']}",
        "steps": f"{record['steps']} of {record['batch']} crops",
        "mean IoU on validation images": number(record["val_miou"]),
        "best epoch": str(record["best_epoch"]),
        "training loss": number(record["train_loss"]),
        "validation loss": number(record["val_loss"]),
        "images enlarged": f"×{record['enlarge']:g}",
    }


def _table(classes: PixelClasses, record: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    iou = record["iou"] or {}
    rows = [
        [
            name,
            f"{100 * record['frequencies'][name]:.2f} %",
            "–" if iou.get(name) is None else f"{iou[name]:.3f}",
        ]
        for name in classes.names
    ]
    return ["class", "share of pixels", "IoU"], rows
