"""`unpool segment train`: from images and masks to a model folder that labels every pixel."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.segmentation.data import find_labelled, learn_classes, load_labelled
from unpool.actions.segmentation.run import Job, SegmentationSettings, segment_result
from unpool.actions.training.output_folder import check_folder_is_free, check_no_mixing, check_writable
from unpool.actions.training.run import finished
from unpool.core.markers import TRAINING
from unpool.core.progress import Progress
from unpool.errors import UsageError, unknown_name
from unpool.images.masks.crop_presets import parse_crops
from unpool.inference.model import pick_device
from unpool.objectives.losses.metrics import class_weights
from unpool.objectives.losses.segmentation import DEFAULT, pixel_loss
from unpool.options import OPTIONS, SEGMENTERS, UPSAMPLINGS, check
from unpool.training.optimisation.optimisers import build_optimiser, has_weight_decay
from unpool.training.plan import Plan
from unpool.training.run_folder import HELD_PAIRS, PAIRS, open_run_folder, per_process_file
from unpool.training.optimisation.schedules import build_schedule

EPOCHS = 40
LR = 3e-3


def segment_train(
    images: Path,
    masks: Path,
    *,
    out: Path,
    classes: Path | None = None,
    ignore: int | None = None,
    val_images: Path | None = None,
    val_masks: Path | None = None,
    val: float | None = None,
    epochs: int | None = None,
    steps: int | None = None,
    minutes: float | None = None,
    batch: int = 8,
    lr: float | None = None,
    backbone_lr: float | None = None,
    optimizer: str = "adamw",
    weight_decay: float | None = None,
    schedule: str = "cosine",
    patience: int | None = None,
    precision: str = "auto",
    resume: bool = False,
    seed: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
    **typed: Any,
) -> dict[str, Any]:
    """Train a Segmenter on pairs of images and masks and write the model folder `out`.

    `typed` are the fields of `SegmentationSettings`. Returns the JSON object of `unpool segment train`. Raises `UsageError` for
    options that do not go together, `UnpoolError` for images, masks or models that cannot be used.
    """
    from unpool.training.distributed import build_accelerator

    progress = progress or Progress()
    wishes = SegmentationSettings(**{name: value for name, value in typed.items() if value is not None})
    given = {"epochs": epochs, "steps": steps, "minutes": minutes}
    check(
        seed=seed, device=device, precision=precision, batch=batch, lr=lr, unknown=wishes.unknown,
        backbone_lr=backbone_lr, weight_decay=weight_decay, patience=patience, val=val, ignore=ignore,
        enlarge=wishes.enlarge, **given,
    )  # fmt: skip
    OPTIONS["crop"].check("size", wishes.size)
    if (val_images is None) != (val_masks is None):
        raise UsageError("--val-images and --val-masks go together; give both or neither")
    if val is not None and val_images is not None:
        raise UsageError(f"--val {val:g} and --val-images both say what is validated on; give one of them")
    plan = _plan(
        given, batch, wishes, lr=lr, backbone_lr=backbone_lr, optimizer=optimizer, weight_decay=weight_decay,
        schedule=schedule, patience=patience, seed=seed, val=0.0,
    )  # fmt: skip
    _try_names(wishes, plan)
    if wishes.network == "segnet" and typed.get("upsampling") is not None:
        raise UsageError(
            f"--upsampling {wishes.upsampling} says nothing to --network segnet, which unpools; leave it out"
        )
    check_folder_is_free(out)
    check_writable(out)
    accelerator = build_accelerator(pick_device(device), precision)
    check_no_mixing(out, [images, masks])
    origin = wishes.asked() | vars(plan) | _places(images, masks, classes, ignore, val_images, val_masks, val)
    if resume and (record := finished(out, origin, goes_on=False)) is not None:
        progress.message(f"{out} is finished: nothing to do")
        return segment_result(out, record)
    began = time.perf_counter()
    found = find_labelled(images, masks, split="train", progress=progress, leave_out=out)
    others = None
    if val_images is not None and val_masks is not None:
        others = find_labelled(val_images, val_masks, split="val", progress=progress, leave_out=out)
    folders = [found] if others is None else [found, others]
    pixel_classes = learn_classes(folders, classes, ignore, unknown=wishes.unknown, progress=progress)
    scratch = out / TRAINING
    if accelerator.is_main_process:
        open_run_folder(out, resume=resume)
    accelerator.wait_for_everyone()
    process = accelerator.process_index
    store = load_labelled(
        found.pairs,
        pixel_classes,
        unknown=wishes.unknown,
        file=scratch / per_process_file(PAIRS, process),
        progress=progress,
    )
    held = None
    if others is not None:
        held = load_labelled(
            others.pairs, pixel_classes, unknown=wishes.unknown, file=scratch / per_process_file(HELD_PAIRS, process),
            progress=progress,
        )  # fmt: skip
    job = Job(wishes, plan, store, held, pixel_classes, out, accelerator, progress, began)
    job.origin = origin | {"files": store.fingerprint(), "held": held.fingerprint() if held else None}
    job.skipped = len(store.problems) + len(found.problems)
    record = job.fit(val)
    return segment_result(out, record)


def _places(*places: Any) -> dict[str, Any]:
    names = ("location", "masks", "classes", "ignore", "val_images", "val_masks", "val")
    told = [str(place.resolve()) if isinstance(place, Path) else place for place in places]
    return dict(zip(names, told, strict=True))


def _plan(given: dict[str, Any], batch: int, wishes: SegmentationSettings, **typed: Any) -> Plan:
    """How long and how: what was typed, else what did well here (docs/decisions/0009)."""
    if sum(value is not None for value in given.values()) > 1:
        raise UsageError("--epochs, --steps and --minutes each say how long to train; give one of them")
    if all(value is None for value in given.values()):
        given = given | {"epochs": EPOCHS}
    rate, backbone_rate = typed.pop("lr") or LR, typed.pop("backbone_lr")
    if wishes.freeze and backbone_rate is not None:
        raise UsageError("--freeze and --backbone-lr exclude each other: a frozen backbone learns nothing")
    decay = typed.pop("weight_decay")
    if decay is None:
        decay = 1e-2 if has_weight_decay(typed["optimizer"]) else None
    return Plan(**given, batch=batch, lr=rate, backbone_lr=backbone_rate, weight_decay=decay, **typed)


def _try_names(wishes: SegmentationSettings, plan: Plan) -> None:
    """Raise `UsageError` for names that are wrong before anything is opened."""
    import torch

    if wishes.network not in SEGMENTERS:
        raise unknown_name("--network", wishes.network, SEGMENTERS)
    if wishes.upsampling not in UPSAMPLINGS:
        raise unknown_name("--upsampling", wishes.upsampling, UPSAMPLINGS)
    class_weights(np.ones((1, 2)), ["", ""], wishes.class_weights)
    pixel_loss(wishes.loss or DEFAULT)
    parse_crops(wishes.augment, 64)
    optimiser = build_optimiser(
        plan.optimizer, [torch.nn.Parameter(torch.zeros(2, 2))], plan.lr, plan.weight_decay
    )
    build_schedule(plan.schedule, optimiser, 100, 10)
