"""A task: a segmenter on decoded images and masks.

N images, M of them, K classes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from unpool.actions.segmentation.label_checks import compare_parts, describe_lost_colour
from unpool.actions.segmentation.report import SegmentLog, write_report
from unpool.actions.segmentation.scales import describe_validation
from unpool.actions.segmentation.settings import DEFAULT_SCHEDULE, SegmentationSettings, build_plan
from unpool.actions.training.network_request import fill_from_imagenet
from unpool.actions.training.run import Parts, Record, SavedModel
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.images.masks.crop_presets import parse_crops, parse_scales, scale_range
from unpool.images.masks.pair_store import PairStore
from unpool.images.masks.pixel_classes import PixelClasses
from unpool.images.values.rules import NO_RULES, VALUES, ValueRules
from unpool.training.history import History
from unpool.training.model_file import expect_kind, has_model, load_model
from unpool.training.plan import Plan
from unpool.training.tensorboard import Log

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from unpool.networks.autoencoder import Autoencoder
    from unpool.networks.segmentation.segmenter import Segmenter
    from unpool.objectives.segmentation import Segmentation
    from unpool.training.data.masked_datasets import MaskedImages

MIN_STEPS_PER_EPOCH = 32  # few images are met several times in an epoch, each time elsewhere
MAX_VALIDATION_SHARE = 0.1  # of an epoch's pixels that are trained on: where no number of epochs is set
PASSES = 3  # of a pixel that is trained on, for one of a pixel that is validated: forward, and twice back
BACKBONE_LR_SHARE = 1 / 3  # of the learning rate, for a backbone with weights from elsewhere
MIN_IMAGES_TO_HOLD_OUT = 20  # of fewer none is held out for validation unless requested
DEFAULT_VAL = 0.1
COST = 0.5  # of all trainings that cross-validate, as a share of the steps of the training itself
SHORT_SIDE = 512  # pixels that small images are enlarged to, unless an enlargement is typed
MAX_ENLARGEMENT = 2.0


@dataclass(frozen=True)
class LabelledImages:
    """Decoded pairs, to train on and to validate on.

    Args:
        store: the pairs.
        held: others that are validated on; None: a share of the first.
        classes: of both.
        num_skipped: pairs that could not be used.
        remarks: sentences on what was understood and left out.
        rules: by which values of more than 8 bits were scaled.
    """

    store: PairStore
    held: PairStore | None
    classes: PixelClasses
    num_skipped: int = 0
    remarks: tuple[str, ...] = ()
    rules: ValueRules = NO_RULES


class SegmentationTask:
    """A segmenter, its pairs, and how it is trained.

    Args:
        settings: network, loss and crops.
        labelled: the decoded pairs.
        device: of the network.
        progress: receives where the network starts from.
        held_M: numbers of images that are held out; None: a share of them, as the settings say.
        cross_validate: measures what is not held out, after a training of so many steps.

    Raises:
        UsageError: for weights beside a model that brings its own.
        UnpoolError: for a backbone that cannot be used.
    """

    def __init__(
        self,
        settings: SegmentationSettings,
        labelled: LabelledImages,
        device: torch.device,
        progress: Progress,
        held_M: np.ndarray | None = None,
        cross_validate: Callable[[int], Record] | None = None,
    ) -> None:
        from unpool.networks.segmentation.scales import learn_scales
        from unpool.training.data.masked_datasets import MaskedImages

        self.settings, self.labelled, self.classes = settings, labelled, labelled.classes
        self.network, self.plan = build_segmenter(settings, labelled, progress)
        self._cross_validate = cross_validate
        if cross_validate is not None and self.plan.minutes is not None:
            self.plan = replace(self.plan, minutes=self.plan.minutes * (1 - COST / (1 + COST)))
        if held_M is None:
            share = 0.0 if cross_validate is not None else settings.val
            self._trained_M, held_M = _split(labelled, share, self.plan.seed)
        else:
            self._trained_M = np.setdiff1d(np.arange(len(labelled.store)), held_M)
        self._held_M = held_M
        preprocessing = self.network.preprocessing
        scales = parse_scales(settings.scales)
        self.data: MaskedImages = MaskedImages(
            labelled.store, parse_crops(settings.augment, preprocessing.size, scales=scales), preprocessing, device,
            labelled.held, held_M.tolist(),
        )  # fmt: skip
        self.learnt = self.network.learnt = learn_scales(
            [labelled.store.sizes[n] for n in self._trained_M],
            factors=scale_range(settings.augment, scales), crop=preprocessing.size,
        )  # fmt: skip

    @property
    def remarks(self) -> list[str]:
        """Sentences on classes and sizes of one part, and colour."""
        store, held = self.labelled.store, self.labelled.held
        held_NK = store.count_NK[self._held_M] if held is None else held.count_NK
        trained_K = store.count_NK[self._trained_M].sum(axis=0)
        remarks = compare_parts(trained_K, held_NK.sum(axis=0), self.classes.names)
        remarks += describe_validation(self.learnt, [] if held is None else held.sizes)
        if self.network.channels == 1:
            remarks += describe_lost_colour(len(store) - store.num_grey, len(store))
        return remarks

    @property
    def parts(self) -> Parts:
        """Crops to train on, and windows to validate on.

        Images are repeated where an epoch would be short. A repetition is an index of its own.
        """
        num_crops = max(MIN_STEPS_PER_EPOCH * self.plan.batch, self._crops_for_validation())
        times = max(1, -(-num_crops // len(self._trained_M)))
        repeated = [self._trained_M + len(self.labelled.store) * number for number in range(times)]
        return np.concatenate(repeated), np.arange(len(self.data.windows))

    def _crops_for_validation(self) -> int:
        """How many crops go with one validation, so that it takes little of the minutes or steps."""
        plan = self.plan
        if plan.epochs is not None or plan.patience is not None or plan.schedule != DEFAULT_SCHEDULE:
            return 0  # an epoch is what was counted in
        validated = sum(prod(self.data.held.sizes[n]) for n in {n for n, _, _ in self.data.windows})
        return int(validated / (PASSES * MAX_VALIDATION_SHARE * self.network.size**2))

    def build_objective(self) -> Segmentation:
        """Build the loss of class scores, with class weights."""
        from unpool.objectives.losses.segmentation import DEFAULT
        from unpool.objectives.segmentation import Segmentation

        return Segmentation(len(self.classes), self.settings.loss or DEFAULT, self._class_weights())

    def build_log(self, out: Path, first_step: int) -> Log:
        """Log to TensorBoard, and draw examples after each epoch."""
        return SegmentLog(out, self.network, self.data, self.classes, first_step)

    def measure(self, history: History) -> Record:
        """Return intersection over union and share of pixels by class."""
        best = history.best
        store = self.labelled.store
        count_NK = store.count_NK
        shares_K = count_NK.sum(axis=0) / max(1, count_NK.sum())
        names = self.classes.names
        return {
            "skipped": self.labelled.num_skipped,
            "val_miou": best.get("val_miou"),
            "enlarge": self.network.enlarge,
            "iou": dict(zip(names, best["iou"], strict=True)) if best.get("iou") else None,
            "frequencies": dict(zip(names, shares_K.round(6).tolist(), strict=True)),
            "ignored": store.num_ignored,
            "ignored_share": round(store.num_ignored / store.num_pixels, 6),
            "grey": store.num_grey,
            "notes": [*self.labelled.remarks, *self.remarks],
            **(self._cross_validate(history.steps) if self._cross_validate else {}),
            **({VALUES: self.labelled.rules.to_dict()} if self.labelled.rules else {}),
        }

    def write_report(self, out: Path, record: Record, history: History) -> None:
        """Write the page of examples, curves and classes.

        Args:
            out: the model folder.
            record: the record, to which figures may be added.
            history: the losses of the run.
        """
        write_report(out, self.network, self.data, self.classes, record)

    def model(self, history: History) -> SavedModel:
        """Return the segmenter with its classes."""
        return SavedModel(self.network, history.last, list(self.classes.names), self.classes.to_dict())

    def _class_weights(self) -> Tensor | None:
        import torch

        from unpool.objectives.losses.class_weights import class_weights

        count_MK = self.labelled.store.count_NK[self._trained_M]
        weight_K = class_weights(count_MK, self.classes.names, self.settings.class_weights)
        return None if weight_K is None else torch.from_numpy(weight_K)


def build_segmenter(
    settings: SegmentationSettings, labelled: LabelledImages, progress: Progress
) -> tuple[Segmenter, Plan]:
    """Build the network, and a plan with its backbone's rate."""
    from unpool.networks.layers.freezing import freeze
    from unpool.networks.segmentation.segmenter import Segmenter

    plan = build_plan(settings)
    short_side = float(median(min(size) for size in labelled.store.sizes))
    enlarge = settings.enlarge or (1.0 if settings.network == "segnet" else enlargement(short_side))
    body, is_pretrained = _build_backbone(settings, progress)
    network = Segmenter(
        settings.network, num_classes=len(labelled.classes), backbone=body,
        upsampling=settings.upsampling_name, enlarge=enlarge, size=settings.size, seed=plan.seed,
    )  # fmt: skip
    if plan.backbone_lr is None and not settings.freeze:
        plan = replace(plan, backbone_lr=plan.lr * BACKBONE_LR_SHARE if is_pretrained else plan.lr)
    if enlarge != 1 and settings.enlarge is None:
        progress.message(
            f"images are enlarged ×{enlarge:g} before the encoder: their short side is {short_side:g}"
        )
    if settings.freeze:
        freeze(network)
    elif is_pretrained and settings.backbone_lr is None and not _is_model(settings.backbone):
        _keep_start(network, progress)
    return network, plan


