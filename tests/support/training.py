"""The training commands with their options as keywords, as tests give them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from unpool.actions.segmentation.settings import SegmentationSettings
from unpool.actions.segmentation.train import segment_train as segment_train_with
from unpool.actions.training.settings import TrainSettings
from unpool.actions.training.train import train as train_with
from unpool.core.progress import Progress
from unpool.options import settings_from


def train(source: str, *, out: Path, progress: Progress | None = None, **options: Any) -> dict[str, Any]:
    """Run `unpool train` in this process."""
    return train_with(source, settings_from(TrainSettings, options), out=out, progress=progress)


def segment_train(
    images: Path, masks: Path, *, out: Path, progress: Progress | None = None, **options: Any
) -> dict[str, Any]:
    """Run `unpool segment train` in this process."""
    settings = settings_from(SegmentationSettings, options)
    return segment_train_with(images, masks, settings, out=out, progress=progress)
