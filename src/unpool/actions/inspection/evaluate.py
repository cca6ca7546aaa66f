"""`unpool inspect evaluate`: scores and heat maps against the truth.

H, W height and width of a mask or an image, R rows of it, h, w of a heat map.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from unpool.actions.inspection.defect_mask import DefectMask, read_defects
from unpool.actions.inspection.labelled_images import LabelledImage, LabelledImages, find_labelled_images
from unpool.actions.inspection.settings import InspectEvaluateSettings
from unpool.actions.outputs.messages import report, report_problems
from unpool.analysis.metrics.detection import ScoreCurve, Verdicts, apply_threshold, count_scores
from unpool.analysis.metrics.localisation import PixelCount
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.pixel_cache import map_ordered
from unpool.images.reading.decode import read_picture
from unpool.images.reading.scan import Problem
from unpool.images.values.rules import ValueRules
from unpool.inference.inspection.inspector import Inspection, Inspector, load_inspector
from unpool.training.model_file import rules_of_model

AHEAD = 2  # images that each thread has ready
MAX_LISTED = 1000  # paths in results


def inspect_evaluate(
    folder: Path,
    settings: InspectEvaluateSettings = InspectEvaluateSettings(),  # noqa: B008 - frozen
    *,
    model: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Measure an inspector on images whose truth is known.

    Args:
        folder: a folder in the layout of MVTec AD, its `test` folder, or a table of path, label and mask.
        settings: where masks lie.
        model: the inspector's model folder.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool inspect evaluate`; figures that need masks, or images of both kinds, are None
        without.

    Raises:
        UnpoolError: for folders, tables or models that cannot be used.
    """
    progress = progress or Progress()
    check_settings(settings)
    found = find_labelled_images(folder, settings.masks)
    inspector = load_inspector(model, progress, threads=1)
    began = time.perf_counter()
    measured = _inspect_all(found, inspector, rules_of_model(model), progress)
    report_problems(measured.problems, progress)
    if not measured.images:
        first = measured.problems[0]
        raise UnpoolError(f"no image can be used; the first, {first.path}: {first.detail}")
    remarks = [*found.remarks, *_describe(found, measured)]
    report(remarks, progress)
    return {
        **_figures(measured, inspector), "masks": measured.num_masks, "regions": measured.pixels.num_regions,
        "skipped": len(measured.problems), "seconds": round(time.perf_counter() - began, 3),
        "without_mask": measured.without_mask[:MAX_LISTED], "extra_masks": found.extra_masks[:MAX_LISTED],
        "notes": remarks,
    }  # fmt: skip


@dataclass(frozen=True)
class Inspected:
    """An image with its inspection and its mask."""

    image: LabelledImage
    inspection: Inspection
    height: int
    width: int
    defects: DefectMask | None = None
    mask_problem: Problem | None = None


@dataclass
class Measured:
    """Scores of images, and counts of their pixels."""

    images: list[LabelledImage] = field(default_factory=list)
    scores: list[float] = field(default_factory=list)
    pixels: PixelCount = field(default_factory=PixelCount)
    problems: list[Problem] = field(default_factory=list)
    mask_problems: list[Problem] = field(default_factory=list)
    without_mask: list[str] = field(default_factory=list)
    num_masks: int = 0
    num_lossy: int = 0
    num_resized: int = 0
    empty: list[str] = field(default_factory=list)
    marked_good: list[str] = field(default_factory=list)
    mask_area: int = 0
    image_area: int = 0

    @property
    def is_bad(self) -> list[bool]:
        """Whether each image is bad in truth."""
        return [image.is_bad for image in self.images]

    def add(self, seen: Inspected) -> None:
        """Count an image and its pixels."""
        self.images.append(seen.image)
        self.scores.append(seen.inspection.score)
        if seen.mask_problem is not None:
            self.mask_problems.append(seen.mask_problem)
        elif seen.defects is not None:
            self._add_mask(seen, seen.defects)
        elif seen.image.is_bad:
            self.without_mask.append(seen.image.file.path)
        elif self.num_masks:
            # As large as the masks of bad images are beside theirs, so that each pixel weighs the same.
            scale = (self.mask_area / self.image_area) ** 0.5
            shape = max(1, round(scale * seen.height)), max(1, round(scale * seen.width))
            self._count(np.zeros(shape, bool), seen.inspection.heat_hw)

    def _add_mask(self, seen: Inspected, defects: DefectMask) -> None:
        path, mask_HW = seen.image.file.path, defects.mask_HW
        self.num_masks += 1
        self.num_lossy += defects.is_lossy
        self.num_resized += mask_HW.shape != (seen.height, seen.width)
        self.mask_area += mask_HW.size
        self.image_area += seen.height * seen.width
        if seen.image.is_bad and not mask_HW.any():
            self.empty.append(path)
        if not seen.image.is_bad and mask_HW.any():
            self.marked_good.append(path)
        self._count(mask_HW, seen.inspection.heat_hw)

    def _count(self, mask_HW: np.ndarray, heat_hw: np.ndarray) -> None:
        self.pixels.add(mask_HW, partial(resize_rows, heat_hw, *mask_HW.shape))


def resize_rows(heat_hw: np.ndarray, height: int, width: int, top: int, bottom: int) -> np.ndarray:
    """Resize a heat map linearly, some rows at a time.

    Args:
        heat_hw: float32.
        height: of the whole, pixels.
        width: of the whole, pixels.
        top: the first row.
        bottom: the row after the last.

    Returns:
        (R, W) float32.
    """
    scale = heat_hw.shape[0] / height
    box = (0.0, top * scale, float(heat_hw.shape[1]), min(float(heat_hw.shape[0]), bottom * scale))
    image = Image.fromarray(np.ascontiguousarray(heat_hw, np.float32))
    return np.asarray(image.resize((width, bottom - top), Image.Resampling.BILINEAR, box=box))


