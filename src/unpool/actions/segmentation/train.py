"""`unpool segment train`: from images and masks to a model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unpool.actions.outputs.messages import report
from unpool.actions.segmentation.cross_validation import plan_cross_validation
from unpool.actions.segmentation.data import (
    ClassChoice,
    count_masks,
    describe_found,
    describe_unknown,
    find_labelled,
    learn_classes,
    load_labelled,
)
from unpool.actions.segmentation.label_checks import check_labels
from unpool.actions.segmentation.settings import SegmentationSettings, check_segmentation
from unpool.actions.segmentation.task import LabelledImages, SegmentationTask
from unpool.actions.training.output_folder import check_folder_is_free, check_no_mixing, check_writable
from unpool.actions.training.run import Record, Run, result_of, train_task
from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.core.settings import check_settings
from unpool.images.annotations.class_names import plan_folder
from unpool.images.masks.folder_reading import FolderReading
from unpool.images.masks.pair_store import PairStore
from unpool.images.masks.pairs import Pairs
from unpool.images.value_survey import describe_ranges, survey_values
from unpool.images.values.rules import NO_RULES
from unpool.inference.model import pick_device
from unpool.training.run_folder import HELD_PAIRS, PAIRS

if TYPE_CHECKING:
    from unpool.training.data.shared_folder import SharedFolder

RESULT_KEYS = (
    "val_miou", "iou", "val_miou_cv", "iou_cv", "folds", "fold_steps", "skipped", "enlarge", "ignored",
    "ignored_share", "notes",
)  # fmt: skip
REMEDY = "give another --out"


def segment_train(
    images: Path,
    masks: Path,
    settings: SegmentationSettings = SegmentationSettings(),  # noqa: B008 - frozen
    *,
    out: Path,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Train a segmenter on images and masks.

    Args:
        images: a folder of images.
        masks: a folder of their masks.
        settings: network, classes, and how to train.
        out: the model folder.
        progress: where stages and messages go.

    Returns:
        The JSON object of `unpool segment train`.

    Raises:
        UsageError: for options that exclude each other or are out of range.
        UnpoolError: for images, masks or models that cannot be used.
    """
    from unpool.training.distributed import build_accelerator
    from unpool.training.processes.watch import watch_processes

    progress = progress or Progress()
    with watch_processes():
        check_settings(settings)
        check_segmentation(settings)
        check_folder_is_free(out)
        check_writable(out)
        accelerator = build_accelerator(pick_device(settings.device), settings.precision)
        check_no_mixing(out, [images, masks])
        run = Run(out, settings.run_key(images, masks), settings.resume, accelerator, progress)
        if (record := run.finished_record(remedy=REMEDY)) is None:
            record = _train(images, masks, settings, run)
        return _result(out, record)


def _train(images: Path, masks: Path, settings: SegmentationSettings, run: Run) -> Record:
    progress, labelled = run.progress, _load(images, masks, settings, run)
    held = labelled.held.fingerprint() if labelled.held else None
    run = replace(run, key={**run.key, "files": labelled.store.fingerprint(), "held": held})
    validation = plan_cross_validation(settings, labelled, run)
    if validation is not None:
        labelled = replace(labelled, remarks=(*labelled.remarks, validation.describe()))
        report(labelled.remarks[-1:], progress)
    task = SegmentationTask(settings, labelled, run.accelerator.device, progress, cross_validate=validation)
    report(task.remarks, progress)
    record, _ = train_task(task, run)
    return record


def _load(images: Path, masks: Path, settings: SegmentationSettings, run: Run) -> LabelledImages:
    """Match images and masks, infer the classes, and decode all pairs."""
    from unpool.training.distributed import check_same_files

    progress, out = run.progress, run.out
    found = find_labelled(images, masks, split="train", progress=progress, leave_out=out)
    others = None
    if settings.val_images is not None and settings.val_masks is not None:
        others = find_labelled(
            settings.val_images, settings.val_masks, split="val", progress=progress, leave_out=out
        )
    folders = [found] if others is None else [found, others]
    shared = run.share_folder()
    if shared is not None:
        names = (f"{pair.path}\0{pair.mask.path}" for folder in folders for pair in folder.pairs)
        check_same_files(names, str(images), run.accelerator)
    values = [count_masks(folder, progress, shared) for folder in folders]
    choice = ClassChoice(settings.classes, settings.ignore, settings.unknown, settings.numbers)
    learnt = learn_classes(folders, values, choice)
    report(learnt.remarks, progress)
    readings = [
        plan_folder(
            folder,
            learnt.classes,
            each,
            unknown=settings.unknown,
            numbers=settings.numbers,
            drawn_on=settings.drawn_on,
        )
        for folder, each in zip(folders, values, strict=True)
    ]
    readings, about_values = _with_rules(folders, readings, progress)
    run.open_folder()
    store = _decode(found, readings[0], PAIRS, settings, run, shared)
    held = None if others is None else _decode(others, readings[1], HELD_PAIRS, settings, run, shared)
    about_pixels = check_labels(store, held, learnt.classes.names)
    report(about_pixels, progress)
    remarks = [note for folder in folders for note in describe_found(folder)]
    remarks += [*learnt.remarks, *(each for reading in readings for each in reading.remarks), *about_pixels]
    remarks += about_values
    num_skipped = len(store.problems) + len(found.problems)
    rules = readings[0].rules
    return LabelledImages(store, held, learnt.classes, num_skipped, tuple(remarks), rules)


def _with_rules(
    folders: list[Pairs], readings: list[FolderReading], progress: Progress
) -> tuple[list[FolderReading], list[str]]:
    """The readings with one rule for values of more than 8 bits in images, and what it is."""
    files = [pair.image for folder in folders for pair in folder.pairs]
    survey = survey_values(files, NO_RULES, usable_cores(), progress)
    remarks = [describe_ranges(survey, remedy="")] if survey.new else []
    report(remarks, progress)
    return [replace(reading, rules=survey.rules) for reading in readings], remarks


def _decode(
    pairs: Pairs,
    reading: FolderReading,
    name: str,
    settings: SegmentationSettings,
    run: Run,
    shared: SharedFolder | None,
) -> PairStore:
    assert run.scratch is not None  # `segment train` always writes
    report(reading.remarks, run.progress)
    store = load_labelled(pairs.pairs, reading, file=run.scratch / name, progress=run.progress, shared=shared)
    report(describe_unknown(store.unknown, store.unknown_in, settings.unknown), run.progress)
    return store


def _result(out: Path, record: Record) -> dict[str, Any]:
    return result_of(out, record, RESULT_KEYS)
