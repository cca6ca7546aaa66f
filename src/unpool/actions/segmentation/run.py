"""From decoded pairs to a model folder: the network, the loop, the report.

N images, K classes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.actions.segmentation.report import SegmentLog, write_report
from unpool.actions.training.network_request import fill_from_imagenet
from unpool.core.markers import TRAINING
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError
from unpool.images.masks.crop_presets import parse_crops
from unpool.images.masks.pair_store import PairStore
from unpool.images.masks.pixel_classes import PixelClasses
from unpool.training.history import History
from unpool.training.model_file import expect_kind, has_model, load_model, save_model
from unpool.training.plan import Plan
from unpool.training.run_folder import close_run_folder

if TYPE_CHECKING:
    from accelerate import Accelerator

STEPS_AN_EPOCH = 32  # at least: few images are met several times, each time elsewhere
BACKBONE_SHARE = 1 / 3  # of the learning rate, for a backbone that has learnt something
HOLDS_OUT_FROM = 20  # images; of fewer none is kept out for validation unless asked for
SHARE_HELD_OUT = 0.1
SHORT_SIDE = 512  # pixels that small images are enlarged to, where nothing is typed
MOST_ENLARGED = 2.0


@dataclass(frozen=True)
class SegmentationSettings:
    """What was typed about the network and its training; None leaves it to us."""

    network: str = "fcn4s"
    backbone: str | None = None
    weights: str | None = None
    upsampling: str = "interpolate"
    enlarge: float | None = None
    size: int | None = None
    loss: str | None = None
    class_weights: str = "none"
    augment: str = "scenes"
    freeze: bool = False
    unknown: str = "refuse"

    def asked(self) -> dict[str, Any]:
        """Flat, as checkpoints and model.json keep it."""
        return dict(vars(self))


@dataclass
class Job:
    """One training of a segmenter."""

    wishes: SegmentationSettings
    plan: Plan
    store: PairStore
    held: PairStore | None
    classes: PixelClasses
    out: Path
    accelerator: Accelerator
    progress: Progress
    began: float
    origin: dict[str, Any] = field(default_factory=dict)
    skipped: int = 0

    def fit(self, val: float | None) -> dict[str, Any]:
        """Train, and write the model folder with its report; returns the record that model.json keeps."""
        from unpool.objectives.losses.metrics import Segmentation
        from unpool.objectives.losses.segmentation import DEFAULT
        from unpool.training.checkpoint import Checkpoints
        from unpool.training.loop import train

        network = self._network()
        trained_M, held_M = self._split(val)
        images = self._images(network, held_M)
        objective = Segmentation(len(self.classes), self.wishes.loss or DEFAULT, self._weights(trained_M))
        log = (
            SegmentLog(self.out, network, images, self.classes) if self.accelerator.is_main_process else None
        )
        with self.progress.stage("training", 100, "%") as stage:
            history = train(
                network, images, objective, self.plan,
                checkpoints=Checkpoints(self.out / TRAINING, self.origin, requires_same_run=True),
                progress=lambda now: stage.reach(100 * now.fraction, 100, now.describe()),
                parts=(self._repeated(trained_M), np.arange(len(images.windows))),
                accelerator=self.accelerator, log=log.begun if log else None,
            )  # fmt: skip
        record = self._record(network, history)
        if self.accelerator.is_main_process:
            write_report(self.out, network, images, self.classes, record, history.epochs)
            save_model(
                self.out, network, training=record, classes=self.classes.names, last=history.last,
                masks=self.classes.to_dict(),
            )  # fmt: skip
            close_run_folder(self.out)
        self.accelerator.wait_for_everyone()
        return record

    def _network(self) -> Any:
        from unpool.networks.layers.freezing import freeze
        from unpool.networks.segmentation.segmenter import Segmenter

        wishes = self.wishes
        short_side = float(median(min(size) for size in self.store.sizes))
        enlarge = wishes.enlarge or (1.0 if wishes.network == "segnet" else enlargement(short_side))
        body, has_learnt = self._backbone()
        network = Segmenter(
            wishes.network, num_classes=len(self.classes), backbone=body, upsampling=wishes.upsampling,
            enlarge=enlarge, size=wishes.size, seed=self.plan.seed,
        )  # fmt: skip
        if self.plan.backbone_lr is None and not wishes.freeze:
            rate = self.plan.lr * BACKBONE_SHARE if has_learnt else self.plan.lr
            self.plan = replace(self.plan, backbone_lr=rate)
        if enlarge != 1 and wishes.enlarge is None:
            self.progress.message(
                f"images are enlarged ×{enlarge:g} before the encoder: their short side is {short_side:g}"
            )
        if wishes.freeze:
            freeze(network)
        return network

    def _backbone(self) -> tuple[Any, bool]:
        """The backbone, and whether it has learnt something: a model's, or with ImageNet's weights."""
        from unpool.networks.catalogue import build_network
        from unpool.networks.segmentation.segmenter import default_backbone

        wishes = self.wishes
        name = wishes.backbone or default_backbone(wishes.network)
        if has_model(Path(name)):
            if wishes.weights is not None:
                raise UsageError(
                    f"--weights {wishes.weights}: the model {name} brings its own; leave one out"
                )
            expect_kind(Path(name), "encoder")
            self.progress.message(f"the backbone goes on from {name}")
            return load_model(name), True
        if Path(name).is_dir():
            raise UnpoolError(
                f"--backbone {name} is a folder without a finished model; name a network or a model folder"
            )
        made = build_network(name, weights=wishes.weights or "none", decoder="none", seed=self.plan.seed)
        if wishes.weights is not None:
            return made, wishes.weights != "none"
        return made, fill_from_imagenet(made, self.progress)

    def _split(self, val: float | None) -> tuple[np.ndarray, np.ndarray]:
        """The images to train on and those kept out of them, numbers in the store."""
        from unpool.training.data.datasets import split

        count = len(self.store)
        share = val if val is not None else SHARE_HELD_OUT if count >= HOLDS_OUT_FROM else 0.0
        return split(count, 0.0 if self.held is not None else share, self.plan.seed)

    def _images(self, network: Any, held_M: np.ndarray) -> Any:
        from unpool.training.data.masked_datasets import MaskedImages

        prep = network.preprocessing
        crops = parse_crops(self.wishes.augment, prep.size)
        return MaskedImages(self.store, crops, prep, self.accelerator.device, self.held, held_M.tolist())

    def _repeated(self, trained_M: np.ndarray) -> np.ndarray:
        """Each image so often that an epoch is not too short; a repetition is an index of its own."""
        least = STEPS_AN_EPOCH * self.plan.batch
        times = max(1, -(-least // len(trained_M)))
        return np.concatenate([trained_M + len(self.store) * turn for turn in range(times)])

    def _weights(self, trained_M: np.ndarray) -> Any:
        import torch

        from unpool.objectives.losses.metrics import class_weights

        found = class_weights(self.store.count_NK[trained_M], self.classes.names, self.wishes.class_weights)
        return None if found is None else torch.from_numpy(found)

    def _record(self, network: Any, history: History) -> dict[str, Any]:
        last, best = history.epochs[-1], history.best
        seconds = time.perf_counter() - self.began + history.seconds_before
        shares_K = self.store.count_NK.sum(axis=0) / max(1, self.store.count_NK.sum())
        return {
            "network": network.architecture, "parameters": sum(each.numel() for each in network.parameters()),
            "asked": self.origin, "steps": history.steps, "seed": self.plan.seed, "minutes": self.plan.minutes,
            "processes": self.accelerator.num_processes,
            "batch": self.plan.batch, "images": len(self.store), "skipped": self.skipped,
            "seconds": round(seconds, 3), "images_per_second": round(history.images / max(seconds, 1e-9), 3),
            "train_loss": last["train_loss"], "val_loss": last["val_loss"], "val_accuracy": last["val_accuracy"],
            "val_miou": best.get("val_miou"), "best_epoch": best["epoch"], "enlarge": network.enlarge,
            "iou": dict(zip(self.classes.names, best["iou"], strict=True)) if best.get("iou") else None,
            "frequencies": dict(zip(self.classes.names, shares_K.round(6).tolist(), strict=True)),
            "epochs": history.epochs,
        }  # fmt: skip


def enlargement(short_side: float) -> float:
    """The factor by which images of such a short side are enlarged before the encoder, unless one is typed.

    >>> enlargement(360), enlargement(100), enlargement(3000)
    (1.42, 2.0, 1.0)
    """
    return round(min(MOST_ENLARGED, max(1.0, SHORT_SIDE / max(1.0, short_side))), 2)


def segment_result(out: Path, record: dict[str, Any]) -> dict[str, Any]:
    """The JSON object of `unpool segment train` from what model.json keeps."""
    keys = (
        "network", "parameters", "steps", "seconds", "images_per_second", "train_loss", "val_loss", "val_accuracy",
        "val_miou", "iou", "best_epoch", "images", "skipped", "enlarge",
    )  # fmt: skip
    return {"out": str(out), "epochs": len(record["epochs"])} | {key: record.get(key) for key in keys}