def _inspect_all(
    found: LabelledImages, inspector: Inspector, rules: ValueRules, progress: Progress
) -> Measured:
    measured = Measured(problems=list(found.problems), mask_problems=list(found.mask_problems))
    # Those with masks first: they say at which size the pixels of good images count.
    ordered = sorted(found.images, key=lambda image: image.mask is None)
    work = partial(try_inspect, inspector=inspector, rules=rules)
    with progress.stage("inspecting", len(ordered), "images") as stage:
        for seen in map_ordered(work, ordered, usable_cores(), AHEAD):
            stage.advance()
            if isinstance(seen, Problem):
                measured.problems.append(seen)
            else:
                measured.add(seen)
    return measured


def try_inspect(image: LabelledImage, inspector: Inspector, rules: ValueRules) -> Inspected | Problem:
    """Inspect an image and read its mask, or return a problem.

    Args:
        image: where it is, and its mask.
        inspector: what inspects it; it may be shared by threads.
        rules: by which values of more than 8 bits are scaled.

    Returns:
        What was found; a mask that cannot be used leaves the image's score usable.
    """
    try:
        pixels_HW3 = read_picture(image.file.file, rules=rules).pixels
    except UnreadableImageError as error:
        return Problem(image.file.path, error.problem, error.detail)
    inspection = inspector.inspect(pixels_HW3)
    if not (np.isfinite(inspection.score) and np.isfinite(inspection.heat_hw).all()):
        return Problem(image.file.path, "no-score", "the model's score or heat map is no finite number")
    height, width = pixels_HW3.shape[:2]
    if image.mask is None:
        return Inspected(image, inspection, height, width)
    try:
        return Inspected(image, inspection, height, width, read_defects(image.mask, height, width))
    except UnreadableImageError as error:
        problem = Problem(image.mask.path, error.problem, error.detail)
        return Inspected(image, inspection, height, width, mask_problem=problem)


def _figures(measured: Measured, inspector: Inspector) -> dict[str, Any]:
    """The figures of images, of pixels and of kinds."""
    curve = count_scores(measured.scores, measured.is_bad)
    record = inspector.record
    verdicts = apply_threshold(measured.scores, measured.is_bad, record.threshold)
    best, interval = curve.best_f1(), verdicts.false_alarm_interval()
    return {
        "images": len(measured.images), "good": verdicts.num_good, "bad": verdicts.num_bad,
        "image_auroc": curve.auroc(), "image_ap": curve.average_precision(), "f1": verdicts.f1,
        "best_f1": best and best[0], "precision": verdicts.precision, "recall": verdicts.recall,
        "false_alarm_rate": verdicts.false_alarm_rate, "false_alarm_interval": interval and list(interval),
        "false_alarms": record.false_alarms, "threshold": record.threshold, "method": record.method,
        "pixel_auroc": measured.pixels.auroc(), "aupro": measured.pixels.aupro(),
        **_figures_of_kinds(measured, record.threshold),
    }  # fmt: skip


def _figures_of_kinds(measured: Measured, threshold: float) -> dict[str, Any]:
    """Each kind of defect beside all good images."""
    kinds = sorted({image.kind for image in measured.images if image.is_bad})
    curves: dict[str, ScoreCurve] = {}
    verdicts: dict[str, Verdicts] = {}
    for kind in kinds:
        rows = [row for row, image in enumerate(measured.images) if image.kind == kind or not image.is_bad]
        scores, is_bad = [measured.scores[row] for row in rows], [measured.images[row].is_bad for row in rows]
        curves[kind], verdicts[kind] = (
            count_scores(scores, is_bad),
            apply_threshold(scores, is_bad, threshold),
        )
    return {
        "per_kind": {kind: curve.auroc() for kind, curve in curves.items()},
        "kinds": {kind: {"images": each.num_bad, "found": each.num_found} for kind, each in verdicts.items()},
    }


def _describe(found: LabelledImages, measured: Measured) -> list[str]:
    """Sentences on what is missing or unusual."""
    num_bad = sum(measured.is_bad)
    remarks = []
    if not num_bad or num_bad == len(measured.images):
        kind = "good" if not num_bad else "not good"
        remarks.append(f"all {len(measured.images)} images are {kind}: AUROC needs both")
    for paths, what in (
        (measured.without_mask, f"of {num_bad} images that are not good have no mask; pixel figures leave them out"),
        (found.extra_masks, "masks belong to no image"),
        ([each.path for each in measured.mask_problems], f"masks cannot be used{_detail(measured.mask_problems)}"),
        (measured.empty, "masks of images that are not good mark nothing; all their pixels count as good"),
        (measured.marked_good, "good images have masks that mark a defect; their pixels count as the masks say"),
    ):  # fmt: skip
        if paths:
            remarks.append(f"{len(paths)} {what} (the first is {paths[0]})")
    if measured.num_resized:
        remarks.append(
            f"{measured.num_resized} of {measured.num_masks} masks are not of their image's size; heat maps are "
            "compared at the masks' size"
        )
    if measured.num_lossy:
        remarks.append(
            f"{measured.num_lossy} masks are of a format that does not keep values exactly, so those of 128 and more "
            "are defects; save masks as PNG"
        )
    return remarks


def _detail(problems: Sequence[Problem]) -> str:
    return f": {problems[0].detail}" if problems else ""
