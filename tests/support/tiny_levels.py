"""Maps of a tiny encoder with fixed random weights, and pictures for it."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import torch
from torch import nn

from unpool.inference.inspection.levels import PatchLevels
from unpool.networks.preprocessing import Preprocessing

SIZE = 96  # pictures are seen at 96 and 64 pixels


def build_encoder(channels: int = 3, strides: int = 4) -> nn.Sequential:
    """Convolutions, each of stride 2; weights are always the same."""
    widths = [channels, 6, 8, 12, 12][: strides + 1]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        stages = [
            nn.Sequential(nn.Conv2d(before, after, 3, 2, 1), nn.LeakyReLU(0.1))
            for before, after in pairwise(widths)
        ]
    return nn.Sequential(*stages).eval().requires_grad_(False)


def build_preprocessing(channels: int = 3, size: int = SIZE) -> Preprocessing:
    """What the tiny encoder takes."""
    return Preprocessing(size=size, channels=channels, mean=(0.5,) * channels, std=(0.25,) * channels)


def build_levels(size: int = SIZE, *, channels: int = 3, evens: bool = False) -> PatchLevels:
    """Pictures to maps of strides 4, 8 and 16."""
    return PatchLevels(build_encoder(channels), build_preprocessing(channels, size), size, evens=evens).eval()


def good_pictures(
    count: int, seed: int = 0, *, size: int = SIZE, part: int | None = None
) -> list[np.ndarray]:
    """Stripes that begin anywhere; `part`: with a light square that begins at that column."""
    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(count):
        row, column = np.mgrid[:size, :size]
        grey = 120 + 25 * np.sin(2 * np.pi * (row + 0.5 * column) / 12 + rng.uniform(0, 2 * np.pi))
        grey = grey + 6 * rng.standard_normal((size, size))
        if part is not None:
            grey[size // 6 : size // 2, part : part + size // 3] = 220 + 6 * rng.standard_normal()
        tinted = grey[..., None] * np.array([1, 0.95, 0.9])
        pictures.append(np.clip(tinted, 0, 255).astype(np.uint8))
    return pictures


def with_spot(picture: np.ndarray, row: int = 60, column: int = 30, side: int = 10) -> np.ndarray:
    """A picture with a black square."""
    spotted = picture.copy()
    spotted[row : row + side, column : column + side] = 0
    return spotted
