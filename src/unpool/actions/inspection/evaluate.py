"""`unpool inspect evaluate`: scores and heat maps against the truth."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from unpool.actions.inspection.evaluation_files import write_evaluation
from unpool.actions.inspection.labelled_images import LabelledImages, find_labelled_images, locate_folders
from unpool.actions.inspection.measurement import Measured, inspect_all
from unpool.actions.inspection.settings import InspectEvaluateSettings
from unpool.actions.outputs.folder import check_output
from unpool.actions.outputs.messages import report, report_problems
from unpool.actions.training.output_folder import check_writable
from unpool.analysis.anomaly.drift import measure_batch_drift
from unpool.analysis.metrics.detection import ScoreCurve, Verdicts, apply_threshold, count_scores
from unpool.core.file_names import find_typed
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UsageError
from unpool.images.reading.scan import Problem
from unpool.inference.inspection.inspector import InspectorRecord, load_inspector
from unpool.training.model_file import rules_of_model

EXAMPLE = "measured"  # name of an output folder that errors propose
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
        without. `false_alarms` is the share that the model's own threshold was set for.

    Raises:
        UnpoolError: for folders, tables or models that cannot be used.
    """
    progress = progress or Progress()
    check_settings(settings)
    folder = find_typed(folder)
    _check_output(folder, settings)
    inspector, rules = load_inspector(model, progress, threads=1), rules_of_model(model)
    if settings.threshold is not None:
        inspector.record = replace(inspector.record, threshold=settings.threshold)
    found = find_labelled_images(folder, settings.masks)
    began = time.perf_counter()
    measured = inspect_all(found, inspector, rules, progress)
    report_problems(measured.problems, progress)
    if not measured.images:
        first = measured.problems[0]
        raise UnpoolError(f"no image can be used; the first, {first.path}: {first.detail}")
    remarks = [*found.remarks, *_describe(found, measured), *_compare_good(measured, inspector.record)]
    report(remarks, progress)
    kinds = _curves_of_kinds(measured)
    written = (
        [] if settings.out is None else write_evaluation(settings.out, measured, kinds, inspector, rules)
    )
    return {
        **_figures(measured, kinds, inspector.record), "masks": measured.num_masks,
        "regions": measured.pixels.num_regions, "skipped": len(measured.problems),
        "seconds": round(time.perf_counter() - began, 3), "files": written,
        "without_mask": measured.without_mask[:MAX_LISTED], "extra_masks": found.extra_masks[:MAX_LISTED],
        "notes": remarks, "false_alarms": inspector.record.false_alarms if settings.threshold is None else None,
    }  # fmt: skip


def _check_output(folder: Path, settings: InspectEvaluateSettings) -> None:
    """Check that pictures do not go among images or masks, where they would be taken for some."""
    out = settings.out
    if out is None:
        return
    check_output(folder, out, EXAMPLE)
    check_writable(out)
    if not folder.is_dir():
        return
    for inner in locate_folders(folder, settings.masks):
        if inner is not None and out.resolve().is_relative_to(inner.resolve()):
            raise UsageError(
                f"--out {out} lies in {inner}, where pictures are taken for images or masks; name another folder, such "
                f"as {EXAMPLE}"
            )


def _curves_of_kinds(measured: Measured) -> dict[str, ScoreCurve]:
    """Each kind of defect beside all good images."""
    kinds = sorted({image.kind for image in measured.images if image.is_bad})
    return {kind: count_scores(*_of_kind(measured, kind)) for kind in kinds}


def _of_kind(measured: Measured, kind: str) -> tuple[list[float], list[bool]]:
    """Scores, and whether they are of a bad image, of a kind and of all good images."""
    rows = [row for row, image in enumerate(measured.images) if image.kind == kind or not image.is_bad]
    return [measured.scores[row] for row in rows], [measured.images[row].is_bad for row in rows]


def _figures(measured: Measured, kinds: Mapping[str, ScoreCurve], record: InspectorRecord) -> dict[str, Any]:
    """The figures of images, of pixels and of kinds."""
    curve = count_scores(measured.scores, measured.is_bad)
    verdicts = apply_threshold(measured.scores, measured.is_bad, record.threshold)
    by_kind: dict[str, Verdicts] = {
        kind: apply_threshold(*_of_kind(measured, kind), record.threshold) for kind in kinds
    }
    best, interval = curve.best_f1(), verdicts.false_alarm_interval()
    return {
        "images": len(measured.images), "good": verdicts.num_good, "bad": verdicts.num_bad,
        "image_auroc": curve.auroc(), "image_ap": curve.average_precision(), "f1": verdicts.f1,
        "best_f1": best and best[0], "precision": verdicts.precision, "recall": verdicts.recall,
        "false_alarm_rate": verdicts.false_alarm_rate, "false_alarm_interval": interval and list(interval),
        "threshold": record.threshold, "method": record.method,
        "pixel_auroc": measured.pixels.auroc(), "aupro": measured.pixels.aupro(),
        "per_kind": {kind: each.auroc() for kind, each in kinds.items()},
        "kinds": {kind: {"images": each.num_bad, "found": each.num_found} for kind, each in by_kind.items()},
    }  # fmt: skip


def _compare_good(measured: Measured, record: InspectorRecord) -> list[str]:
    """Say so where good images score unlike those that the threshold rests on."""
    scores = [score for score, is_bad in zip(measured.scores, measured.is_bad, strict=True) if not is_bad]
    drift = measure_batch_drift(scores, record.good_scores, record.threshold)
    if drift is None or not drift.is_off:
        return []
    return [
        f"good images score higher here than those that the threshold rests on: {drift.share:.0%} of "
        f"{drift.compared:,} lie above their median (50% where nothing changed), so it may give more false alarms; "
        "learn from good images like these"
    ]


def _describe(found: LabelledImages, measured: Measured) -> list[str]:
    """Sentences on what is missing or unusual."""
    num_bad = sum(measured.is_bad)
    remarks = []
    if not num_bad or num_bad == len(measured.images):
        kind = "good" if not num_bad else "not good"
        remarks.append(f"all {len(measured.images)} images are {kind}: AUROC needs both")
    without_mask = measured.without_mask
    if without_mask and len(without_mask) == num_bad and not measured.num_masks:
        remarks.append("no image that is not good has a mask; figures of pixels are left out")
        without_mask = []
    for paths, what in (
        (without_mask, f"of {num_bad} images that are not good have no mask; pixel figures leave them out"),
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
