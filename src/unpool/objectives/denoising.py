"""Denoising: a corrupted image should become the clean one.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from torch import Tensor, nn

from unpool.images.augment.noise import read_corruption
from unpool.networks.embedder import Embedder
from unpool.objectives.base import Objective, ObjectiveInputs
from unpool.objectives.losses.registry import pixel_range
from unpool.objectives.reconstruction import DEFAULT_LOSS, reconstruction_loss

DEFAULT_CORRUPTION = "salt-pepper:snr=0.9,p=1"


class Denoising(Objective):
    """The output for the corrupted input against the clean input.

    Args:
        loss: A name of `reconstruction_loss`.
        corruption: Such as `salt-pepper:snr=0.9,p=1`.
        mean: How the images are normalised, hence where black and white are.
        std: Likewise.
        seed: Random seed of the corruption.
        architecture: The network's name, for errors.

    Raises:
        UsageError: the loss or the corruption is not known.

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

    @classmethod
    def for_network(cls, network: Embedder, inputs: ObjectiveInputs) -> Self:
        """Build the objective in the network's pixel range."""
        prep = network.preprocessing
        return cls(
            inputs.loss or DEFAULT_LOSS, inputs.corruption or DEFAULT_CORRUPTION, prep.mean, prep.std,
            seed=inputs.seed, architecture=network.architecture,
        )  # fmt: skip

    def forward(self, network: nn.Module, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Tensor:
        """Compute the mean loss of a corrupted batch.

        The corruption differs in every epoch.

        Args:
            network: Called with the corrupted images.
            x_BCHW: Clean images, normalised.
            index_B: Their numbers, which the corruption depends on.
            epoch: Likewise.

        Returns:
            A scalar.
        """
        corrupted_BCHW = self.corruption(x_BCHW, index_B, self.seed, epoch)
        return self._loss(network(corrupted_BCHW), x_BCHW)
