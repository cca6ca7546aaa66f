"""Training images held as one uint8 array, delivered as batches whose order depends on (seed, epoch) only.

N images, H height, W width, C channels, B batch.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor


class PixelSet:
    """Images (N, H, W, C) uint8 in memory or in a memory map, turned to float batches on the device."""

    def __init__(
        self,
        pixels_NHWC: np.ndarray,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        device: torch.device,
    ) -> None:
        self.pixels_NHWC = pixels_NHWC
        self.device = device
        # (pixel / 255 - mean) / std as one multiply and one add.
        std_C = torch.tensor(std, dtype=torch.float32)
        self._scale = (1 / (255 * std_C)).view(1, -1, 1, 1).to(device)
        self._shift = (-torch.tensor(mean, dtype=torch.float32) / std_C).view(1, -1, 1, 1).to(device)

    def __len__(self) -> int:
        return len(self.pixels_NHWC)

    def batch(self, index_B: np.ndarray) -> Tensor:
        """Images `index_B` as float32 (B, C, H, W) in channels_last, normalised for the network."""
        raw = torch.from_numpy(np.ascontiguousarray(self.pixels_NHWC[index_B])).to(self.device)
        return raw.permute(0, 3, 1, 2).to(torch.float32) * self._scale + self._shift


def split(count: int, val: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Training and validation indices; a share `val` of the images, at least one of each where val > 0.

    >>> train, held = split(10, 0.2, seed=0)
    >>> len(train), len(held), sorted([*train, *held]) == list(range(10))
    (8, 2, True)
    """
    order = np.random.default_rng([seed, 0x5917]).permutation(count)
    held = min(max(1, round(count * val)), count - 1) if val > 0 and count > 1 else 0
    return np.sort(order[held:]), np.sort(order[:held])


def epoch_batches(index_N: np.ndarray, batch: int, seed: int, epoch: int) -> Iterator[np.ndarray]:
    """The batches of one epoch, a function of (seed, epoch) alone; the last may be shorter."""
    order = np.random.default_rng([seed, epoch]).permutation(index_N)
    for start in range(0, len(order), batch):
        yield order[start : start + batch]
