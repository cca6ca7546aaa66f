"""Wishes of a training that cannot be met, told before any image is decoded.

C channels, S side.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.training.network_request import InputShape, NetworkRequest, build_requested_network
from unpool.actions.training.settings import TrainingSettings
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError

NO_FILE = (None, "none", "imagenet")


def check_options_have_effect(how: TrainingSettings, wanted: NetworkRequest, augmentation: Any) -> None:
    """`UsageError` for what `--objective` would leave without effect, or could not use."""
    if how.objective == "classify":
        for option, given in (
            ("--no-indices", wanted.use_indices is not None),
            (f"--decoder {wanted.options.get('decoder')}", "decoder" in wanted.options),
        ):
            if given:
                raise UsageError(
                    f"{option} is about decoding, but --objective classify has no decoder; leave it out"
                )
    elif augmentation is not None and augmentation.has_multi_crop:
        raise UsageError(
            f"--augment {how.augment}: it evaluates several crops of an image, whose class scores are averaged, "
            f"but --objective {how.objective} has none; leave five-crop and ten-crop to --objective classify"
        )


def check_weights_fit(wanted: NetworkRequest) -> None:
    """`UnpoolError` for a file of weights that cannot be read, or ImageNet weights that nobody has."""
    from unpool.networks.weights import has_imagenet, read_state

    if wanted.weights == "imagenet" and not has_imagenet(wanted.name):
        raise UnpoolError(
            f"there are no ImageNet weights for {wanted.name}; leave --weights out or give a file"
        )
    if wanted.weights not in NO_FILE:
        read_state(Path(str(wanted.weights)))


def try_network(wanted: NetworkRequest, frame: InputShape, how: TrainingSettings) -> None:
    """Build the network without memory for its weights, and run one image of zeros through its encoder.

    Channels and classes are not known yet: three and two stand for them. Raises `UnpoolError` where the network
    cannot be built, cannot take images of this size, or cannot be trained for this objective.
    """
    import torch

    from unpool.networks.shape_check import MISFITS
    from unpool.objectives.registry import build_objective

    guess = InputShape(frame.size, frame.channels or 3)
    num_classes = 2 if how.objective == "classify" else None
    # Not every layer knows the meta device, and weights that are loaded have no place there.
    for device in ("meta", "cpu") if wanted.from_model is None else ("cpu",):
        try:
            with torch.device(device):
                fresh = replace(wanted, weights="none")
                network, _ = build_requested_network(
                    fresh, guess, how.objective, num_classes, how.freeze, Progress()
                )
                network.dimension()
            break
        except MISFITS as error:
            if device == "cpu":
                reason = " ".join(str(error).split())[:160]
                raise UsageError(
                    f"{wanted.name} cannot take images of {frame.size}×{frame.size} pixels ({reason}); "
                    "give another --size"
                ) from error
    if how.objective in ("reconstruct", "denoise"):
        build_objective(how.objective, network, loss=how.loss, corruption=how.corruption)


def try_augmentation(text: str, augmentation: Any, side: int, frame: InputShape) -> None:
    """`UsageError` where the transforms leave no images of the network's size, be they grey or in colour."""
    refusals = []
    for channels in (3, 1) if frame.channels is None else (frame.channels,):
        try:
            return check_size_matches(text, augmentation, side, channels, frame.size)
        except UsageError as error:
            refusals.append(error)
    raise refusals[0]


def check_size_matches(text: str, augmentation: Any, side: int, channels: int, size: int) -> None:
    """`UsageError` where the transforms leave no images of the network's size: tried on one."""
    import torch

    x_1CSS = torch.zeros(1, channels, side, side, dtype=torch.uint8)
    seen = augmentation.train_views(x_1CSS, np.zeros(1, np.int64), 0, 0)
    for what, views in (("train", seen), ("evaluate", augmentation.evaluate_views(x_1CSS[0]))):
        if tuple(views.shape[1:]) != (channels, size, size):
            made = "×".join(str(number) for number in views.shape[1:])
            raise UsageError(
                f"--augment {text}: its {what} steps give images of {made}, but the network takes "
                f"{channels}×{size}×{size}; crop or resize them to {size}, or give another --size"
            )
