"""Training a head on frozen features.

N images, V views of each, D numbers in a feature, S side, C channels, M some of the images.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unpool.actions.embedding.adapt_features import pair_with_neighbours
from unpool.actions.training.image_task import ImageTask
from unpool.actions.training.run import Run
from unpool.inference.encoder import Encoder, open_encoder
from unpool.inference.view_embedding import view_features
from unpool.training.run_folder import ENCODER, FEATURES

if TYPE_CHECKING:
    from torch import Tensor

    from unpool.networks.autoencoder import Autoencoder
    from unpool.training.data.shared_folder import SharedFolder

MAX_VIEWS, MIN_VIEWS = 8, 2  # of an image
MAX_EMBEDDED_VIEWS = 64_000  # of all images, where that leaves `MIN_VIEWS`
PCA_SAMPLE = 5_000  # features that the principal directions are computed from


def num_views(num_images: int) -> int:
    """Return how many views of each image are embedded.

    Of many images there are fewer.

    >>> num_views(1_500), num_views(16_000), num_views(1_000_000)
    (8, 4, 2)
    """
    return min(MAX_VIEWS, max(MIN_VIEWS, MAX_EMBEDDED_VIEWS // max(1, num_images)))


def train_head_only(task: ImageTask, run: Run, pixels_NSSC: np.ndarray) -> ImageTask:
    """Build the task of training a head on frozen features.

    The features are computed here and lie in MODEL/training until the run is finished; a run that was stopped
    goes on with them.

    Args:
        task: the task of the whole network.
        run: where the features go.
        pixels_NSSC: the images, uint8.

    Returns:
        The task of the head; the whole network is kept.
    """
    from unpool.networks.catalogue import seeded
    from unpool.networks.head import Head, with_head

    network: Autoencoder = task.network
    seed = task.settings.plan.seed
    with seeded(seed):
        full = with_head(network)
    head = Head(full)
    run.open_folder(resume=True)  # marks it before anything is put there
    feature_NVD = _features(task, run, pixels_NSSC)
    if full is not network:  # a fresh head
        some_M = np.linspace(0, len(feature_NVD) - 1, min(PCA_SAMPLE, len(feature_NVD))).astype(int)
        head.start(_tensor(feature_NVD[some_M, 0]))
    with run.progress.stage("finding similar images"):
        features, views = pair_with_neighbours(
            head, feature_NVD, task.parts[0], run.accelerator.device, seed=seed
        )
    return replace(task, network=head, data=features, full_network=full, precomputed_views=views)


def _tensor(feature_MD: np.ndarray) -> Tensor:
    import torch

    return torch.from_numpy(np.ascontiguousarray(feature_MD, np.float32))


def _features(task: ImageTask, run: Run, pixels_NSSC: np.ndarray) -> np.ndarray:
    """(N, V, D) float16 in a file that grows until every row is there; several processes compute a share each."""
    from unpool.objectives.views import find_views

    assert run.scratch is not None  # `unpool train` always writes
    settings, network, shared = task.settings, task.network, run.share_folder()
    count, seed = num_views(len(pixels_NSSC)), settings.plan.seed
    own_M = np.arange(len(pixels_NSSC)) if shared is None else shared.share(np.arange(len(pixels_NSSC)))
    images_key = {name: run.key[name] for name in run.key.keys() - settings.run_key().keys()}
    content = repr((sorted(images_key.items()), settings.views, seed, count)).encode()
    if shared is not None:
        content += own_M[:1].tobytes()
    mark_8 = np.frombuffer(hashlib.blake2b(content, digest_size=16).digest(), np.float16)
    shape = (len(own_M), count, _without_head(network).dimension(network.preprocessing.size))
    stored = _open_features(_own(run.scratch / FEATURES, shared), mark_8, shape)
    feature_MVD = stored[len(mark_8) :].reshape(shape)
    # Rows that no worker has reached are zeros, and no feature is.
    todo_M = own_M[~(feature_MVD != 0).any(axis=2).all(axis=1)]
    if len(todo_M):
        encoder = _open_encoder(_own(run.scratch / ENCODER, shared), network, run)
        with run.progress.stage("embedding views", len(todo_M), "images") as stage:
            views = find_views(settings.views)
            for rows, vectors_bVD in view_features(encoder, pixels_NSSC, todo_M, count, views, seed):
                feature_MVD[rows - own_M[0]] = vectors_bVD
                stage.advance(len(rows))
    if shared is None:
        return feature_MVD
    shared.write(run.scratch / FEATURES, feature_MVD.reshape(-1).view(np.uint8))
    return np.memmap(run.scratch / FEATURES, np.float16, "c", shape=(len(pixels_NSSC), *shape[1:]))


def _own(file: Path, shared: SharedFolder | None) -> Path:
    return file if shared is None else shared.name_own(file)


def _open_features(path: Path, mark_8: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Open the file of features as one row of numbers, anew where it is of other images or views."""
    length = len(mark_8) + int(np.prod(shape))
    if path.exists() and path.stat().st_size == 2 * length:
        kept = np.memmap(path, np.float16, "r+", shape=(length,))
        if kept[: len(mark_8)].tobytes() == mark_8.tobytes():
            return kept
    fresh = np.memmap(path, np.float16, "w+", shape=(length,))
    fresh[: len(mark_8)] = mark_8
    return fresh


def _without_head(network: Autoencoder) -> Autoencoder:
    """The network without its head: what is the same before and after training."""
    from unpool.networks.autoencoder import Autoencoder
    from unpool.networks.head import NetworkWithHead

    if not isinstance(network, NetworkWithHead):
        return network
    return Autoencoder(
        network.encoder, network.decoder, architecture=network.architecture, preprocessing=network.preprocessing,
        merge=network.merge,
    )  # fmt: skip


def _open_encoder(path: Path, network: Autoencoder, run: Run) -> Encoder:
    codes = _without_head(network).eval()
    path.unlink(missing_ok=True)  # perhaps of another network
    return open_encoder(lambda: codes, path, run.accelerator.device.type, run.progress)
