"""A segmenter on a Dataset: its plan, its classes, its record."""

from __future__ import annotations

import pytest

from unpool.actions.segmentation.dataset_task import DatasetSegmentationTask, segmentation_plan
from unpool.actions.training.settings import ImageLoopSettings
from unpool.errors import UsageError
from unpool.images.masks.pixel_classes import PixelClasses
from unpool.networks.segmentation.segmenter import Segmenter
from unpool.training.history import History


def test_the_plan_is_that_of_segment_train_with_what_is_given() -> None:
    plan = segmentation_plan(ImageLoopSettings(steps=3, drop_last=True, seed=4))
    assert (plan.steps, plan.epochs, plan.batch, plan.lr, plan.drop_last, plan.seed) == (
        3,
        None,
        8,
        3e-3,
        True,
        4,
    )
    with pytest.raises(UsageError, match="give one of them"):
        segmentation_plan(ImageLoopSettings(steps=3, epochs=1))


def test_the_record_names_classes_by_number_and_the_model_can_be_predicted_with() -> None:
    network = Segmenter("fcn4s", num_classes=2, backbone="conv")
    task = DatasetSegmentationTask(network, None, segmentation_plan(ImageLoopSettings()), (None, None))  # type: ignore[arg-type]
    history = History(best_by="val_miou", epochs=[{"val_miou": 0.5, "iou": [0.25, 0.75], "val_loss": 1.0}])
    assert task.measure(history)["iou"] == {"0": 0.25, "1": 0.75}
    model = task.model(history)
    assert model.masks is not None
    assert PixelClasses.from_dict(model.masks).names == ("0", "1")
