"""Reconstruction: the output should be the input, pixel for pixel.

B batch, C channels, H height, W width.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.errors import unknown_name

Loss = Callable[[Tensor, Tensor], Tensor]

# Name typed by the user → element-wise loss of torch.nn.functional, averaged over every element.
LOSSES: dict[str, Loss] = {
    "mse": F.mse_loss,
    "l1": F.l1_loss,
    "huber": F.huber_loss,
    "smooth-l1": F.smooth_l1_loss,
}


def reconstruction_loss(name: str = "mse") -> Loss:
    """A loss (output_BCHW, target_BCHW) → scalar mean, in the network's own pixel range.

    Raises `UsageError` for a name that is not known.

    >>> import torch
    >>> import torch
    >>> reconstruction_loss("mse")(torch.zeros(1, 1, 2, 2), torch.full((1, 1, 2, 2), 2.0)).item()
    4.0
    """
    if name not in LOSSES:
        raise unknown_name("loss", name, LOSSES)
    return LOSSES[name]


class Reconstruction(nn.Module):
    """The network's output against its input, by an element-wise loss."""

    def __init__(self, loss: str = "mse") -> None:
        super().__init__()
        self._loss = reconstruction_loss(loss)

    def forward(self, network: nn.Module, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Tensor:
        """The mean loss over the batch, a scalar."""
        return self._loss(network(x_BCHW), x_BCHW)
