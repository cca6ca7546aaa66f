"""The methods of inspection: maps to compare good pictures by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unpool.actions.inspection.good_images import GoodImages
from unpool.actions.inspection.settings import InspectTrainSettings
from unpool.errors import UnpoolError, UsageError
from unpool.inference.inspection.mirror_training import LEARNT

if TYPE_CHECKING:
    from torch import nn

    from unpool.inference.inspection.levels import PatchLevels
    from unpool.networks.preprocessing import Preprocessing

DEFAULT_NETWORK = "efficientnet-lite0"
HELD_OUT = 4  # one image in so many is kept out of the mirror's training
ENOUGH = 40  # images, from which some are
MIN_SIZE = 64  # pixels, below which maps have too few cells
CLEAR_AREA = 0.97  # mean area of made defects, from which nothing is missed


def build_levels(size: int, settings: InspectTrainSettings, *, evens: bool) -> PatchLevels:
    """Build the maps of the memory: features of an encoder.

    Args:
        size: Side of the pictures, pixels.
        settings: Name the encoder.
        evens: Bring pictures to one mean brightness first.

    Returns:
        Pictures to maps.

    Raises:
        UnpoolError: there is no such encoder, or it gives no maps.
    """
    from unpool.inference.inspection.levels import PatchLevels

    encoder, preprocessing = load_encoder(settings.network or DEFAULT_NETWORK, size)
    return PatchLevels(encoder, preprocessing, size, evens=evens).eval()


def load_encoder(name: str, size: int) -> tuple[nn.Module, Preprocessing]:
    """Load an encoder with its weights.

    By a model folder, or a name of the catalogue or timm.

    Raises:
        UnpoolError: there is none of that name, or its weights cannot be had.
    """
    from unpool.networks.catalogue import build_network, names
    from unpool.networks.weights import has_imagenet
    from unpool.training.model_file import has_model, load_model

    folder = Path(name)
    if not has_model(folder) and name in names() and not has_imagenet(name):
        raise UnpoolError(
            f"there are no weights for --network {name}; train it by unpool train --network {name} --out FOLDER, and "
            "name FOLDER"
        )
    network = load_model(folder) if has_model(folder) else build_network(name, weights="imagenet", size=size)
    encoder = getattr(network, "encoder", None)
    if encoder is None:
        raise UnpoolError(f"{name} has no encoder of convolutions; name another with --network")
    return encoder.eval().requires_grad_(False), network.preprocessing


def check_size(size: int, tile: int | None) -> None:
    """Check that pictures are large enough.

    Raises:
        UsageError: they are not.
    """
    if size < MIN_SIZE or size % 32:
        raise UsageError(f"--size is {size}, but must be a multiple of 32 from {MIN_SIZE} on, such as 256")
    if tile is not None and tile < MIN_SIZE:
        raise UsageError(f"--tile is {tile}, but windows of fewer than {MIN_SIZE} pixels show too little")


def spread_of_brightness(pictures: Sequence[np.ndarray]) -> float:
    """Return the spread of pictures' brightness, over its mean."""
    means = np.array([picture.mean() for picture in pictures])
    return float(means.std() / max(float(means.mean()), 1.0))


def check_method(settings: InspectTrainSettings) -> None:
    """Check that no option is of another method.

    Raises:
        UsageError: it is.
    """
    if settings.method == "memory" and settings.minutes is not None:
        raise UsageError(
            "--minutes is for the mirror, and --method memory trains none; leave one of them out"
        )
    if settings.method == "mirror" and settings.network is not None:
        raise UsageError("--network is for the memory, and --method mirror uses none; leave one of them out")


def why_no_mirror(areas: Mapping[str, float], minutes: float | None) -> str:
    """Say why auto leaves the mirror out.

    Args:
        areas: Areas below the ROC of made defects, as the memory finds them.
        minutes: Of training, as requested; None: nobody allowed for any.

    Returns:
        The reason; empty where the mirror is trained and compared.
    """
    if minutes is not None:
        return ""
    found = float(np.mean(list(areas.values())))
    if found >= CLEAR_AREA:
        return f"the mirror was not tried: memory finds made defects with a mean area of {found:.3f}"
    return (
        f"memory misses some made defects, their mean area is {found:.3f}; the mirror was not tried, as it has to be "
        "trained: --minutes 1 compares it"
    )


def mean_unseen(areas: Mapping[str, float]) -> float:
    """Return the mean area of kinds of made defects.

    Those that the mirror has learnt to remove are left out.

    >>> mean_unseen({"spot": 1.0, "stain": 0.5, "blur": 0.7})
    0.6
    """
    return float(np.mean([area for kind, area in areas.items() if kind not in LEARNT]))


def hold_out(images: GoodImages, seed: int) -> tuple[list[np.ndarray], GoodImages]:
    """Keep a quarter of the images out of training.

    The mirror is calibrated by them: what an autoencoder was trained on it restores better than what is new.

    Returns:
        Pictures to train on, and those to calibrate by: all in both where there are fewer than 40 images.
    """
    order = np.unique(images.owners)
    if len(order) < ENOUGH:
        return images.pictures, images
    held = set(np.random.default_rng([seed, HELD_OUT]).permutation(order)[: len(order) // HELD_OUT].tolist())
    places = [place for place, owner in enumerate(images.owners) if owner in held]
    trained = [
        picture for picture, owner in zip(images.pictures, images.owners, strict=True) if owner not in held
    ]
    kept = replace(
        images,
        pictures=[images.pictures[place] for place in places],
        owners=[images.owners[place] for place in places],
    )
    return trained, kept
