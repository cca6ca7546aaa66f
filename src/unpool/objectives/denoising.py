"""Denoising: from a corrupted image, the network should give back the clean one.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from unpool.images.augment.noise import read_corruption
from unpool.objectives.losses.registry import pixel_range
from unpool.objectives.reconstruction import reconstruction_loss


class Denoising(nn.Module):
    """The network's output for the corrupted input against the clean input.

    `loss` is a name of `reconstruction_loss` (`architecture` stands in its errors), `corruption` a word such as
    `salt-pepper:snr=0.9,p=1`; `mean` and `std` tell how the images are normalised, hence where black and white
    are. Raises `UsageError` for words that are not known.
    Source: Vincent et al., Extracting and Composing Robust Features with Denoising Autoencoders, ICML 2008;
    Stacked Denoising Autoencoders, JMLR 2010.

    >>> import torch
    >>> denoising = Denoising("mse", "mask:share=1", (0.0,), (1.0,))
    >>> denoising(nn.Identity(), torch.full((2, 1, 8, 8), 0.5), np.array([0, 1]), epoch=1).item()
    0.25
    """

    def __init__(
        self,
        loss: str,
        corruption: str,
        mean: tuple[float, ...],
        std: tuple[float, ...],
        *,
        seed: int = 0,
        architecture: str = "the network",
    ) -> None:
        super().__init__()
        self.seed = seed
        self.corruption = read_corruption(corruption, mean, std)
        low, high = pixel_range(mean, std)
        self._loss = reconstruction_loss(loss, low=low, high=high, architecture=architecture)

    def forward(self, network: nn.Module, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Tensor:
        """The mean loss over the batch, a scalar; the same images are corrupted anew in every epoch."""
        corrupted_BCHW = self.corruption(x_BCHW, index_B, self.seed, epoch)
        return self._loss(network(corrupted_BCHW), x_BCHW)
