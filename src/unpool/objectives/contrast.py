"""In-batch contrast: two views of an image should be nearer to each other than to any other image.

B batch, C channels, H height, W width, D numbers in a code, E in its projection.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.networks.autoencoder import merge_code
from unpool.objectives.views import Views


def contrast_loss(first_BE: Tensor, second_BE: Tensor, temperature: float = 0.5) -> Tensor:
    """Normalised temperature-scaled cross entropy over both directions: a scalar, mean over 2B views.

    Vectors of any length are normalised inside. log(2B − 1) for views that agree on nothing.
    Source: Chen et al., ICML 2020, arXiv 2002.05709, equation 1.

    >>> apart = torch.eye(3)
    >>> contrast_loss(apart, apart, 0.1) < contrast_loss(apart, apart.roll(1, 0), 0.1)
    tensor(True)
    """
    z_NE = F.normalize(torch.cat([first_BE, second_BE]), dim=1)
    likeness_NN = z_NE @ z_NE.T / temperature
    likeness_NN = likeness_NN.masked_fill(torch.eye(len(z_NE), dtype=torch.bool, device=z_NE.device), -1e9)
    partner_N = torch.arange(len(z_NE), device=z_NE.device).roll(len(first_BE))
    return F.cross_entropy(likeness_NN, partner_N)


class Contrast(nn.Module):
    """Contrast on the code through a small projection that is thrown away; the decoder learns beside it.

    The decoder reconstructs from a detached code: it shows what the code holds without changing it.
    """

    def __init__(self, dimension: int, *, seed: int = 0, temperature: float = 0.5) -> None:
        super().__init__()
        self.seed, self.temperature, self.views = seed, temperature, Views()
        self.projection = nn.Sequential(nn.Linear(dimension, 128), nn.ReLU(), nn.Linear(128, 64))

    def forward(self, network: Any, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Tensor:
        """The sum of contrast and reconstruction error, a scalar."""
        looks = [self.views.look(x_BCHW, index_B, self.seed, epoch, stream) for stream in (0, 1)]
        code = network.encode(torch.cat(looks))
        first_BD, second_BD = self.projection(merge_code(code, network.merge)).chunk(2)
        made_BCHW = network.decode(code[: len(x_BCHW)].detach(), size=x_BCHW.shape[2:])
        return contrast_loss(first_BD, second_BD, self.temperature) + F.mse_loss(made_BCHW, looks[0])
