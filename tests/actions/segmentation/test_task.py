"""The network, the plan and the images of a segmenter's training."""

from __future__ import annotations

import numpy as np
import pytest

from support.segmentation import build_task as task
from support.segmentation import load_scenes
from unpool.actions.segmentation.task import LabelledImages, enlargement


@pytest.fixture(scope="module")
def labelled(tmp_path_factory: pytest.TempPathFactory) -> LabelledImages:
    return load_scenes(tmp_path_factory.mktemp("scenes"))


def test_few_images_are_repeated_and_none_is_held_out(labelled: LabelledImages) -> None:
    train_M, held_M = task(labelled).parts
    assert len(train_M) == 64
    assert np.bincount(train_M % 4).tolist() == [16] * 4
    assert len(held_M) == 0
    train_M, held_M = task(labelled, val=0.25).parts
    assert len(set(train_M % 4)) == 3
    assert len(held_M) == 1


def test_a_backbone_of_random_weights_learns_at_the_full_rate(labelled: LabelledImages) -> None:
    assert task(labelled).plan.backbone_lr == 0.3
    assert task(labelled, backbone_lr=0.1).plan.backbone_lr == 0.1


def test_small_images_are_enlarged_unless_typed(labelled: LabelledImages) -> None:
    assert task(labelled).network.enlarge == enlargement(48) == 2.0
    assert task(labelled, enlarge=1.0).network.enlarge == 1.0


def test_rare_classes_weigh_more(labelled: LabelledImages) -> None:
    weight_K = task(labelled, class_weights="median")._class_weights()
    assert weight_K is not None
    share_K = labelled.store.count_NK.sum(axis=0)
    assert int(weight_K.argmax()) == int(share_K.argmin())
    assert task(labelled)._class_weights() is None
