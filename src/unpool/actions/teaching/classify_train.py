"""`unpool classify train`: a classifier from the labels of a workspace.

Shapes: N labelled images, D numbers a vector, K classes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.teaching.card import CARD, CONFUSION, Encoder, TrainResult, write_card
from unpool.actions.teaching.classify_settings import ClassifyTrainSettings
from unpool.actions.teaching.taught_images import TaughtImages, read_taught_images
from unpool.actions.training.output_folder import check_folder_is_free, check_writable
from unpool.analysis.classification.abstention import NEVER
from unpool.analysis.classification.heads import fit_head
from unpool.analysis.classification.learning_curve import forecast, measure_curve, next_step
from unpool.analysis.classification.quality import (
    HeldOut,
    Quality,
    compare_heads,
    measure_quality,
    most_confused,
)
from unpool.core.atomic_files import write_bytes
from unpool.core.progress import Progress
from unpool.core.rng import subsample_indices
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError
from unpool.inference.classifier import Classifier, save_classifier
from unpool.report.confusion import draw_confusion
from unpool.store.origin import rules_of
from unpool.store.state import MODEL, read_state
from unpool.training.model_file import describe_model, has_model, model_id

MAX_FITTED = 50_000  # labelled images that the head is fitted to
MAX_MEASURED = 20_000  # that heads are compared on, five times each
DIGITS = 4


def classify_train(
    work: Path,
    settings: ClassifyTrainSettings = ClassifyTrainSettings(),  # noqa: B008 - frozen
    *,
    out: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Make a classifier from the labels of a workspace.

    Writes a model folder: the encoder of the workspace, a head on its vectors, the ONNX files of both, a card, and a
    confusion picture.

    Args:
        work: the workspace; nothing in it is changed.
        settings: the field, the head, the error that is allowed, and the random seed.
        out: the model folder.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool classify train`. All figures are of images that were held out.

    Raises:
        UnpoolError: there are fewer than two different labels, or `out` holds something else.
    """
    check_settings(settings)
    start, progress = time.perf_counter(), progress or Progress()
    check_folder_is_free(out)
    check_writable(out)
    _check_model(work)
    taught = read_taught_images(work, settings.field)
    _report_left_out(taught, settings.field, progress)
    measured = _sample(taught, MAX_MEASURED, settings.seed)
    with progress.stage("comparing heads" if settings.head == "auto" else "holding out images"):
        held_out = compare_heads(measured.vector_ND, measured.class_N, settings.head, seed=settings.seed)
        quality = _measure(measured, held_out[0], settings)
    fitted = _sample(taught, MAX_FITTED, settings.seed)
    with progress.stage("fitting"):
        head = fit_head(fitted.vector_ND, fitted.class_N, held_out[0].kind, settings.seed)
    result: TrainResult = {
        **_describe(taught, held_out, quality, settings),  # type: ignore[typeddict-item]
        "measured_on": len(measured.paths), "fitted_to": len(fitted.paths), "out": str(out),
    }  # fmt: skip
    _save(work, Classifier(
        head, tuple(taught.names), held_out[0].temperature, quality.abstention.threshold, settings.field,
        rules_of(work), {name: value for name, value in result.items() if name != "out"},
    ), result, quality)  # fmt: skip
    _report_threshold(quality, settings.error, progress)
    return {**result, "seconds": round(time.perf_counter() - start, 3)}


def _save(work: Path, classifier: Classifier, result: TrainResult, quality: Quality) -> None:
    """Write the model folder, with its picture and card."""
    out, names = Path(result["out"]), classifier.classes
    save_classifier(out, classifier, work / MODEL)
    write_bytes(out / CONFUSION, draw_confusion(quality.confusion_KK, names))
    described = describe_model(work / MODEL)
    encoder: Encoder = {"network": described["network"], "dimension": described["dimension"]}
    write_card(out / CARD, result, encoder, most_confused(quality.confusion_KK, names))


