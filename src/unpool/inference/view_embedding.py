"""Several views of each image, embedded once: what heads and comparisons learn from.

N images, b of them at a time, V views of each, D numbers in a vector, S side, C channels.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from unpool.core.cpu import usable_cores
from unpool.images.pixel_cache import map_ordered
from unpool.inference.encoder import Encoder

if TYPE_CHECKING:
    from unpool.objectives.views import ViewSampler

CHUNK = 8  # images whose views a worker embeds at a time


def view_features(
    encoder: Encoder, pixels_NSSC: np.ndarray, rows_M: np.ndarray, count: int, views: ViewSampler, seed: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Rows (b,) of images (N, S, S, C) uint8, and unit vectors (b, V, D) of each as it is and in V − 1 views."""

    def work(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import torch

        raw = torch.from_numpy(np.ascontiguousarray(pixels_NSSC[rows])).permute(0, 3, 1, 2)
        x_bCSS = raw.to(torch.float32) / 127.5 - 1
        seen = [x_bCSS] + [views.look(x_bCSS, rows, seed, number, stream=7) for number in range(1, count)]
        pixels = ((torch.stack(seen, dim=1) + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        flat = pixels.flatten(0, 1).permute(0, 2, 3, 1).contiguous().numpy()
        vectors_nD = encoder(flat)
        vectors_nD = vectors_nD / np.linalg.norm(vectors_nD, axis=1, keepdims=True).clip(1e-12)
        return rows, vectors_nD.reshape(len(rows), count, -1)

    chunks = [rows_M[start : start + CHUNK] for start in range(0, len(rows_M), CHUNK)]
    yield from map_ordered(work, chunks, usable_cores())
