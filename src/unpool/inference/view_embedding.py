"""Several views of each image, embedded once.

Heads are trained on them, and networks compared by them.

N images, M of them embedded, b at a time, V views of each, D numbers in a vector, S side, C channels.
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
STREAM = 7  # of random numbers: other views than training sees


def view_features(
    encoder: Encoder,
    pixels_NSSC: np.ndarray,
    rows_M: np.ndarray,
    num_views: int,
    views: ViewSampler,
    seed: int,
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Embed each image, and V − 1 views of it.

    Args:
        encoder: Pixels to vectors.
        pixels_NSSC: uint8, all images.
        rows_M: The images to embed.
        num_views: V, at least 1.
        views: Samples the views.
        seed: Random seed of the views.

    Yields:
        Rows (b,) of the images, and unit vectors (b, V, D) of them; the first view is the image itself.
    """

    def work(rows_b: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        import torch

        raw = torch.from_numpy(np.ascontiguousarray(pixels_NSSC[rows_b])).permute(0, 3, 1, 2)
        x_bCSS = raw.to(torch.float32) / 127.5 - 1
        others = [views.sample(x_bCSS, rows_b, seed, number, stream=STREAM) for number in range(1, num_views)]
        stacked = torch.stack([x_bCSS, *others], dim=1)
        pixels = ((stacked + 1) * 127.5).round().clamp(0, 255).to(torch.uint8)
        flat = pixels.flatten(0, 1).permute(0, 2, 3, 1).contiguous().numpy()
        vectors_nD = encoder(flat)
        vectors_nD = vectors_nD / np.linalg.norm(vectors_nD, axis=1, keepdims=True).clip(1e-12)
        return rows_b, vectors_nD.reshape(len(rows_b), num_views, -1)

    chunks = [rows_M[start : start + CHUNK] for start in range(0, len(rows_M), CHUNK)]
    yield from map_ordered(work, chunks, usable_cores())
