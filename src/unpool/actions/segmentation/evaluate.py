"""`unpool segment evaluate`: predicted label maps against masks."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unpool.actions.outputs.messages import report, report_problems
from unpool.actions.segmentation.data import (
    count_masks,
    describe_found,
    describe_ignored,
    describe_unknown,
    find_labelled,
    list_unmatched,
)
from unpool.actions.segmentation.label_checks import compare_colour
from unpool.actions.segmentation.scales import ScaleCount
from unpool.actions.segmentation.settings import SegmentEvaluateSettings
from unpool.core.atomic_files import write_bytes
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UsageError
from unpool.images.annotations.class_names import plan_folder
from unpool.images.masks.folder_reading import FolderReading, describe_colours
from unpool.images.masks.infer_classes import OBJECTS
from unpool.images.masks.label_maps import name_values, try_pair
from unpool.images.masks.pairs import Pairs
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.scan import Problem
from unpool.inference.predict_mask import choose_windows, label_pixels
from unpool.inference.segmenter_model import LoadedSegmenter, load_segmenter
from unpool.networks.segmentation.pixel_scores import count_pixels, scores_of

MAX_NAMED = 5  # classes that an error names


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
    _check_numbers(settings.numbers, segmenter, model)
    began = time.perf_counter()
    reading = _plan_reading(found, segmenter, settings, progress)
    scales = ScaleCount(settings.scale, segmenter.learnt)
    counted = _count(found, segmenter, reading, scales, progress)
    report_problems(counted.problems, progress)
    _check_counted(counted)
    remarks = [*scales.remarks, *_describe(counted, segmenter, settings.unknown)]
    report(remarks, progress)
    if settings.out is not None:
        _draw(settings.out, counted.table_KK, list(segmenter.classes.names))
    return {
        "images": counted.num_images, "skipped": len(found.problems) + len(counted.problems),
        "seconds": round(time.perf_counter() - began, 3), **_figures(counted, segmenter.classes.names),
        **list_unmatched(found), **scales.figures, "notes": [*describe_found(found), *reading.remarks, *remarks],
    }  # fmt: skip


def _plan_reading(
    found: Pairs, segmenter: LoadedSegmenter, settings: SegmentEvaluateSettings, progress: Progress
) -> FolderReading:
    """How the masks are read by the model's classes; what is assumed is reported."""
    values, numbers = count_masks(found, progress), settings.numbers
    reading = plan_folder(
        found,
        segmenter.classes,
        values,
        unknown=settings.unknown,
        numbers=numbers,
        drawn_on=settings.drawn_on,
    )
    remarks = [*reading.remarks, *describe_colours(reading, values, numbers)]
    report(remarks, progress)
    return replace(reading, rules=segmenter.rules, remarks=remarks)


def _check_numbers(numbers: str | None, segmenter: LoadedSegmenter, model: Path) -> None:
    if numbers == OBJECTS and segmenter.classes.others_to_class is None:
        names = ", ".join(segmenter.classes.names[:MAX_NAMED])
        more = ", …" if len(segmenter.classes) > MAX_NAMED else ""
        raise UsageError(
            f"--numbers objects, but the model {model} was trained on classes ({names}{more}), not on objects; leave "
            "it out, or train one with --numbers objects"
        )


def _figures(counts: _Counts, names: Sequence[str]) -> dict[str, Any]:
    scores = scores_of(counts.table_KK)
    return {
        **scores, "iou": dict(zip(names, scores["iou"], strict=True)), "confusion": counts.table_KK.tolist(),
        "ignored": counts.num_ignored, "ignored_share": round(counts.num_ignored / counts.num_pixels, 6),
    }  # fmt: skip


@dataclass
class _Counts:
    """Pixels by true and predicted class (K, K), those that do not count, and pairs that cannot be used."""

    table_KK: np.ndarray
    num_images: int = 0
    num_grey: int = 0
    num_pixels: int = 0
    unknown: Counter[str] = field(default_factory=Counter)
    unknown_in: list[str] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    @property
    def num_ignored(self) -> int:
        return self.num_pixels - int(self.table_KK.sum())


def _count(
    found: Pairs, segmenter: LoadedSegmenter, reading: FolderReading, scales: ScaleCount, progress: Progress
) -> _Counts:
    num_classes = len(segmenter.classes)
    counts = _Counts(np.zeros((num_classes, num_classes), np.int64))
    read = partial(try_pair, reading=reading)
    with progress.stage("evaluating", len(found.pairs), "images") as stage:
        pairs = map_ordered(read, found.pairs, usable_cores())
        for pair, labelled in zip(found.pairs, pairs, strict=True):
            stage.advance()
            if isinstance(labelled, Problem):
                counts.problems.append(labelled)
                continue
            label_HW = labelled.label_HW
            height, width = label_HW.shape
            windows = choose_windows(
                segmenter.runtime.network, height, width, scale=scales.choose(height, width)
            )
            predicted_HW, _ = label_pixels(segmenter.runtime, labelled.pixels_HW3, windows)
            label, predicted = torch.from_numpy(label_HW), torch.from_numpy(predicted_HW)
            counts.table_KK += count_pixels(label, predicted, num_classes).numpy()
            counts.num_images += 1
            counts.num_grey += labelled.is_grey
            counts.num_pixels += label_HW.size
            counts.unknown.update(name_values(labelled))
            counts.unknown_in += [pair.mask.path] if labelled.unknown else []
    return counts


def _check_counted(counts: _Counts) -> None:
    if not counts.num_images:
        first = counts.problems[0]
        raise UnpoolError(f"no pair can be used; the first, {first.path}: {first.detail}")
    if not counts.table_KK.any():
        raise UnpoolError(
            f"no pixel of the masks is a class: all {counts.num_pixels:,} are ignored, so there is nothing to measure; "
            "check the masks, or that they are of this model's classes"
        )


def _describe(counts: _Counts, segmenter: LoadedSegmenter, unknown: str) -> list[str]:
    true_K, names = counts.table_KK.sum(axis=1), segmenter.classes.names
    absent = [name for name, count in zip(names, true_K, strict=True) if not count]
    remarks = describe_unknown(counts.unknown, counts.unknown_in, unknown)
    remarks += describe_ignored(counts.num_ignored, counts.num_pixels)
    if len(absent) == len(names) - 1:
        remarks.append(f"the masks hold one class only, {names[int(true_K.argmax())]!r}")
    elif absent:
        remarks.append(f"no mask holds {', '.join(map(repr, absent))}: left out of the means")
    return remarks + compare_colour(segmenter, counts.num_grey, counts.num_images)


def _draw(out: Path, table_KK: np.ndarray, names: list[str]) -> None:
    from unpool.report.confusion import draw_confusion

    write_bytes(out, draw_confusion(table_KK, names, numbered=False))
