"""Reconstruction: the output should be the input, pixel for pixel.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

from typing import Self

import numpy as np
from torch import Tensor, nn

from unpool.networks.embedder import Embedder
from unpool.objectives.base import Objective, ObjectiveInputs
from unpool.objectives.losses.registry import Bound, Loss, elementwise_loss, pixel_range

DEFAULT_LOSS = "mse"


def reconstruction_loss(
    name: str = DEFAULT_LOSS,
    *,
    low: Bound | None = None,
    high: Bound | None = None,
    architecture: str = "the network",
) -> Loss:
    """Build an element-wise loss in the network's own pixel range.

    Args:
        name: Name and keys, as in `unpool.objectives.losses.registry.elementwise_loss`.
        low: Value of a black pixel.
        high: Value of a white pixel.
        architecture: The network's name, for errors.

    Returns:
        A loss (output_BCHW, target_BCHW) → scalar mean.

    >>> import torch
    >>> reconstruction_loss("mse")(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 2.0)).item()
    4.0
    """
    return elementwise_loss(name, low=low, high=high, architecture=architecture)


class Reconstruction(Objective):
    """The network's output against its input.

    A loss that cannot take the network's pixels is rejected here instead of in the first step.

    Args:
        loss: A name of `reconstruction_loss`.
        low: Value of a black pixel (`unpool.objectives.losses.registry.pixel_range`); ssim needs the range's width.
        high: Value of a white pixel.
        architecture: The network's name, for errors.
    """

    def __init__(
        self,
        loss: str = DEFAULT_LOSS,
        *,
        low: Bound | None = None,
        high: Bound | None = None,
        architecture: str = "the network",
    ) -> None:
        super().__init__()
        self._loss = reconstruction_loss(loss, low=low, high=high, architecture=architecture)

    @classmethod
    def for_network(cls, network: Embedder, inputs: ObjectiveInputs) -> Self:
        """Build the objective in the network's pixel range."""
        low, high = pixel_range(network.preprocessing.mean, network.preprocessing.std)
        return cls(inputs.loss or DEFAULT_LOSS, low=low, high=high, architecture=network.architecture)

    def forward(self, network: nn.Module, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Tensor:
        """Compute the mean loss of a batch.

        Args:
            network: Called with the images.
            x_BCHW: Images, normalised.
            index_B: Their numbers; without effect.
            epoch: Without effect.

        Returns:
            A scalar.
        """
        return self._loss(network(x_BCHW), x_BCHW)
