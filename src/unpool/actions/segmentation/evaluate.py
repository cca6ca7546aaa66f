"""`unpool segment evaluate`: predicted label maps against masks."""

from __future__ import annotations

import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unpool.actions.segmentation.data import find_labelled, report_problems
from unpool.actions.segmentation.settings import SegmentEvaluateSettings
from unpool.core.atomic_files import write_bytes
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.masks.label_maps import try_pair
from unpool.images.masks.pairs import Pairs
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.scan import Problem
from unpool.inference.predict_mask import choose_windows, label_pixels
from unpool.inference.segmenter_model import LoadedSegmenter, load_segmenter
from unpool.networks.segmentation.pixel_scores import count_pixels, scores_of
from unpool.options import check_settings


def segment_evaluate(
    images: Path,
    masks: Path,
    settings: SegmentEvaluateSettings = SegmentEvaluateSettings(),  # noqa: B008 - frozen
    *,
    model: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Compare predicted label maps with masks, pixel by pixel.

    Images are labelled as by `segment predict`; pixels that are no class do not count.

    Args:
        images: a folder.
        masks: a folder of their masks.
        settings: what is counted and drawn.
        model: the segmenter's model folder.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool segment evaluate`.

    Raises:
        UnpoolError: for folders, masks or models that cannot be used.
    """
    progress = progress or Progress()
    check_settings(settings)
    found = find_labelled(images, masks, split="val", progress=progress)
    segmenter = load_segmenter(model, settings.device, progress)
    began = time.perf_counter()
    table_KK, unusable = _count(found, segmenter, settings.unknown, progress)
    report_problems(unusable, progress)
    num_counted = len(found.pairs) - len(unusable)
    if not num_counted:
        raise UnpoolError(f"no pair can be used; the first, {unusable[0].path}: {unusable[0].detail}")
    names, scores = segmenter.classes.names, scores_of(table_KK)
    if settings.out is not None:
        _draw(settings.out, table_KK, list(names))
    return {
        "images": num_counted, "skipped": len(found.problems) + len(unusable),
        "seconds": round(time.perf_counter() - began, 3),
        **scores, "iou": dict(zip(names, scores["iou"], strict=True)),
        "confusion": table_KK.tolist(),
    }  # fmt: skip


def _count(
    found: Pairs, segmenter: LoadedSegmenter, unknown: str, progress: Progress
) -> tuple[np.ndarray, list[Problem]]:
    """Pixels by true and predicted class (K, K), and the pairs that cannot be used."""
    num_classes = len(segmenter.classes)
    table_KK = np.zeros((num_classes, num_classes), np.int64)
    unusable: list[Problem] = []
    read = partial(try_pair, classes=segmenter.classes, unknown=unknown)
    with progress.stage("evaluating", len(found.pairs), "images") as stage:
        for pair in map_ordered(read, found.pairs, usable_cores()):
            stage.advance()
            if isinstance(pair, Problem):
                unusable.append(pair)
                continue
            pixels_HW3, label_HW = pair
            windows = choose_windows(segmenter.runtime.network, *label_HW.shape)
            predicted_HW, _ = label_pixels(segmenter.runtime, pixels_HW3, windows)
            label, predicted = torch.from_numpy(label_HW), torch.from_numpy(predicted_HW)
            table_KK += count_pixels(label, predicted, num_classes).numpy()
    return table_KK, unusable


def _draw(out: Path, table_KK: np.ndarray, names: list[str]) -> None:
    from unpool.report.confusion import draw_confusion

    write_bytes(out, draw_confusion(table_KK, names, numbered=False))
