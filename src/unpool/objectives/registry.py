"""Name → objective: what a network is trained for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from torch import nn

from unpool.errors import unknown_name
from unpool.options import OBJECTIVES

if TYPE_CHECKING:
    from unpool.objectives.views import ViewSampler

DEFAULT_CORRUPTION = "salt-pepper:snr=0.9,p=1"
TEMPERATURE, ADAPTED_TEMPERATURE = 0.5, 0.2  # of contrast, the second of a head or a learnt encoder


def build_objective(
    name: str,
    network: Any,
    *,
    loss: str | None = None,
    corruption: str | None = None,
    labels_N: np.ndarray | None = None,
    num_classes: int = 0,
    trained_M: np.ndarray | None = None,
    num_images: int = 0,
    views: str | ViewSampler | None = None,
    adapts: bool = False,
    seed: int = 0,
) -> nn.Module:
    """The objective of that name for a network; called `objective(network, x_BCHW, index_B, epoch)`.

    `loss` and `corruption` are as typed (`huber:delta=0.5`, `gaussian:sigma=0.1`), `views` a name of `VIEWS` or
    views themselves; where these are picked from features, the network is a head, and no projection follows it.
    `adapts` says that an encoder has learnt elsewhere: contrast is then sharper, at temperature 0.2.
    Classification needs `labels_N`, aggregation the images trained on, `trained_M` of `num_images`.
    Raises `UsageError` for an unknown name.
    """
    from unpool.networks.catalogue import seeded
    from unpool.objectives.classification import Classification
    from unpool.objectives.contrastive import Contrast
    from unpool.objectives.denoising import Denoising
    from unpool.objectives.local_aggregation.objective import Aggregation
    from unpool.objectives.losses.registry import pixel_range
    from unpool.objectives.reconstruction import Reconstruction
    from unpool.objectives.views import PrecomputedViews, views_named

    prep = network.preprocessing
    looks = views_named(views) if views is None or isinstance(views, str) else views
    project = not isinstance(looks, PrecomputedViews)
    if name == "reconstruct":
        low, high = pixel_range(prep.mean, prep.std)
        return Reconstruction(loss or "mse", low=low, high=high, architecture=network.architecture)
    if name == "denoise":
        noise = corruption or DEFAULT_CORRUPTION
        return Denoising(
            loss or "mse", noise, prep.mean, prep.std, seed=seed, architecture=network.architecture
        )
    if name == "contrast":
        with seeded(seed):
            warmth = TEMPERATURE if project and not adapts else ADAPTED_TEMPERATURE
            return Contrast(network.dimension(), seed=seed, views=looks, project=project, temperature=warmth)
    if name == "aggregate" and trained_M is not None:
        with seeded(seed):
            dimension = network.dimension()
            return Aggregation(dimension, num_images, trained_M, seed=seed, views=looks, project=project)
    if name == "classify" and labels_N is not None:
        return Classification(labels_N, num_classes, loss or "cross-entropy")
    raise unknown_name("objective", name, OBJECTIVES)
