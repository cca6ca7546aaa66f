"""Train a network of the catalogue on a run's own images, and leave it in the workspace.

N images, S side, C channels.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.choose import Choice
from unpool.files import PARTIAL
from unpool.inference.embed import Form, Row
from unpool.progress import Progress
from unpool.training.model_file import save_model
from unpool.training.plan import Plan

MAPPED_FROM = 2 << 30  # bytes of pixels above which they lie on disk instead of in memory
STEPS = 700  # default length of training at small sizes: about 180,000 images seen
BATCH = 256  # contrast is among the images of a batch
MINUTES = 5.0  # default length where images are larger
SMALL = 32


class PixelStore:
    """Decoded images of one run, (N, S, S, 3) uint8, in memory or in a file that is removed at the end."""

    def __init__(self, folder: Path, capacity: int, size: int) -> None:
        shape = (capacity, size, size, 3)
        self.paths: list[str] = []
        self._all_grey = True
        if np.prod(shape) <= MAPPED_FROM:
            self._pixels = np.empty(shape, np.uint8)
        else:
            folder.mkdir(parents=True, exist_ok=True)
            # Unlinked by name at once: the space is given back when the process ends, however it ends.
            with tempfile.NamedTemporaryFile(dir=folder, prefix=PARTIAL) as file:
                self._pixels = np.memmap(file, np.uint8, "w+", shape=shape)

    def add(self, rows: Sequence[Row], pixels_nSSC: np.ndarray) -> None:
        """Append the usable images of a chunk and the rows they belong to."""
        start = len(self.paths)
        self._pixels[start : start + len(rows)] = pixels_nSSC
        self.paths += [row["path"] for row in rows]
        self._all_grey = self._all_grey and all(row["grey"] for row in rows)

    def view(self) -> np.ndarray:
        """What was added; one channel where no image has colour."""
        pixels_NSSC = self._pixels[: len(self.paths)]
        return pixels_NSSC[..., :1] if self._all_grey else pixels_NSSC


def training_form(choice: Choice) -> Form:
    """The side at which a network is trained: its own, or for `conv` what fits the images."""
    from unpool.networks.catalogue import default_size

    size = choice.size if choice.network == "conv" and choice.size else default_size(choice.network)
    return Form(size, 3, "centre")


def learn(
    folder: Path,
    choice: Choice,
    pixels_NSSC: np.ndarray,
    *,
    checkpoints: Path,
    minutes: float | None,
    steps: int | None,
    seed: int,
    progress: Progress,
) -> dict[str, Any]:
    """Train a network to tell `pixels_NSSC` apart, its decoder to rebuild them, and write the model folder.

    Codes that only rebuild pixels group badly; codes that hold what two views of an image share group well.
    The training record is returned.

    Killed and called again with the same images, it goes on from the last of its `checkpoints`.
    """
    import torch

    from unpool.networks.catalogue import build_network
    from unpool.objectives.contrast import Contrast
    from unpool.training.data import PixelSet
    from unpool.training.fit import train

    size, channels = pixels_NSSC.shape[1], pixels_NSSC.shape[3]
    options: dict[str, Any] = {"size": size, "channels": channels}
    if choice.network == "conv":
        options["decoder"] = "upsample"
    torch.manual_seed(seed)
    network = build_network(choice.network, weights="none", **options)
    network.use_indices = False  # they would carry the image past the code, and the code describe little
    objective = Contrast(network.dimension(), seed=seed)
    prep = network.preprocessing
    data = PixelSet(pixels_NSSC, prep.mean, prep.std, torch.device("cpu"))
    plan = _plan(size, len(pixels_NSSC), minutes, steps, seed)
    key = {"network": choice.network, "size": size, "channels": channels}
    with progress.stage("training", 100, "%") as stage:
        history = train(
            network,
            data,
            objective,
            plan,
            key=key,
            folder=checkpoints,
            progress=lambda now: stage.reach(100 * now.fraction, 100, now.words()),
        )
    record = {
        "objective": "contrast", "steps": history.steps, "seed": seed,
        "minutes": minutes, "batch": plan.batch, "epochs": history.epochs,
    }  # fmt: skip
    save_model(folder, network, options=options, training=record)
    return record


def _plan(size: int, count: int, minutes: float | None, steps: int | None, seed: int) -> Plan:
    if steps is None and minutes is None and size <= SMALL:
        steps = max(STEPS, -(-count // BATCH))
    if steps is None and minutes is None:
        minutes = MINUTES
    return Plan(minutes=None if steps else minutes, steps=steps, batch=BATCH, seed=seed)
