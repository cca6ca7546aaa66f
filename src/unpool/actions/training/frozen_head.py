"""Training a head on frozen features: the encoder sees a few views of each image once, and is then done.

N images, V views of each, D numbers in a feature, S side, C channels, B batch.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from unpool.actions.embedding.adapt_features import paired
from unpool.actions.training.run import Run
from unpool.errors import UnpoolError
from unpool.inference.encoder import Encoder, OnnxEncoder, TorchEncoder, export_encoder
from unpool.inference.view_embedding import view_features
from unpool.training.run_folder import ENCODER, FEATURES, open_run_folder

MOST_VIEWS, LEAST_VIEWS, SEEN = 8, 2, 64_000  # views of an image, and of all images where that allows
STARTED_FROM = 5_000  # features that tell the principal directions


def num_views(num_images: int) -> int:
    """How many views of each image are embedded, fewer of many images.

    >>> num_views(1_500), num_views(16_000), num_views(1_000_000)
    (8, 4, 2)
    """
    return min(MOST_VIEWS, max(LEAST_VIEWS, SEEN // max(1, num_images)))


def train_head_alone(run: Run, pixels_NSSC: np.ndarray) -> None:
    """Make `run` train the head of its network, which gets one, over features of views; they are computed here.

    The features lie in MODEL/training until the run is finished; a run that was stopped goes on with them.
    """
    from unpool.networks.autoencoder import Autoencoder
    from unpool.networks.catalogue import seeded
    from unpool.networks.head import Head, with_head

    network: Autoencoder = run.network
    with seeded(run.how.plan.seed):
        whole = with_head(network)
    head = Head(whole)
    assert run.out is not None  # `unpool train` has one always
    if run.accelerator.is_main_process:
        open_run_folder(run.out, resume=True)  # marks the folder as ours before anything is put there
    with run.accelerator.main_process_first():
        feature_NVD = _features(run, network, pixels_NSSC)
    if whole is not network:  # a fresh head
        some_M = np.linspace(0, len(feature_NVD) - 1, min(STARTED_FROM, len(feature_NVD))).astype(int)
        head.start(_tensor(feature_NVD[some_M, 0]))
    run.network, run.whole = head, whole
    with run.progress.stage("finding images alike"):
        run.images, run.looks = paired(
            head, feature_NVD, run.trained_on(), run.accelerator.device, seed=run.how.plan.seed
        )


def _tensor(feature_MD: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(feature_MD, np.float32))


def _features(run: Run, network: Any, pixels_NSSC: np.ndarray) -> np.ndarray:
    """(N, V, D) float16 in a file that grows until every row is there."""
    from unpool.objectives.views import views_named

    assert run.scratch is not None
    count, side = num_views(len(pixels_NSSC)), network.preprocessing.size
    dimension = _codes(network).dimension(side)
    path = run.scratch / FEATURES
    of_what = repr((run.origin, run.how.views, run.how.plan.seed, count)).encode()
    mark_8 = np.frombuffer(hashlib.blake2b(of_what, digest_size=16).digest(), np.float16)
    shape = (len(pixels_NSSC), count, dimension)
    whole = _opened(path, mark_8, shape)
    feature_NVD = whole[len(mark_8) :].reshape(shape)
    # Rows that no worker has reached are zeros, and no feature is.
    todo_M = np.flatnonzero(~(feature_NVD != 0).any(axis=2).all(axis=1))
    if len(todo_M):
        encoder = _encoder(run, network)
        with run.progress.stage("embedding views", len(todo_M), "images") as stage:
            views, seed = views_named(run.how.views), run.how.plan.seed
            for rows, vectors_bVD in view_features(encoder, pixels_NSSC, todo_M, count, views, seed):
                feature_NVD[rows] = vectors_bVD
                stage.advance(len(rows))
    return feature_NVD


def _opened(path: Path, mark_8: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """The file of features as one row of numbers, begun anew where it is of other images or views."""
    length = len(mark_8) + int(np.prod(shape))
    if path.exists() and path.stat().st_size == 2 * length:
        kept = np.memmap(path, np.float16, "r+", shape=(length,))
        if kept[: len(mark_8)].tobytes() == mark_8.tobytes():
            return kept
    fresh = np.memmap(path, np.float16, "w+", shape=(length,))
    fresh[: len(mark_8)] = mark_8
    return fresh


def _codes(network: Any) -> Any:
    """The network without its head: what is the same before and after training."""
    from unpool.networks.autoencoder import Autoencoder
    from unpool.networks.head import NetworkWithHead

    if not isinstance(network, NetworkWithHead):
        return network
    return Autoencoder(
        network.encoder, network.decoder, architecture=network.architecture, preprocessing=network.preprocessing,
        merge=network.merge,
    )  # fmt: skip


def _encoder(run: Run, network: Any) -> Encoder:
    assert run.scratch is not None
    codes, device = _codes(network).eval(), run.accelerator.device.type
    if device != "cpu":
        return TorchEncoder(codes, device)
    path = run.scratch / ENCODER
    try:
        with run.progress.stage("exporting"):
            export_encoder(codes, path)
    except UnpoolError as error:
        run.progress.message(f"embedding with torch instead of ONNX Runtime: {error}")
        return TorchEncoder(codes)
    return OnnxEncoder(path)