def _keep_start(network: Segmenter, progress: Progress) -> None:
    """Keep a pretrained backbone's weights down to maps of 1/4 of the image (docs/decisions/0009)."""
    from unpool.networks.layers.freezing import freeze_start
    from unpool.networks.segmentation.pyramid import Pyramid
    from unpool.networks.segmentation.segmenter import FINE

    if network.architecture == "segnet":
        return
    first = Pyramid(network.encoder, network.channels, finest=FINE).levels[0]
    if first.module and first.reduction <= FINE:
        freeze_start(network, first.module)
        progress.message(
            f"the backbone's weights down to maps of 1/{first.reduction:g} of the image are kept; give --backbone-lr "
            "to train them too"
        )


def _is_model(backbone: str | None) -> bool:
    return backbone is not None and has_model(Path(backbone))


def _build_backbone(settings: SegmentationSettings, progress: Progress) -> tuple[Autoencoder, bool]:
    """The backbone, and whether it has weights from elsewhere: a model's, or ImageNet's."""
    from unpool.networks.catalogue import build_network
    from unpool.networks.segmentation.segmenter import default_backbone

    name, weights = settings.backbone or default_backbone(settings.network), settings.weights
    if _is_model(name):
        if weights is not None:
            raise UsageError(f"--weights {weights}: the model {name} brings its own; leave one out")
        expect_kind(Path(name), "encoder")
        progress.message(f"the backbone goes on from {name}")
        return load_model(name), True
    if Path(name).is_dir():
        raise UnpoolError(
            f"--backbone {name} is a folder without a finished model; name a network or a model folder"
        )
    backbone = build_network(name, weights=weights or "none", decoder="none", seed=settings.seed)
    if weights is not None:
        return backbone, weights != "none"
    return backbone, fill_from_imagenet(backbone, progress)


def enlargement(short_side: float) -> float:
    """Return the default enlargement of images of a short side.

    >>> enlargement(360), enlargement(100), enlargement(3000)
    (1.42, 2.0, 1.0)
    """
    return round(min(MAX_ENLARGEMENT, max(1.0, SHORT_SIDE / max(1.0, short_side))), 2)


def _split(labelled: LabelledImages, val: float | None, seed: int) -> Parts:
    """The images to train on and those held out of them, numbers in the store."""
    from unpool.training.data.datasets import split

    count = len(labelled.store)
    share = val if val is not None else DEFAULT_VAL if count >= MIN_IMAGES_TO_HOLD_OUT else 0.0
    return split(count, 0.0 if labelled.held is not None else share, seed)
