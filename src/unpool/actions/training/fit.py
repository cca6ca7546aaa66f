"""`unpool.fit`: train a network on any torch Dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.training.output_folder import check_can_be_saved, check_folder_is_free, check_writable
from unpool.actions.training.run import Labels, Run, fit_run
from unpool.actions.training.settings import (
    RANGE_CHECKED_OPTIONS,
    check_patience_has_validation,
    resolve_settings,
)
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError, unknown_name
from unpool.inference.model import pick_device
from unpool.options import COMPARING, check
from unpool.training.history import History
from unpool.training.recipes import recipe_for

FIT_OPTIONS = (*RANGE_CHECKED_OPTIONS, "drop_last", "optimizer", "schedule", "loss", "corruption", "freeze")


def fit(
    network: Any,
    dataset: Any,
    *,
    objective: str = "reconstruct",
    out: Path | str | None = None,
    val: Any = 0.1,
    resume: bool = False,
    workers: int = 0,
    device: str = "auto",
    progress: Progress | None = None,
    **options: Any,
) -> History:
    """Train a network on any torch Dataset of x, (x, y) or (x, index); leaves the best weights in it.

    x is (C, H, W), uint8 or a picture, then normalised for the network, or float, then taken as it is; y is the
    class for "classify". `val` is the share kept out for validation, or a Dataset of its own. `options` are those
    of `unpool train`: epochs, steps, minutes, batch, lr, optimizer, schedule, loss, corruption, freeze, seed, ….
    With `out` the model folder is written, and `resume` goes on from what was stopped there. `workers` processes
    read ahead.

    Raises `UsageError` for unknown options, `UnpoolError` where the loss is no number or the model cannot be kept.

    >>> import torch
    >>> from unpool.networks.catalogue import build_network
    >>> images = torch.utils.data.TensorDataset(torch.rand(20, 1, 8, 8))
    >>> history = fit(build_network("conv", size=8, channels=1), images, epochs=2, batch=10)
    >>> history.steps, len(history.epochs)
    (4, 2)
    """
    from torch.utils.data import ConcatDataset

    from unpool.networks.layers.freezing import check_anything_trains, freeze
    from unpool.training.data.datasets import DatasetImages, split
    from unpool.training.distributed import build_accelerator

    for name in options:
        if name not in FIT_OPTIONS:
            raise unknown_name("option of fit", name, FIT_OPTIONS)
    share = float(val) if isinstance(val, int | float) else 0.0
    check(val=share, device=device, **{name: options.get(name) for name in RANGE_CHECKED_OPTIONS})
    how = resolve_settings(recipe_for(network.architecture), objective, options | {"val": share})
    folder = None if out is None else Path(out)
    if folder is not None:
        check_folder_is_free(folder)
        check_writable(folder)
        check_can_be_saved(network)
    if how.freeze and objective in COMPARING:
        raise UsageError(
            f"freeze leaves objective {objective!r} nothing to train here; `unpool train --freeze` trains a head"
        )
    if how.freeze:
        freeze(network)
    check_anything_trains(network, how.freeze)
    check_patience_has_validation(how.plan, validates=share > 0 or not isinstance(val, int | float))
    accelerator = build_accelerator(pick_device(device), how.precision)
    whole = dataset if share or isinstance(val, int | float) else ConcatDataset([dataset, val])
    prep = network.preprocessing
    images = DatasetImages(whole, prep.mean, prep.std, accelerator.device, workers)
    labels = as_labels(images.labels()) if objective == "classify" else None
    count = len(dataset)
    parts = (np.arange(count), np.arange(count, len(whole)))
    if whole is dataset:
        parts = split(count, share, how.plan.seed, labels.of_image if labels else None)
    origin = {"network": network.architecture}
    run = Run(
        network, images, how, folder, accelerator, labels, parts, origin, progress=progress or Progress()
    )
    fit_run(run, resume=resume)
    return run.history or History()


def as_labels(of_image: Sequence[int] | np.ndarray, classes: list[str] | None = None) -> Labels:
    """Labels of a torch Dataset: whole numbers from 0."""
    numbers_N = np.asarray(of_image, np.int64)
    if numbers_N.min(initial=0) < 0:
        raise UnpoolError(f"labels must be whole numbers from 0, got {int(numbers_N.min())}")
    return Labels(numbers_N, classes or [str(number) for number in range(int(numbers_N.max()) + 1)])
