"""Validate a training request before any image is decoded.

C channels, S side.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unpool.actions.training.network_request import InputShape, NetworkRequest, build_requested_network
from unpool.actions.training.settings import ResolvedSettings
from unpool.core.progress import Progress
from unpool.errors import UnpoolError, UsageError, shorten_reason

if TYPE_CHECKING:
    from unpool.images.augment.augmentation import Augmentation

NO_FILE = (None, "none", "imagenet")


def check_options_have_effect(
    resolved: ResolvedSettings, request: NetworkRequest, augmentation: Augmentation | None
) -> None:
    """Check that the objective uses the options.

    Args:
        resolved: the objective and its settings.
        request: the network.
        augmentation: the transforms of images.

    Raises:
        UsageError: for an option that it would ignore or cannot use.
    """
    if resolved.spec.needs_labels:
        for option, is_set in (
            ("--no-indices", request.use_indices is not None),
            (f"--decoder {request.options.get('decoder')}", "decoder" in request.options),
        ):
            if is_set:
                raise UsageError(
                    f"{option} is about decoding, but --objective classify has no decoder; leave it out"
                )
    elif augmentation is not None and augmentation.has_multi_crop:
        raise UsageError(
            f"--augment {resolved.augment}: it evaluates several crops of an image, whose class scores are "
            f"averaged, but --objective {resolved.objective} has none; leave five-crop and ten-crop to --objective "
            "classify"
        )


def check_weights_fit(request: NetworkRequest) -> None:
    """Raise `UnpoolError` for weights that cannot be read."""
    from unpool.networks.weights import has_imagenet, read_state

    if request.weights == "imagenet" and not has_imagenet(request.name):
        raise UnpoolError(
            f"there are no ImageNet weights for {request.name}; leave --weights out or give a file"
        )
    if request.weights not in NO_FILE:
        read_state(Path(str(request.weights)))


def check_network(request: NetworkRequest, shape: InputShape, resolved: ResolvedSettings) -> None:
    """Build the network without weights, and run one image.

    Channels and classes are not known yet: three and two stand for them.

    Args:
        request: which network.
        shape: of the images.
        resolved: the objective, and whether the encoder is frozen.

    Raises:
        UnpoolError: where the network cannot be built, take images of this size, or be trained for this objective.
    """
    import torch

    from unpool.networks.shape_check import MISFITS
    from unpool.objectives.base import ObjectiveInputs
    from unpool.objectives.registry import build_objective

    guess = InputShape(shape.size, shape.channels or 3)
    num_classes = 2 if resolved.spec.needs_labels else None
    # Not every layer knows the meta device, and weights that are loaded have no place there.
    for device in ("meta", "cpu") if request.from_model is None else ("cpu",):
        try:
            with torch.device(device):
                fresh = replace(request, weights="none")
                network = build_requested_network(
                    fresh,
                    guess,
                    resolved.objective,
                    num_classes=num_classes,
                    freeze=resolved.freeze,
                    progress=Progress(),
                ).network
                network.dimension()
            break
        except MISFITS as error:
            if device == "cpu":
                reason = shorten_reason(error)
                raise UsageError(
                    f"{request.name} cannot take images of {shape.size}×{shape.size} pixels ({reason}); "
                    "give another --size"
                ) from error
    if resolved.spec.needs_decoder:
        build_objective(
            resolved.objective, network, ObjectiveInputs(loss=resolved.loss, corruption=resolved.corruption)
        )


def check_augmentation(text: str, augmentation: Augmentation, side: int, shape: InputShape) -> None:
    """Raise `UsageError` where no transformed image has the network's size.

    Args:
        text: as typed.
        augmentation: the transforms.
        side: of the decoded images, pixels.
        shape: what the network takes; without channels either grey or colour must fit.
    """
    errors = []
    for channels in (3, 1) if shape.channels is None else (shape.channels,):
        try:
            return check_size_matches(text, augmentation, side, channels, shape.size)
        except UsageError as error:
            errors.append(error)
    raise errors[0]


def check_size_matches(text: str, augmentation: Augmentation, side: int, channels: int, size: int) -> None:
    """Check that transformed images have the network's size.

    Args:
        text: as typed.
        augmentation: the transforms.
        side, channels: of the decoded images.
        size: the side that the network takes, pixels.

    Raises:
        UsageError: where an image of zeros does not come out so.
    """
    import torch

    x_1CSS = torch.zeros(1, channels, side, side, dtype=torch.uint8)
    trained = augmentation.train_views(x_1CSS, np.zeros(1, np.int64), 0, 0)
    for what, views in (("train", trained), ("evaluate", augmentation.evaluate_views(x_1CSS[0]))):
        if tuple(views.shape[1:]) != (channels, size, size):
            found = "×".join(str(number) for number in views.shape[1:])
            raise UsageError(
                f"--augment {text}: its {what} steps give images of {found}, but the network takes "
                f"{channels}×{size}×{size}; crop or resize them to {size}, or give another --size"
            )
