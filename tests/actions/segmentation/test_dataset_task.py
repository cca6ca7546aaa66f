"""A segmenter on a Dataset: its plan, its classes, its record."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from unpool.actions.segmentation.dataset_task import DatasetSegmentationTask, segmentation_plan
from unpool.actions.training.settings import ImageLoopSettings
from unpool.errors import UsageError
from unpool.images.masks.pixel_classes import PixelClasses
from unpool.networks.segmentation.segmenter import Segmenter
from unpool.objectives.losses.segmentation import DEFAULT, pixel_loss
from unpool.training.history import History
from unpool.training.tensorboard import TensorBoardLog


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
    data: Any = SimpleNamespace(trained_sizes=Counter({(30, 40): 3, (60, 80): 1}))
    task = DatasetSegmentationTask(network, data, segmentation_plan(ImageLoopSettings()), (None, None))  # type: ignore[arg-type]
    history = History(best_by="val_miou", epochs=[{"val_miou": 0.5, "iou": [0.25, 0.75], "val_loss": 1.0}])
    assert task.measure(history)["iou"] == {"0": 0.25, "1": 0.75}
    assert network.learnt is not None
    assert (network.learnt.median, network.learnt.largest) == ((40, 30), (80, 60))
    model = task.model(history)
    assert model.masks is not None
    assert PixelClasses.from_dict(model.masks).names == ("0", "1")


def build_task(loss: str | None = None) -> DatasetSegmentationTask:
    network = Segmenter("fcn4s", num_classes=2, backbone="conv", enlarge=1.5)
    data: Any = SimpleNamespace(trained_sizes=Counter())  # is read by the loop alone
    return DatasetSegmentationTask(
        network, data, segmentation_plan(ImageLoopSettings()), (np.arange(2), np.arange(0)), loss
    )


def test_every_option_of_the_loop_reaches_the_plan() -> None:
    options = {
        "epochs": 2, "batch": 3, "optimizer": "sgd", "lr": 0.5, "weight_decay": 0.25, "schedule": "constant",
        "patience": 4, "seed": 5,
    }  # fmt: skip
    plan = segmentation_plan(ImageLoopSettings(**options))  # type: ignore[arg-type]
    assert {name: getattr(plan, name) for name in options} == options
    assert segmentation_plan(ImageLoopSettings(minutes=1.5)).minutes == 1.5
    with pytest.raises(UsageError, match="did you mean 'adam'"):
        segmentation_plan(ImageLoopSettings(optimizer="adamm"))


@pytest.mark.parametrize(("name", "expected"), [(None, DEFAULT), ("dice", "dice")])
def test_the_loss_is_that_of_segment_train_unless_another_is_named(name: str | None, expected: str) -> None:
    scores_BKHW, label_BHW = torch.rand(1, 2, 4, 4), torch.randint(0, 2, (1, 4, 4))
    objective = build_task(name).build_objective()
    assert torch.equal(
        objective.loss(scores_BKHW, label_BHW), pixel_loss(expected, None)(scores_BKHW, label_BHW)
    )
    assert objective.num_classes == 2


def test_without_validation_there_is_no_quality_and_the_enlargement_is_kept() -> None:
    record = build_task().measure(History(best_by="val_miou", epochs=[{"train_loss": 1.0}]))
    assert record == {"val_miou": None, "iou": None, "enlarge": 1.5}


def test_scalars_are_logged_and_no_page_is_written(tmp_path: Path) -> None:
    task = build_task()
    history = History(last={"weight": 1})
    task.write_report(tmp_path, {}, history)
    assert not list(tmp_path.iterdir())
    log = task.build_log(tmp_path, 0)
    log.close()
    assert isinstance(log, TensorBoardLog)
    assert task.model(history).last == {"weight": 1}
