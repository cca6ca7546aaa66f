"""Pretrained features adapted to one collection: a head learns that views of an image, and neighbours, are alike.

N images, V views of each, D numbers in a feature, S side.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.embedding.choose_network import PRETRAINED
from unpool.actions.embedding.train_encoder import PixelBuffer
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.reading.scan import ImageFile
from unpool.images.source import Source
from unpool.inference.embedding import decode_chunks
from unpool.inference.encoder import Encoder
from unpool.inference.model import load_encoder
from unpool.inference.view_embedding import view_features
from unpool.training.recipes import HEAD

VIEWS = 4  # of an image; the first is the image as it is embedded
LEARNT_FROM, LEAST = 4_000, 10  # images at most and at least
CODED = 10_000  # codes that pass the head at a time
ALIKE = 10  # images that an image is compared with
LEARNT_A_MINUTE, LEARNT_FROM_LEAST = 1_500, 1_000  # where time is short


def adapt(
    folder: Path, model: Path, source: Source, files: Sequence[ImageFile], *, minutes: float | None = None,
    seed: int, workers: int, progress: Progress,
) -> None:  # fmt: skip
    """Write to `folder` the pretrained network of `model` with a head trained on up to 4,000 of the images.

    Where `minutes` are few, on fewer of them, but 1,000 at least.
    """
    from unpool.training.model_file import load_model, save_model

    ready = load_encoder(model, "cpu", progress)
    most = LEARNT_FROM if minutes is None else min(LEARNT_FROM, int(LEARNT_A_MINUTE * minutes))
    most = min(len(files), max(LEARNT_FROM_LEAST, most))
    some = [files[place] for place in np.linspace(0, len(files) - 1, most).astype(int)]  # folders are classes
    store, grey = PixelBuffer(folder, len(some), ready.form.size), True
    with progress.stage("decoding", len(some), "images") as stage:
        for chunk in decode_chunks(source, some, ready.form, workers):
            store.add(chunk.usable, chunk.pixels_NSSC)
            grey = grey and all(row["grey"] for row in chunk.usable)
            stage.advance(len(chunk.rows))
    if len(store.paths) < LEAST:
        told = f"only {len(store.paths)} of {len(some)} images can be read"
        raise UnpoolError(f"{told}: too few to adapt features to; use --network {PRETRAINED}")
    feature_NVD = features_of(ready.encoder, store.pixels(), grey=grey, seed=seed, progress=progress)
    whole, record = train_head(load_model(model), feature_NVD, seed=seed, progress=progress)
    save_model(folder, whole, training=record)


def features_of(
    encoder: Encoder, pixels_NSSC: np.ndarray, *, grey: bool, seed: int, progress: Progress
) -> np.ndarray:
    """Unit vectors (N, V, D) float32 of the images (N, S, S, 3) uint8 and of three other views of each."""
    from unpool.objectives.views import views_named

    views = views_named("shift" if grey else "crops")
    rows_N, found = np.arange(len(pixels_NSSC)), []
    with progress.stage("embedding views", len(rows_N), "images") as stage:
        for rows, vectors_bVD in view_features(encoder, pixels_NSSC, rows_N, VIEWS, views, seed):
            found.append(vectors_bVD)
            stage.advance(len(rows))
    return np.concatenate(found)


def train_head(
    network: Any, feature_NVD: np.ndarray, *, seed: int, progress: Progress
) -> tuple[Any, dict[str, Any]]:
    """The network with a head over known features, which learns that neighbours agree; and the training record."""
    import torch

    from unpool.networks.catalogue import seeded
    from unpool.networks.head import Head, with_head
    from unpool.objectives.registry import build_objective
    from unpool.training.loop import train
    from unpool.training.plan import Plan

    count = len(feature_NVD)
    with seeded(seed):
        whole = with_head(network)
        head = Head(whole)
        head.start(torch.from_numpy(feature_NVD[:, 0]))
        features, views = paired(head, feature_NVD, np.arange(count), torch.device("cpu"), seed=seed)
        objective = build_objective(
            HEAD.objective, head, trained_M=np.arange(count), num_images=count, views=views, seed=seed
        )
    plan = Plan(
        epochs=HEAD.epochs, batch=min(HEAD.batch, count), optimizer=HEAD.optimizer, schedule=HEAD.schedule,
        lr=HEAD.lr, weight_decay=HEAD.weight_decay, val=0.0, seed=seed, drop_last=True,
    )  # fmt: skip
    with progress.stage("adapting", 100, "%") as stage:
        history = train(
            head, features, objective, plan,
            progress=lambda now: stage.reach(100 * now.fraction, 100, now.words()),
        )  # fmt: skip
    told = {"objective": HEAD.objective, "frozen": True, "seed": seed}
    return whole, told | {"steps": history.steps, "epochs": history.epochs}


def paired(
    head: Any, feature_NVD: np.ndarray, trained_M: np.ndarray, device: Any, *, seed: int
) -> tuple[Any, Any]:
    """What a head learns from: the features with those of images alike, and the looks that compare the two."""
    from unpool.objectives.views import PrecomputedViews
    from unpool.training.data.datasets import FeatureSet

    alike_NK = alike(head, feature_NVD, trained_M, seed=seed)
    return FeatureSet(feature_NVD, device, alike_NK), PrecomputedViews(alike_NK.shape[1])


def alike(head: Any, feature_NVD: np.ndarray, trained_M: np.ndarray, *, seed: int) -> np.ndarray:
    """The images trained on that each image is most like, (N, K): nearest to what `head` makes of its first view.

    K is 10, fewer where there are not so many others. Raises UnpoolError for NaN or infinity in the features.
    """
    from unpool.analysis.neighbours import Index

    parts = np.array_split(np.arange(len(feature_NVD)), 1 + len(feature_NVD) // CODED)
    vector_NE = np.concatenate([embed_codes(head, feature_NVD[part, 0]) for part in parts])
    count = min(ALIKE, len(trained_M) - 1)
    index = Index(vector_NE[trained_M], seed=seed)
    alike_NK = np.empty((len(feature_NVD), count), np.int64)
    alike_NK[trained_M] = index.self_nearest(count)[1]
    held_H = np.setdiff1d(np.arange(len(feature_NVD)), trained_M)
    if len(held_H):
        alike_NK[held_H] = index.nearest(vector_NE[held_H], count)[1]
    return np.asarray(trained_M)[alike_NK]


def embed_codes(head: Any, code_ND: np.ndarray) -> np.ndarray:
    """What a `Head` makes of codes (N, D): (N, E) float32."""
    import torch

    code = torch.from_numpy(np.ascontiguousarray(code_ND, np.float32))
    with torch.inference_mode():
        vector_NE: np.ndarray = head.embed(code.to(next(head.parameters()).device)).cpu().numpy()
    return vector_NE
