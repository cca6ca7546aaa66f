"""A task: a segmenter on a torch Dataset of pairs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from unpool.actions.segmentation.settings import (
    SegmentationSettings,
    build_plan,
)
from unpool.actions.training.run import Parts, Record, SavedModel, build_tensorboard_log
from unpool.actions.training.settings import ImageLoopSettings, check_one_duration, check_optimisation
from unpool.images.masks.pixel_classes import classes_by_value
from unpool.training.history import History
from unpool.training.plan import Plan
from unpool.training.tensorboard import Log

if TYPE_CHECKING:
    from unpool.networks.segmentation.segmenter import Segmenter
    from unpool.objectives.segmentation import Segmentation
    from unpool.training.data.masked_datasets import DatasetPairs


@dataclass
class DatasetSegmentationTask:
    """A segmenter, its pairs, and how it is trained.

    Args:
        network: trained in place.
        data: pairs of images and label maps, by index.
        plan: how long and how to train.
        parts: indices to train on and to validate on.
        loss: a pixel loss; None for the default of `segment train`.
    """

    network: Segmenter
    data: DatasetPairs
    plan: Plan
    parts: Parts
    loss: str | None = None

    def build_objective(self) -> Segmentation:
        """Build the loss of class scores."""
        from unpool.objectives.losses.segmentation import DEFAULT
        from unpool.objectives.segmentation import Segmentation

        return Segmentation(self.network.num_classes, self.loss or DEFAULT)

    def build_log(self, out: Path, first_step: int) -> Log:
        """Log to TensorBoard."""
        return build_tensorboard_log(out, first_step)

    def measure(self, history: History) -> Record:
        """Return the best intersection over union, mean and by class.

        The network keeps the sizes that it was trained on.
        """
        from unpool.networks.segmentation.scales import learn_scales

        if sizes := list(self.data.trained_sizes.elements()):
            self.network.learnt = learn_scales(sizes)
        best, names = history.best, self._class_names()
        iou = dict(zip(names, best["iou"], strict=True)) if best.get("iou") else None
        return {"val_miou": best.get("val_miou"), "iou": iou, "enlarge": self.network.enlarge}

    def write_report(self, out: Path, record: Record, history: History) -> None:
        """Write nothing: the losses are drawn by `train_task`.

        Args:
            out: the model folder.
            record: the record, to which figures may be added.
            history: the losses of the run.
        """

    def model(self, history: History) -> SavedModel:
        """Return the segmenter; its masks hold positions of classes."""
        names = self._class_names()
        return SavedModel(self.network, history.last, names, classes_by_value(names).to_dict())

    def _class_names(self) -> list[str]:
        return [str(number) for number in range(self.network.num_classes)]


def segmentation_plan(settings: ImageLoopSettings) -> Plan:
    """Build the plan of a segmenter from options of `fit`.

    Raises:
        UsageError: where more than one length is given, or a name is unknown.
    """
    check_one_duration(settings)
    given = {
        name: getattr(settings, name)
        for name in (
            "epochs", "steps", "minutes", "optimizer", "lr", "weight_decay", "schedule", "patience", "seed",
        )
    }  # fmt: skip
    plan = replace(
        build_plan(SegmentationSettings(batch=settings.batch, **given)), drop_last=settings.drop_last
    )
    check_optimisation(plan)
    return plan
