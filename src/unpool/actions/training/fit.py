"""`unpool.fit`: train a network on any torch Dataset."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from unpool.actions.segmentation.dataset_task import DatasetSegmentationTask, segmentation_plan
from unpool.actions.training.image_task import ImageTask, Labels
from unpool.actions.training.output_folder import check_can_be_saved, check_folder_is_free, check_writable
from unpool.actions.training.run import Parts, Run, Task, train_task
from unpool.actions.training.settings import (
    ImageLoopSettings,
    check_patience_has_validation,
    resolve_settings,
)
from unpool.core.calls.signatures import shorten
from unpool.core.progress import Progress
from unpool.core.settings import Option, keywords_of
from unpool.errors import UnpoolError, UsageError
from unpool.inference.model import pick_device
from unpool.training.history import History
from unpool.training.recipes import recipe_for

if TYPE_CHECKING:
    from accelerate import Accelerator

    from unpool.networks.autoencoder import Autoencoder
    from unpool.networks.segmentation.segmenter import Segmenter
    from unpool.training.data.datasets import Dataset

DEFAULT_VAL = 0.1
Paths = str | os.PathLike[str] | Iterable[str | os.PathLike[str] | tuple[object, ...]]


@dataclass(frozen=True)
class FitSettings(ImageLoopSettings):
    """Options of `unpool.fit`."""

    out: Annotated[Path | str | None, Option("model folder to write; None writes none")] = None
    val: Annotated[
        Any, Option("share of the items held out for validation, 0 to 0.9, or a Dataset of others")
    ] = DEFAULT_VAL
    workers: Annotated[int, Option("processes that read ahead", low=0, high=1024)] = 0
    progress: Progress | None = None

    @property
    def val_share(self) -> float:
        """The share that is validated on; 0: other items are."""
        return float(self.val) if isinstance(self.val, int | float) else 0.0

    @property
    def folder(self) -> Path | None:
        """The model folder."""
        return None if self.out is None else Path(self.out)


@keywords_of(FitSettings)
def fit(network: Autoencoder | Segmenter, dataset: Dataset | Paths, settings: FitSettings) -> History:
    """Train a network on any torch Dataset.

    It ends with the best weights by validation, else the last.

    Items are x, (x, y) or (x, index): x is (C, H, W), uint8 or a picture, then normalised for the network, or
    float, then taken as it is; y is the class for objective "classify". A list or generator of paths, of (path, y)
    pairs, or a folder will do: images are resized and normalised. A Segmenter takes (image, mask) pairs:
    masks are (H, W) positions of classes, 255 where no class counts, and `loss` is a pixel loss.

    Args:
        network: an Autoencoder, Classifier or Segmenter; changed in place.
        dataset: with a length and items by index; or paths of images, in a list, a generator or a folder.
        settings: or its fields as keywords: epochs, batch, lr, objective, out, ...

    Returns:
        The losses of each epoch, and what the training cost.

    Raises:
        UsageError: for options that are unknown, out of range or exclude each other.
        UnpoolError: where the loss is no longer finite or the model cannot be kept.

    >>> import torch
    >>> from unpool.networks.catalogue import build_network
    >>> images = torch.utils.data.TensorDataset(torch.rand(20, 1, 8, 8))
    >>> history = fit(build_network("conv", size=8, channels=1), images, epochs=2, batch=10)
    >>> history.steps, len(history.epochs)
    (4, 2)
    """
    from unpool.networks.segmentation.segmenter import Segmenter
    from unpool.training.distributed import build_accelerator
    from unpool.training.processes.watch import watch_processes

    with watch_processes():
        dataset, settings = _as_datasets(network, dataset, settings)
        folder = settings.folder
        if folder is not None:
            check_folder_is_free(folder)
            check_writable(folder)
            check_can_be_saved(network)
        _check_val(settings)
        accelerator = build_accelerator(pick_device(settings.device), settings.precision)
        progress = settings.progress or Progress()
        if isinstance(network, Segmenter):
            task: Task = _segmentation_task(network, dataset, settings, accelerator)
        else:
            task = _image_task(network, dataset, settings, accelerator, progress)
        run = Run(folder, _run_key(network, task), settings.resume, accelerator, progress)
        _, history = train_task(task, run)
    return history


def _as_datasets(
    network: Autoencoder | Segmenter, dataset: Dataset | Paths, settings: FitSettings
) -> tuple[Dataset, FitSettings]:
    """The items to train on, and those to validate on, as data sets."""
    from unpool.networks.segmentation.segmenter import Segmenter
    from unpool.training.data.image_lists import as_dataset

    _check_network(network)
    prep, rules, has_masks = network.preprocessing, network.rules, isinstance(network, Segmenter)
    if not isinstance(settings.val, int | float):
        settings = replace(settings, val=as_dataset(settings.val, prep, rules, has_masks=has_masks))
    dataset = as_dataset(dataset, prep, rules, has_masks=has_masks)
    if not len(dataset):
        raise UnpoolError("there is no image in an empty data set; give one at least")
    return dataset, settings


def _check_network(network: object) -> None:
    from unpool.networks.autoencoder import Autoencoder
    from unpool.networks.segmentation.segmenter import Segmenter

    if not isinstance(network, Autoencoder | Segmenter):
        raise UsageError(
            f"network is {shorten(network)}, but must be an Autoencoder, Classifier or Segmenter; build_network makes "
            "one of a name"
        )


def _check_val(settings: FitSettings) -> None:
    if not 0 <= settings.val_share <= 0.9:
        raise UsageError(f"--val is {settings.val!r}, but must be a number from 0 to 0.9, or a Dataset")


def _run_key(network: Autoencoder | Segmenter, task: Task) -> dict[str, Any]:
    settings = task.settings.run_key() if isinstance(task, ImageTask) else task.plan.__dict__
    return {"network": network.architecture} | settings


def _image_task(
    network: Autoencoder,
    dataset: Dataset,
    settings: FitSettings,
    accelerator: Accelerator,
    progress: Progress,
) -> ImageTask:
    """The task of a network on images, with their labels where the objective needs them."""
    from unpool.networks.layers.freezing import check_anything_trains, freeze
    from unpool.training.data.datasets import DatasetImages

    resolved = resolve_settings(settings, recipe_for(network.architecture), val=settings.val_share)
    if resolved.trains_head:
        raise UsageError(
            f"freeze leaves objective {resolved.objective!r} nothing to train here; `unpool train --freeze` trains "
            "a head"
        )
    if settings.freeze:
        freeze(network)
    check_anything_trains(network, settings.freeze)
    check_patience_has_validation(resolved.plan, validates=_validates(settings))
    prep = network.preprocessing
    both = _with_validation(dataset, settings)
    images = DatasetImages(both, prep.mean, prep.std, accelerator.device, settings.workers)
    labels = as_labels(images.labels()) if resolved.spec.needs_labels else None
    parts = _parts(dataset, both, settings, labels)
    return ImageTask(network, images, resolved, parts, labels, progress=progress)


def _segmentation_task(
    network: Segmenter, dataset: Dataset, settings: FitSettings, accelerator: Accelerator
) -> DatasetSegmentationTask:
    """The task of a segmenter on pairs."""
    from unpool.networks.layers.freezing import check_anything_trains, freeze
    from unpool.training.data.masked_datasets import DatasetPairs

    for name in ("objective", "corruption"):
        if getattr(settings, name) is not None:
            raise UsageError(f"{name} is for networks that make codes or images, not for a Segmenter")
    plan = segmentation_plan(settings)
    check_patience_has_validation(plan, validates=_validates(settings))
    if settings.freeze:
        freeze(network)
    check_anything_trains(network, settings.freeze)
    both = _with_validation(dataset, settings)
    pairs = DatasetPairs(
        both, network.preprocessing, accelerator.device, settings.workers, network.num_classes
    )
    parts = _parts(dataset, both, settings, None)
    return DatasetSegmentationTask(network, pairs, plan, parts, settings.loss)


def _validates(settings: FitSettings) -> bool:
    return settings.val_share > 0 or not isinstance(settings.val, int | float)


def _with_validation(dataset: Dataset, settings: FitSettings) -> Dataset:
    """The dataset, followed by the one that is validated on where there is one."""
    from torch.utils.data import ConcatDataset

    if isinstance(settings.val, int | float):
        return dataset
    return ConcatDataset([dataset, settings.val])  # type: ignore[list-item]


def _parts(dataset: Dataset, both: Dataset, settings: FitSettings, labels: Labels | None) -> Parts:
    from unpool.training.data.datasets import split

    count = len(dataset)
    if both is not dataset:
        return np.arange(count), np.arange(count, len(both))
    return split(count, settings.val_share, settings.seed, labels.class_of_image if labels else None)


def as_labels(class_of_image: Sequence[int] | np.ndarray, classes: list[str] | None = None) -> Labels:
    """Build labels of whole numbers from 0.

    Args:
        class_of_image: the class of each image.
        classes: their names; by default the numbers.

    Raises:
        UnpoolError: for a negative number.
    """
    number_N = np.asarray(class_of_image, np.int64)
    if number_N.min(initial=0) < 0:
        raise UnpoolError(f"labels must be whole numbers from 0, got {int(number_N.min())}")
    return Labels(number_N, classes or [str(number) for number in range(int(number_N.max()) + 1)])
