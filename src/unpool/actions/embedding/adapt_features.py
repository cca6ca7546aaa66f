"""Adapt pretrained features to one collection, by a head.

The head learns that views of an image, and neighbours, belong together.

N images, M of them trained on, V views of each, K neighbours, D numbers in a feature, E in a vector, S side.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict

import numpy as np

from unpool.actions.embedding.choose_network import PRETRAINED
from unpool.actions.embedding.pixel_buffer import PixelBuffer
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.reading.scan import ImageFile
from unpool.images.source import Source
from unpool.inference.embedding import decode_chunks
from unpool.inference.encoder import Encoder
from unpool.inference.model import load_encoder
from unpool.inference.view_embedding import view_features
from unpool.training.recipes import HEAD

if TYPE_CHECKING:
    import torch

    from unpool.networks.autoencoder import Autoencoder
    from unpool.networks.head import Head, NetworkWithHead
    from unpool.objectives.views import PrecomputedViews
    from unpool.training.data.datasets import FeatureSet

NUM_VIEWS = 4  # of an image; the first is the image as it is embedded
MAX_IMAGES, MIN_IMAGES = 4_000, 10
MAX_CODES = 10_000  # that pass the head at a time
NUM_NEIGHBOURS = 10  # images that an image is compared with


class HeadRecord(TypedDict):
    """How a head was trained, as model.json keeps it."""

    objective: str
    frozen: bool
    seed: int
    steps: int
    epochs: list[dict[str, Any]]


def adapt(
    folder: Path, model: Path, source: Source, files: Sequence[ImageFile], *, num_images: int = MAX_IMAGES,
    seed: int, device: str = "cpu", workers: int, progress: Progress,
) -> None:  # fmt: skip
    """Write a pretrained network with a head trained on images.

    Args:
        folder: Where the model is written.
        model: A model folder of the pretrained network.
        source: Where the images are read from.
        files: The images.
        num_images: How many of them are trained on, 4,000 at most.
        seed: Random seed.
        device: Where networks run: "cpu", "cuda" or "mps".
        workers: Number of threads that decode.
        progress: Receives stages and messages.

    Raises:
        UnpoolError: too few images can be read.
    """
    from unpool.training.model_file import load_model, save_model

    loaded = load_encoder(model, device, progress)
    some = _spread_over(files, min(len(files), num_images, MAX_IMAGES))
    buffer = PixelBuffer(folder, len(some), loaded.preprocessing.size)
    with progress.stage("decoding", len(some), "images") as stage:
        for chunk in decode_chunks(source, some, loaded.preprocessing, workers):
            buffer.add(chunk.usable, chunk.pixels_nSSC)
            stage.advance(len(chunk.rows))
    if len(buffer.paths) < MIN_IMAGES:
        raise UnpoolError(
            f"only {len(buffer.paths)} of {len(some)} images can be read: too few to adapt features to; "
            f"use --network {PRETRAINED}"
        )
    feature_NVD = compute_features(
        loaded.encoder, buffer.pixels(), grey=buffer.is_grey, seed=seed, progress=progress
    )
    network, record = train_head(load_model(model), feature_NVD, seed=seed, device=device, progress=progress)
    save_model(folder, network, training=record)


def _spread_over(files: Sequence[ImageFile], count: int) -> list[ImageFile]:
    """Take files at even distances: folders are often classes."""
    return [files[row] for row in np.linspace(0, len(files) - 1, count).astype(int)]


def compute_features(
    encoder: Encoder, pixels_NSSC: np.ndarray, *, grey: bool, seed: int, progress: Progress,
    seconds: float | None = None, at_least: int = 1,
) -> np.ndarray:  # fmt: skip
    """Embed each image, and three other views of it.

    Args:
        encoder: Pixels to vectors.
        pixels_NSSC: uint8, three channels.
        grey: No image has colour; the views are then "shift", else "crops".
        seed: Random seed of the views.
        progress: Receives the stage.
        seconds: After so many, no further image is embedded.
        at_least: But so many are.

    Returns:
        Unit vectors (N, V, D) float32; where time was short, of the first images only.
    """
    from unpool.objectives.views import find_views

    began = time.perf_counter()

    views = find_views("shift" if grey else "crops")
    rows_N, features, count = np.arange(len(pixels_NSSC)), [], 0
    with progress.stage("embedding views", len(rows_N), "images") as stage:
        for rows_b, vectors_bVD in view_features(encoder, pixels_NSSC, rows_N, NUM_VIEWS, views, seed):
            features.append(vectors_bVD)
            stage.advance(len(rows_b))
            count += len(rows_b)
            if seconds is not None and count >= at_least and time.perf_counter() - began > seconds:
                break
    return np.concatenate(features)


def train_head(
    network: Autoencoder, feature_NVD: np.ndarray, *, seed: int, device: str = "cpu", progress: Progress
) -> tuple[NetworkWithHead, HeadRecord]:
    """Train a head on known features, so that neighbours agree.

    Args:
        network: The network that gave the features; its encoder is not changed.
        feature_NVD: Unit vectors of several views of each image.
        seed: Random seed.
        device: Where the head is trained: "cpu", "cuda" or "mps".
        progress: Receives the stage.

    Returns:
        The network with the head, on the CPU, and how it was trained.
    """
    import torch

    from unpool.networks.catalogue import seeded
    from unpool.networks.head import Head, with_head
    from unpool.objectives.base import ObjectiveInputs
    from unpool.objectives.registry import build_objective
    from unpool.training.history import show_on
    from unpool.training.loop import train
    from unpool.training.plan import Plan

    count = len(feature_NVD)
    with seeded(seed):
        full_network = with_head(network)
        head = Head(full_network)
        head.start(torch.from_numpy(feature_NVD[:, 0]))
        features, views = pair_with_neighbours(
            head, feature_NVD, np.arange(count), torch.device(device), seed=seed
        )
        inputs = ObjectiveInputs(trained_M=np.arange(count), num_images=count, views=views, seed=seed)
        objective = build_objective(HEAD.objective, head, inputs)
    plan = Plan(
        epochs=HEAD.epochs, batch=min(HEAD.batch, count), optimizer=HEAD.optimizer, schedule=HEAD.schedule,
        lr=HEAD.lr, weight_decay=HEAD.weight_decay, val=0.0, seed=seed, drop_last=True,
    )  # fmt: skip
    with progress.stage("adapting", 100, "%") as stage:
        history = train(head, features, objective, plan, progress=show_on(stage))
    return full_network.cpu(), HeadRecord(
        objective=HEAD.objective, frozen=True, seed=seed, steps=history.steps, epochs=history.epochs
    )


def pair_with_neighbours(
    head: Head, feature_NVD: np.ndarray, trained_M: np.ndarray, device: torch.device, *, seed: int
) -> tuple[FeatureSet, PrecomputedViews]:
    """Pair each image's features with those of its neighbours.

    Args:
        head: Decides which images are near each other, before it is trained.
        feature_NVD: Unit vectors of several views of each image.
        trained_M: The images trained on; only these are neighbours.
        device: Where batches go.
        seed: Random seed of the index.

    Returns:
        The images to train on, and the sampler of their views.
    """
    from unpool.objectives.views import PrecomputedViews
    from unpool.training.data.datasets import FeatureSet

    neighbour_NK = find_neighbours(head, feature_NVD, trained_M, seed=seed)
    return FeatureSet(feature_NVD, device, neighbour_NK), PrecomputedViews(neighbour_NK.shape[1])


def find_neighbours(head: Head, feature_NVD: np.ndarray, trained_M: np.ndarray, *, seed: int) -> np.ndarray:
    """Find the training images nearest to each image.

    Args:
        head: Maps features to the vectors that are compared.
        feature_NVD: Unit vectors of several views; the first is compared.
        trained_M: The images trained on; only these are neighbours.
        seed: Random seed of the index.

    Returns:
        Their numbers (N, K); K is 10, fewer where there are not so many others.

    Raises:
        UnpoolError: a feature is NaN or infinite.
    """
    from unpool.analysis.neighbours import Index

    parts = np.array_split(np.arange(len(feature_NVD)), 1 + len(feature_NVD) // MAX_CODES)
    vector_NE = np.concatenate([embed_codes(head, feature_NVD[part, 0]) for part in parts])
    count = min(NUM_NEIGHBOURS, len(trained_M) - 1)
    index = Index(vector_NE[trained_M], seed=seed)
    neighbour_NK = np.empty((len(feature_NVD), count), np.int64)
    neighbour_NK[trained_M] = index.self_nearest(count)[1]
    held_H = np.setdiff1d(np.arange(len(feature_NVD)), trained_M)
    if len(held_H):
        neighbour_NK[held_H] = index.nearest(vector_NE[held_H], count)[1]
    return np.asarray(trained_M)[neighbour_NK]


def embed_codes(head: Head, code_ND: np.ndarray) -> np.ndarray:
    """Map codes (N, D) to vectors (N, E) float32 by a head."""
    import torch

    code = torch.from_numpy(np.ascontiguousarray(code_ND, np.float32))
    with torch.inference_mode():
        vector_NE: np.ndarray = head.embed(code.to(next(head.parameters()).device)).cpu().numpy()
    return vector_NE
