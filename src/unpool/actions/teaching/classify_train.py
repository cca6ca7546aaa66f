"""`unpool classify train`: a classifier from the labels of a workspace.

Shapes: N labelled images, D numbers a vector, K classes.
"""

from __future__ import annotations

import shutil
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from unpool.actions.teaching.card import CARD, CONFUSION, Encoder, Figures, Finetuned, TrainResult, write_card
from unpool.actions.teaching.classify_settings import ClassifyTrainSettings
from unpool.actions.teaching.finetune import tune_network
from unpool.actions.teaching.scratch import scratch_of
from unpool.actions.teaching.taught_images import TaughtImages, read_taught_images
from unpool.actions.training.output_folder import check_folder_is_free, check_writable
from unpool.analysis.classification.abstention import NEVER
from unpool.analysis.classification.heads import fit_head
from unpool.analysis.classification.learning_curve import forecast, measure_curve, next_step
from unpool.analysis.classification.quality import (
    HeldOut,
    Quality,
    compare_heads,
    hold_part,
    kinds_of,
    measure_quality,
    most_confused,
    put_best_first,
)
from unpool.core.atomic_files import write_bytes
from unpool.core.progress import Progress
from unpool.core.rng import subsample_indices
from unpool.core.settings import check_settings
from unpool.errors import UnpoolError, UsageError
from unpool.inference.classifier import Classifier, save_classifier
from unpool.networks.encoders.functions import allow_copy
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
) -> TrainResult:
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
        UsageError: `out` is the model of the workspace.
    """
    check_settings(settings)
    start, progress = time.perf_counter(), progress or Progress()
    check_folder_is_free(out)
    _check_model(work)
    _check_place(out, work)
    check_writable(out)
    taught = read_taught_images(work, settings.field)
    _report_left_out(taught, settings.field, progress)
    choice = _choose(work, taught, settings, scratch_of(out), progress)
    fitted = _sample(choice.taught, MAX_FITTED, settings.seed)
    with progress.stage("fitting"):
        best = choice.held_out[0]
        head = fit_head(fitted.vector_ND, fitted.class_N, best.kind, settings.seed, weigh_as=best.num_fitted)
    result: TrainResult = {
        **_describe(choice, settings), "fitted_to": len(fitted.paths), "out": str(out), "seconds": 0.0,
    }  # fmt: skip
    _save(choice, Classifier(
        head, tuple(taught.names), choice.held_out[0].temperature, choice.quality.abstention.threshold, settings.field,
        rules_of(work), {name: value for name, value in result.items() if name not in ("out", "seconds")},
    ), result)  # fmt: skip
    shutil.rmtree(scratch_of(out), ignore_errors=True)
    _report_threshold(choice.quality, settings.error, progress)
    result["seconds"] = round(time.perf_counter() - start, 3)
    return result


@dataclass(frozen=True)
class _Choice:
    """The network and the head that were chosen.

    Attributes:
        taught: the labelled images, with the vectors of that network.
        encoder: its model folder.
        held_out: answers for images held out, those of the head first.
        quality: the figures.
        finetuned: what became of tuning the network; None where it was not tried.
    """

    taught: TaughtImages
    encoder: Path
    held_out: list[HeldOut]
    quality: Quality
    finetuned: Finetuned | None = None


def _choose(
    work: Path, taught: TaughtImages, settings: ClassifyTrainSettings, scratch: Path, progress: Progress
) -> _Choice:
    """Compare heads, and networks where one is to be tuned."""
    finetuned: Finetuned | None = None
    if settings.finetune:
        assert settings.minutes is not None
        tuned = tune_network(
            work,
            taught,
            scratch,
            minutes=settings.minutes,
            seed=settings.seed,
            progress=progress,
            device=settings.device,
        )
        before, after = (
            put_best_first(
                [
                    hold_part(vector_ND, taught.class_N, tuned.is_held_N, kind, seed=settings.seed)
                    for kind in kinds_of(settings.head)
                ]
            )
            for vector_ND in (taught.vector_ND, tuned.vector_ND)
        )
        finetuned = {
            "minutes": settings.minutes, "steps": tuned.steps, "accuracy_before": _round(before[0].is_right_N.mean()),
            "accuracy_after": _round(after[0].is_right_N.mean()),
            "kept": put_best_first([before[0], after[0]])[0] is after[0],
        }  # fmt: skip
        _report_tuning(finetuned, progress)
        if finetuned["kept"]:
            quality = measure_quality(after[0], taught.names, settings.error)
            own = replace(taught, vector_ND=tuned.vector_ND)
            return _Choice(own, tuned.folder, after, quality, finetuned)
    measured = _sample(taught, MAX_MEASURED, settings.seed)
    with progress.stage("comparing heads" if settings.head == "auto" else "holding out images"):
        held_out = compare_heads(measured.vector_ND, measured.class_N, settings.head, seed=settings.seed)
        quality = _measure(measured, held_out[0], settings)
    return _Choice(taught, work / MODEL, held_out, quality, finetuned)


def _save(choice: _Choice, classifier: Classifier, result: TrainResult) -> None:
    """Write the model folder, with its picture and card."""
    out, names, table_KK = Path(result["out"]), classifier.classes, choice.quality.confusion_KK
    save_classifier(out, classifier, choice.encoder)
    allow_copy(choice.encoder, out)
    write_bytes(out / CONFUSION, draw_confusion(table_KK, names))
    described = describe_model(choice.encoder)
    encoder: Encoder = {"network": described["network"], "dimension": described["dimension"]}
    write_card(out / CARD, result, encoder, most_confused(table_KK, names))


def _report_tuning(finetuned: Finetuned, progress: Progress) -> None:
    accuracies = f"{finetuned['accuracy_before']:.3f} to {finetuned['accuracy_after']:.3f}"
    verdict = "it is used" if finetuned["kept"] else "too little to be used: the network stays as it was"
    progress.message(
        f"tuning the network changed the accuracy on images held out from {accuracies}; {verdict}"
    )


def _check_model(work: Path) -> None:
    """Check that the workspace has the model that its vectors come from."""
    if not has_model(work / MODEL):
        raise UnpoolError(f"{work} has no model yet; run `unpool embed FOLDER --work {work}` first")
    used = read_state(work).get("embedded_by")
    if used is not None and used != model_id(work / MODEL):
        raise UnpoolError(
            f"the vectors of {work} are of the model {used}, not of the one in it; run `unpool embed` to the end first"
        )


def _check_place(out: Path, work: Path) -> None:
    """Check that the model of the workspace stays as it is."""
    if out.resolve() == (work / MODEL).resolve():
        raise UsageError(
            f"--out {out} is the model that embeds the workspace, which stays as it is; name another folder"
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


def _describe(choice: _Choice, settings: ClassifyTrainSettings) -> Figures:
    """The figures of the JSON object."""
    taught, held_out, quality = choice.taught, choice.held_out, choice.quality
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
        "measured_on": len(held_out[0].class_N), "finetuned": choice.finetuned,
    }  # fmt: skip


def _round(value: float | np.floating) -> float:
    return round(float(value), DIGITS)


def _report_threshold(quality: Quality, error: float, progress: Progress) -> None:
    if quality.abstention.threshold >= NEVER:
        progress.message(
            f"these labels cannot show that {100 * error:g} % of the answers are wrong at most, so none is given; "
            "label more images, or give a larger --error"
        )
