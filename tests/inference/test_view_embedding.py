"""The first view is the image itself, the others are of it, and all are unit vectors."""

from __future__ import annotations

import numpy as np
import torch

from unpool.inference.view_embedding import CHUNK, view_features

PIXELS = np.random.default_rng(0).integers(0, 256, (2 * CHUNK + 3, 4, 4, 3), np.uint8)


class Darker:
    """View v of an image: v · 10 grey levels darker."""

    def sample(
        self, x: torch.Tensor, index_B: np.ndarray, seed: int, epoch: int, stream: int
    ) -> torch.Tensor:
        return x - epoch * 10 / 127.5


def flat(pixels: np.ndarray) -> np.ndarray:
    return pixels.reshape(len(pixels), -1).astype(np.float32)


def test_views_in_order_of_the_rows_asked_for() -> None:
    rows = np.array([7, 0, 18, *range(1, 12)])
    found = list(view_features(flat, PIXELS, rows, 3, Darker(), seed=0))
    assert np.concatenate([rows_b for rows_b, _ in found]).tolist() == rows.tolist()
    features = np.concatenate([vectors for _, vectors in found])
    assert features.shape == (len(rows), 3, 48)
    for view in range(3):
        expected = flat(np.clip(PIXELS[rows].astype(int) - 10 * view, 0, 255))
        expected /= np.linalg.norm(expected, axis=1, keepdims=True)
        np.testing.assert_allclose(features[:, view], expected, atol=2e-3)


def test_a_vector_of_zeros_stays_finite() -> None:
    black = np.zeros((2, 4, 4, 3), np.uint8)
    ((_, vectors),) = view_features(flat, black, np.arange(2), 1, Darker(), seed=0)
    assert (vectors == 0).all()
