"""The training commands with their options as keywords, as tests give them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from unpool.actions.segmentation.evaluate import segment_evaluate as segment_evaluate_with
from unpool.actions.segmentation.predict import segment_predict as segment_predict_with
from unpool.actions.segmentation.settings import (
    PredictSettings,
    SegmentationSettings,
    SegmentEvaluateSettings,
)
from unpool.actions.segmentation.train import segment_train as segment_train_with
from unpool.actions.training.reconstruct import reconstruct as reconstruct_with
from unpool.actions.training.settings import ReconstructSettings, TrainSettings
from unpool.actions.training.train import train as train_with
from unpool.core.progress import Progress
from unpool.core.settings import settings_from


def train(source: str, *, out: Path, progress: Progress | None = None, **options: Any) -> dict[str, Any]:
    """Run `unpool train` in this process."""
    return train_with(source, settings_from(TrainSettings, options), out=out, progress=progress)


def segment_train(
    images: Path, masks: Path, *, out: Path, progress: Progress | None = None, **options: Any
) -> dict[str, Any]:
    """Run `unpool segment train` in this process."""
    settings = settings_from(SegmentationSettings, options)
    return segment_train_with(images, masks, settings, out=out, progress=progress)


def segment_predict(
    images: Path, *, model: Path, out: Path, progress: Progress | None = None, **options: Any
) -> dict[str, Any]:
    """Run `unpool segment predict` in this process."""
    settings = settings_from(PredictSettings, options)
    return segment_predict_with(images, settings, model=model, out=out, progress=progress)


def segment_evaluate(
    images: Path, masks: Path, *, model: Path, progress: Progress | None = None, **options: Any
) -> dict[str, Any]:
    """Run `unpool segment evaluate` in this process."""
    settings = settings_from(SegmentEvaluateSettings, options)
    return segment_evaluate_with(images, masks, settings, model=model, progress=progress)


def reconstruct(
    sources: Sequence[str], *, model: Path, out: Path, progress: Progress | None = None, **options: Any
) -> dict[str, Any]:
    """Run `unpool reconstruct` in this process."""
    settings = settings_from(ReconstructSettings, options)
    return reconstruct_with(sources, settings, model=model, out=out, progress=progress)
