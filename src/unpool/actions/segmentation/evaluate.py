"""`unpool segment evaluate`: how well a model labels images whose masks are known."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unpool.actions.segmentation.data import find_labelled, tell_problems
from unpool.core.atomic_files import write_bytes
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.masks.label_maps import try_pair
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.scan import Problem
from unpool.inference.predict_mask import choose_windows, label_pixels
from unpool.inference.segmenter_model import load_segmenter
from unpool.networks.segmentation.pixel_scores import count_pixels, scores_of
from unpool.options import check


def segment_evaluate(
    images: Path,
    masks: Path,
    *,
    model: Path,
    unknown: str = "refuse",
    out: Path | None = None,
    device: str = "auto",
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Predict every image as `segment predict` does, and count its pixels against its mask.

    Pixels that are no class do not count. Returns the JSON object of `unpool segment evaluate`; with `out` a
    picture of the confusion is written to that file. Raises `UnpoolError` for folders, masks or models that
    cannot be used.
    """
    progress = progress or Progress()
    check(device=device, unknown=unknown)
    found = find_labelled(images, masks, split="val", progress=progress)
    ready = load_segmenter(model, device, progress)
    began = time.perf_counter()
    num_classes = len(ready.classes)
    table_KK = np.zeros((num_classes, num_classes), np.int64)
    problems, counted = list(found.problems), 0

    read = partial(try_pair, classes=ready.classes, unknown=unknown)
    unusable: list[Problem] = []
    with progress.stage("evaluating", len(found.pairs), "images") as stage:
        for made in map_ordered(read, found.pairs, usable_cores()):
            stage.advance()
            if isinstance(made, Problem):
                unusable.append(made)
                continue
            pixels_HW3, label_HW = made
            windows = choose_windows(ready.runtime.network, *label_HW.shape)
            predicted_HW, _ = label_pixels(ready.runtime, pixels_HW3, windows)
            label, predicted = torch.from_numpy(label_HW), torch.from_numpy(predicted_HW)
            table_KK += count_pixels(label, predicted, num_classes).numpy()
            counted += 1
    tell_problems(unusable, progress)
    if not counted:
        raise UnpoolError(f"no pair can be used; the first, {unusable[0].path}: {unusable[0].detail}")
    scores = scores_of(table_KK)
    if out is not None:
        _draw(out, table_KK, list(ready.classes.names))
    return {
        "images": counted, "skipped": len(problems) + len(unusable),
        "seconds": round(time.perf_counter() - began, 3),
        **scores, "iou": dict(zip(ready.classes.names, scores["iou"], strict=True)),
        "confusion": table_KK.tolist(),
    }  # fmt: skip


def _draw(out: Path, table_KK: np.ndarray, names: list[str]) -> None:
    from unpool.report.confusion import draw_confusion

    write_bytes(out, draw_confusion(table_KK, names, numbered=False))
