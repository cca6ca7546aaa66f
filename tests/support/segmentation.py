"""Decoded scenes and the task of training a tiny segmenter on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from support.masks import write_scenes
from unpool.actions.segmentation.data import (
    ClassChoice,
    count_masks,
    find_labelled,
    learn_classes,
    load_labelled,
)
from unpool.actions.segmentation.settings import SegmentationSettings
from unpool.actions.segmentation.task import LabelledImages, SegmentationTask
from unpool.core.progress import Progress
from unpool.images.masks.folder_reading import plan_reading

SETTINGS = SegmentationSettings(backbone="conv", weights="none", batch=2, size=32, steps=1, lr=0.3)


def load_scenes(folder: Path, count: int = 4, **size: int) -> LabelledImages:
    """Write scenes, and decode them."""
    images, masks = write_scenes(folder, count, **size)
    progress = Progress()
    found = find_labelled(images, masks, split="train", progress=progress)
    values = count_masks(found, progress)
    classes = learn_classes([found], [values], ClassChoice()).classes
    store = load_labelled(found.pairs, plan_reading(classes, values), file=None, progress=progress)
    return LabelledImages(store, None, classes)


def build_task(labelled: LabelledImages, **options: Any) -> SegmentationTask:
    """A task of one step, with other options where given."""
    return SegmentationTask(replace(SETTINGS, **options), labelled, torch.device("cpu"), Progress())
