"""Reconstruction: the output should be the input, pixel for pixel.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn

from unpool.objectives.losses.registry import Bound, Loss, elementwise_loss


def reconstruction_loss(
    name: str = "mse",
    *,
    low: Bound | None = None,
    high: Bound | None = None,
    architecture: str = "the network",
) -> Loss:
    """A loss (output_BCHW, target_BCHW) → scalar mean, in the network's own pixel range.

    The names, arguments and errors are those of `unpool.objectives.losses.registry.elementwise_loss`.

    >>> import torch
    >>> reconstruction_loss("mse")(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 2.0)).item()
    4.0
    """
    return elementwise_loss(name, low=low, high=high, architecture=architecture)


class Reconstruction(nn.Module):
    """The network's output against its input, by an element-wise loss.

    `low` and `high` are the network's pixel range (`unpool.objectives.losses.registry.pixel_range`): ssim needs its
    width, and a loss that cannot take such pixels is refused here instead of in the first step.
    """

    def __init__(
        self,
        loss: str = "mse",
        *,
        low: Bound | None = None,
        high: Bound | None = None,
        architecture: str = "the network",
    ) -> None:
        super().__init__()
        self._loss = reconstruction_loss(loss, low=low, high=high, architecture=architecture)

    def forward(self, network: nn.Module, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Tensor:
        """The mean loss over the batch, a scalar."""
        return self._loss(network(x_BCHW), x_BCHW)
