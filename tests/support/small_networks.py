"""A network and images of 8×8 pixels, which train in milliseconds."""

from __future__ import annotations

import numpy as np
import torch

from unpool.networks.autoencoder import Autoencoder
from unpool.networks.catalogue import build_network
from unpool.training.data.datasets import PixelSet


def make_blobs(count: int = 60, size: int = 8) -> np.ndarray:
    """Bright squares on black, (N, S, S, 1) uint8: easy to learn, all different."""
    rng = np.random.default_rng(0)
    pixels_NSS1 = np.zeros((count, size, size, 1), np.uint8)
    for image in pixels_NSS1:
        y, x = rng.integers(0, size - 3, 2)
        image[y : y + 3, x : x + 3] = rng.integers(100, 256)
    return pixels_NSS1


def build_small_network(seed: int = 3) -> Autoencoder:
    """A convolutional autoencoder with BatchNorm, without indices."""
    network = build_network("conv", size=8, channels=1, width=8, decoder="upsample", seed=seed)
    network.use_indices = False
    return network


def as_pixel_set(pixels_NSS1: np.ndarray | None = None) -> PixelSet:
    """Batches of the images, by default blobs, in -1..1."""
    pixels = make_blobs() if pixels_NSS1 is None else pixels_NSS1
    return PixelSet(pixels, (0.5,), (0.5,), torch.device("cpu"))
