"""What a training on images is measured by, and what is kept of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from unpool.actions.training.image_task import ImageTask, Labels
from unpool.actions.training.settings import ResolvedSettings
from unpool.errors import UnpoolError
from unpool.networks.catalogue import build_network
from unpool.networks.classifier import with_classes
from unpool.training.data.datasets import PixelSet
from unpool.training.history import History
from unpool.training.plan import Plan

HISTORY = History(epochs=[{"epoch": 1, "val_loss": 0.5, "train_loss": 0.25}])


def task(objective: str = "reconstruct", num_train: int = 8, **more: Any) -> ImageTask:
    network = more.pop("network", None) or build_network("conv", size=8, channels=1, seed=0)
    pixels = np.random.default_rng(0).integers(0, 255, (10, 8, 8, 1), np.uint8)
    data = PixelSet(pixels, (0.5,), (0.5,), torch.device("cpu"))
    parts = np.arange(num_train), np.arange(num_train, 10)
    return ImageTask(network, data, ResolvedSettings(objective, Plan(steps=1, batch=4)), parts, **more)


def test_too_few_images_to_compare_are_refused() -> None:
    with pytest.raises(UnpoolError, match="--objective aggregate compares images and needs 3 or more"):
        task("aggregate", num_train=2)
    assert task("reconstruct", num_train=1)


def test_the_rank_is_measured_of_codes_that_are_compared() -> None:
    assert task("contrast").measure(HISTORY)["effective_rank"] > 1
    found = task().measure(HISTORY)
    assert found == {"objective": "reconstruct", "best_val_loss": 0.5}


def test_a_classifier_has_a_confusion_of_the_images_held_out(tmp_path: Path) -> None:
    network = with_classes(build_network("conv", size=8, channels=1, seed=0), 2)
    labels = Labels(np.arange(10) % 2, ["even", "odd"])
    record: dict[str, Any] = {}
    built = task("classify", network=network, labels=labels)
    built.write_report(tmp_path, record, HISTORY)
    assert np.sum(record["confusion"], axis=1).tolist() == [1, 1]
    assert (tmp_path / "confusion.png").is_file()
    assert built.model(HISTORY).classes == ["even", "odd"]


def test_reconstructions_are_drawn_where_there_is_a_decoder(tmp_path: Path) -> None:
    task().write_report(tmp_path, {}, HISTORY)
    assert (tmp_path / "reconstructions.png").is_file()


def test_the_plan_has_the_rate_of_an_encoder_that_is_adapted() -> None:
    assert task(encoder_lr=0.5).plan.backbone_lr == 0.5
    assert task().plan.backbone_lr is None