def _check_model(work: Path) -> None:
    """Check that the workspace has the model that its vectors come from."""
    if not has_model(work / MODEL):
        raise UnpoolError(f"{work} has no model yet; run `unpool embed FOLDER --work {work}` first")
    used = read_state(work).get("embedded_by")
    if used is not None and used != model_id(work / MODEL):
        raise UnpoolError(
            f"the vectors of {work} are of the model {used}, not of the one in it; run `unpool embed` to the end first"
        )


def _report_left_out(taught: TaughtImages, field: str, progress: Progress) -> None:
    for count, why in (
        (taught.without_vector, "have no vector"), (taught.wrong, "are marked as wrong"),
        (taught.repeated, "are copies of others with the same"),
    ):  # fmt: skip
        if count:
            progress.message(f"{count} images with a {field} {why}, and are left out")
    single = [taught.names[number] for number in np.flatnonzero(np.bincount(taught.class_N) == 1)]
    if single:
        named = ", ".join(map(repr, single[:3])) + (", …" if len(single) > 3 else "")
        progress.message(
            f"{len(single)} of {len(taught.names)} classes have one image, which counts as wrong where it is held out: "
            f"{named}"
        )


def _sample(taught: TaughtImages, at_most: int, seed: int) -> TaughtImages:
    """Some of the images where there are too many; every class keeps one."""
    if len(taught.paths) <= at_most:
        return taught
    first_K = np.unique(taught.class_N, return_index=True)[1]
    row_S = np.union1d(subsample_indices(len(taught.paths), at_most, seed), first_K)
    return replace(
        taught, paths=[taught.paths[row] for row in row_S], vector_ND=taught.vector_ND[row_S],
        class_N=taught.class_N[row_S],
    )  # fmt: skip


def _measure(taught: TaughtImages, held_out: HeldOut, settings: ClassifyTrainSettings) -> Quality:
    quality = measure_quality(held_out, taught.names, settings.error)
    curve = measure_curve(
        taught.vector_ND, taught.class_N, held_out.kind, whole=quality.accuracy, seed=settings.seed
    )
    return replace(quality, curve=curve)


def _describe(
    taught: TaughtImages, held_out: Sequence[HeldOut], quality: Quality, settings: ClassifyTrainSettings
) -> dict[str, Any]:
    """The JSON object, without what depends on the folder."""
    labels = len(taught.paths)
    more = labels + next_step(labels)
    now, later = forecast(quality.curve, labels), forecast(quality.curve, more)
    return {
        "images": labels, "classes": len(taught.names), "field": settings.field, "head": held_out[0].kind,
        "accuracy": _round(quality.accuracy), "accuracy_low": _round(quality.low),
        "accuracy_high": _round(quality.high), "ece": _round(quality.calibration), "error": settings.error,
        "abstain_below": quality.abstention.threshold, "answered": _round(quality.abstention.answered),
        "answered_error": _round(quality.abstention.error), "per_class": quality.per_class,
        "learning_curve": [
            {"labels": point.labels, "accuracy": _round(point.accuracy)} for point in quality.curve
        ],
        "forecast": None if now is None or later is None
        else {"labels": more, "accuracy": _round(later), "gain": _round(later - now)},
        "heads": [
            {"head": each.kind, "accuracy": _round(each.is_right_N.mean()), "log_loss": _round(each.loss_N.mean())}
            for each in held_out
        ],
        "temperature": _round(held_out[0].temperature), "seed": settings.seed,
        "left_out": {"without_vector": taught.without_vector, "wrong": taught.wrong, "repeated": taught.repeated},
    }  # fmt: skip


def _round(value: float | np.floating) -> float:
    return round(float(value), DIGITS)


def _report_threshold(quality: Quality, error: float, progress: Progress) -> None:
    if quality.abstention.threshold >= NEVER:
        progress.message(
            f"these labels cannot show that {100 * error:g} % of the answers are wrong at most, so none is given; "
            "label more images, or give a larger --error"
        )
