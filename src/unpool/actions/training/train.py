"""`unpool train`: from a folder of images to a model folder."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unpool.actions.training.frozen_head import train_head_only
from unpool.actions.training.image_task import ImageTask
from unpool.actions.training.network_request import (
    InputShape,
    NetworkRequest,
    build_requested_network,
    parse_network_request,
)
from unpool.actions.training.output_folder import check_folder_is_free, check_no_mixing, check_writable
from unpool.actions.training.preflight import check_network, check_options_have_effect, check_weights_fit
from unpool.actions.training.run import Record, Run, result_of, train_task
from unpool.actions.training.settings import (
    ResolvedSettings,
    TrainSettings,
    check_patience_has_validation,
    resolve_settings,
)
from unpool.actions.training.training_images import (
    assign_classes,
    build_pixel_set,
    decide_size,
    decode_images,
    find_images,
    read_labels,
    report_unvalidated,
    split_images,
)
from unpool.core.markers import TRAINING
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.errors import UsageError
from unpool.images.labels.class_folders import is_folders
from unpool.images.labels.label_bundle import list_label_files
from unpool.images.source import FolderSource, Source, open_source
from unpool.inference.model import pick_device
from unpool.objectives.catalogue import find_objective
from unpool.training.checkpoint import NAME as CHECKPOINT
from unpool.training.recipes import ADAPTED_SHARE, HEAD, recipe_for
from unpool.training.run_folder import PIXELS

if TYPE_CHECKING:
    from unpool.images.augment.augmentation import Augmentation

RESULT_KEYS = ("objective", "best_val_loss", "effective_rank")
CLASS_KEYS = ("confusion", "labelled", "unlabelled", "not_validated")
REMEDY = "go on from it with --from and another --out"


def train(
    source: str,
    settings: TrainSettings = TrainSettings(),  # noqa: B008 - frozen
    *,
    out: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a network on images, and write a model folder.

    Args:
        source: a folder of images, or a named data set.
        settings: network, objective, and how to train.
        out: the model folder.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool train`.

    Raises:
        UsageError: for options that exclude each other or are out of range.
        UnpoolError: for images or models that cannot be used.
    """
    import torch  # noqa: F401 - seconds are counted from the first file, not from the program's start

    from unpool.training.distributed import build_accelerator
    from unpool.training.processes.watch import watch_processes

    progress = progress or Progress()
    with watch_processes():
        check_settings(settings)
        check_folder_is_free(out)
        request = parse_network_request(settings)
        resolved = _resolve(settings, request)
        augmentation = _read_augmentation(settings, resolved)
        check_options_have_effect(resolved, request, augmentation)
        check_weights_fit(request)
        check_writable(out)
        accelerator = build_accelerator(pick_device(settings.device), settings.precision)
        sources = _open_sources(source, settings, out)
        key = (
            request.run_key()
            | {"location": [each.location for each in sources]}
            | _labels_key(settings.labels)
        )
        run = Run(out, key | resolved.run_key(), settings.resume, accelerator, progress)
        if (record := run.finished_record(remedy=REMEDY)) is not None:
            return _result(out, record)
        task, run, num_skipped = _prepare(run, resolved, request, sources, augmentation, settings.labels)
        record, _ = train_task(task, run)
    return _result(out, record) | {"skipped": num_skipped}


def _resolve(settings: TrainSettings, request: NetworkRequest) -> ResolvedSettings:
    """The settings with the recipe of the network, or of a head where that alone is trained."""
    trains_head = (
        settings.freeze
        and settings.objective is not None
        and find_objective(settings.objective).compares_codes
    )
    recipe = HEAD if trains_head else recipe_for(request.name, request.is_backbone)
    share = settings.val_share
    resolved = resolve_settings(settings, recipe, val=share, augment=settings.augment)
    if settings.labels is not None and not resolved.spec.needs_labels:
        raise UsageError(f"--labels has no effect on --objective {resolved.objective}; leave it out")
    check_patience_has_validation(resolved.plan, validates=share > 0 or settings.val_source is not None)
    return resolved


def _labels_key(labels: str | None) -> dict[str, str]:
    """What makes two runs differ by their labels; empty for the folders that images lie in."""
    if labels is None:
        return {}
    digest = hashlib.blake2b(digest_size=12)
    files = [] if is_folders(labels) else list_label_files(Path(labels))
    for file in files:
        digest.update(file.read_bytes())
    return {"labels": f"{labels} {digest.hexdigest() if files else ''}".strip()}


def _read_augmentation(settings: TrainSettings, resolved: ResolvedSettings) -> Augmentation | None:
    """What happens to images before the network; None where views by name are compared, or nothing happens."""
    from unpool.images.augment.augmentation import read_augmentation

    text = settings.augment
    if text in (None, "none") or (resolved.spec.compares_codes and resolved.views is not None):
        return None
    augmentation = read_augmentation(str(text))
    if resolved.trains_head:
        raise UsageError(
            f"--augment {text}: with --freeze features are computed once, of views by name; give one, such as crops"
        )
    return augmentation


def _open_sources(source: str, settings: TrainSettings, out: Path) -> list[Source]:
    """The images to train on, and those to validate on where they are others."""
    locations = [source] if settings.val_source is None else [source, settings.val_source]
    sources = [open_source(each, settings.data, leave_out=out) for each in locations]
    check_no_mixing(out, [each.folder for each in sources if isinstance(each, FolderSource)])
    return sources


def _prepare(
    run: Run,
    resolved: ResolvedSettings,
    request: NetworkRequest,
    sources: list[Source],
    augmentation: Augmentation | None,
    labels: str | None,
) -> tuple[ImageTask, Run, int]:
    """Find and decode the images, and build the network; how many files were skipped comes last."""
    assert run.out is not None  # `unpool train` always writes
    assert run.scratch is not None
    found = find_images(sources, run.progress)
    if resolved.spec.needs_labels:
        assign_classes(found, labels, run.progress)
    size = decide_size(found, request, resolved.augment, augmentation)
    check_network(request, size.shape, resolved)
    pixels_NSSC = decode_images(found, size, run.scratch / PIXELS, run.share_folder(), run.progress)
    classes = read_labels(found) if resolved.spec.needs_labels else None
    parts = split_images(found, classes, resolved.plan.val, resolved.plan.seed)
    classes = report_unvalidated(classes, parts, run.progress) if classes else None
    channels = pixels_NSSC.shape[3]
    resumes = (
        run.resume and (run.out / TRAINING / CHECKPOINT).exists()
    )  # then the weights are the checkpoint's
    network, adapts = build_requested_network(
        request, InputShape(size.shape.size, channels), resolved.objective,
        num_classes=len(classes.classes) if classes else None, freeze=resolved.freeze,
        progress=Progress() if resumes else run.progress,
    )  # fmt: skip
    data = build_pixel_set(
        pixels_NSSC, network.preprocessing, run.accelerator.device, resolved.augment, augmentation
    )
    run = replace(run, key={**run.key, "files": found.fingerprint, "channels": channels})
    encoder_lr = resolved.plan.lr * ADAPTED_SHARE if adapts else None
    task = ImageTask(
        network, data, resolved, parts, classes, encoder_lr, progress=run.progress, rules=found.rules
    )
    if resolved.trains_head:
        task = train_head_only(task, run, pixels_NSSC)
    return task, run, len(found.problems)


def _result(out: Path, record: Record) -> dict[str, Any]:
    """The command's JSON object; what classes have only where there are some."""
    of_classes = {name: record[name] for name in CLASS_KEYS if record.get(name) is not None}
    return result_of(out, record, RESULT_KEYS) | of_classes
