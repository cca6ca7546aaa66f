"""The mirror: an autoencoder that learns to restore good pictures.

N pictures, S side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from unpool.core.markers import TRAINING
from unpool.core.progress import Progress
from unpool.training.plan import Plan

if TYPE_CHECKING:
    from unpool.inference.inspection.mirror_levels import MirrorLevels
    from unpool.networks.autoencoder import Autoencoder

MIRROR_NETWORK = "conv"  # of the catalogue, system A's shape in small
CROP = 128  # side of what is trained on, pixels
BUILT_FOR = 32  # pixels: the code then has a stride of 16
DECODER = "transpose"
WIDTH = 16  # channels of the first layer
MINUTES = 1.0
BATCH, RATE = 8, 4e-3
LEARNT = ("spot", "scratch", "paste")  # made defects that it learns to remove; the others judge it


def train_mirror(
    pictures: Sequence[np.ndarray],
    size: int,
    *,
    out: Path,
    progress: Progress,
    evens: bool = False,
    minutes: float | None = None,
    steps: int | None = None,
    seed: int = 0,
) -> MirrorLevels:
    """Train the mirror on good pictures.

    A training that was killed goes on.

    Args:
        pictures: (S, S, 3) uint8.
        size: S.
        out: the model folder; its folder `training` keeps the state.
        progress: receives a stage.
        evens: bring pictures to one mean brightness first.
        minutes: length of the training; None: one.
        steps: its length in steps instead.
        seed: of weights, crops and defects.

    Returns:
        Maps of what the trained mirror cannot restore.

    Raises:
        UnpoolError: the loss is no longer finite, or the state is damaged.
    """
    from unpool.inference.inspection.mirror_levels import MirrorLevels

    network = build_mirror(seed)
    pixels_NSS3 = _as_trained(pictures, evens)
    plan = Plan(
        minutes=None if steps else minutes or MINUTES, steps=steps, batch=BATCH, lr=RATE, val=0, seed=seed
    )
    seconds_before = _train(network, pixels_NSS3, plan, out, progress)
    if seconds_before:
        progress.message(f"the mirror's training went on after {seconds_before:.0f} s of an earlier one")
    return MirrorLevels(network, size, evens=evens).eval().requires_grad_(False)


def _train(network: Autoencoder, pixels_NSS3: np.ndarray, plan: Plan, out: Path, progress: Progress) -> float:
    """Train by the product's loop, and return the seconds of an earlier training."""
    import torch

    from unpool.objectives.restoration import Restoration
    from unpool.training.checkpoint import Checkpoints
    from unpool.training.data.datasets import PixelSet
    from unpool.training.history import show_on
    from unpool.training.loop import train
    from unpool.training.run_folder import open_run_folder

    side = min(pixels_NSS3.shape[1], CROP)
    data = PixelSet(pixels_NSS3, network.mean, network.std, torch.device("cpu"))
    objective = Restoration(pixels_NSS3, side, network.mean, network.std, LEARNT, seed=plan.seed)
    open_run_folder(out, resume=True)
    with progress.stage("training the mirror", 100, "%") as stage:
        history = train(
            network, data, objective, plan, progress=show_on(stage),
            checkpoints=Checkpoints(out / TRAINING, _key(pixels_NSS3), keeps_last=True),
        )  # fmt: skip
    return history.seconds_before


def build_mirror(seed: int) -> Autoencoder:
    """Build the autoencoder, with random weights.

    Its decoder gets the code alone.
    """
    from unpool.networks.catalogue import build_network

    network = build_network(
        MIRROR_NETWORK, size=BUILT_FOR, channels=3, width=WIDTH, decoder=DECODER, seed=seed
    )
    network.use_indices = False
    return network


def _as_trained(pictures: Sequence[np.ndarray], evens: bool) -> np.ndarray:
    """The pictures (N, S, S, 3) uint8, as the network will see them."""
    import torch

    from unpool.inference.inspection.mirror_levels import even_out

    pixels_NSS3 = np.stack(pictures)
    if evens:
        for place, picture in enumerate(pixels_NSS3):
            x_1SS3 = torch.from_numpy(picture)[None].to(torch.float32) / 255
            pixels_NSS3[place] = (even_out(x_1SS3) * 255).round().to(torch.uint8)[0].numpy()
    return pixels_NSS3


def _key(pixels_NSS3: np.ndarray) -> dict[str, Any]:
    return {
        "network": "mirror",
        "width": WIDTH,
        "files": hashlib.sha256(pixels_NSS3.tobytes()).hexdigest()[:24],
    }
