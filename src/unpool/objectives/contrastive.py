"""In-batch contrast: two views of an image should be nearer to each other than to any other image.

B batch, N batch of all processes, C channels, H height, W width, D numbers in a code, E in its projection.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.networks.autoencoder import merge_code
from unpool.networks.decoders.base import NoDecoder
from unpool.objectives.base import Objective
from unpool.objectives.gather import gather_rows
from unpool.objectives.views import ViewSampler, views_named

PROJECTED = 64
DECODED = 8  # one image in so many is decoded: the decoder, which changes nothing of the code, costs little


def contrast_loss(first_BE: Tensor, second_BE: Tensor, temperature: float = 0.5) -> Tensor:
    """Normalised temperature-scaled cross entropy over both directions: a scalar, mean over 2B views.

    Vectors of any length are normalised inside. Several processes compare their views with those of all; the
    mean over the processes is the loss of the whole batch. log(2B − 1) for views that agree on nothing.
    Source: Chen et al., ICML 2020, arXiv 2002.05709, equation 1.

    >>> apart = torch.eye(3)
    >>> contrast_loss(apart, apart, 0.1) < contrast_loss(apart, apart.roll(1, 0), 0.1)
    tensor(True)
    """
    first_NE, start = gather_rows(F.normalize(first_BE, dim=1))
    second_NE, _ = gather_rows(F.normalize(second_BE, dim=1))
    all_2NE = torch.cat([first_NE, second_NE])
    count = len(first_NE)
    row_B = torch.arange(start, start + len(first_BE), device=first_BE.device)
    own_2B, partner_2B = torch.cat([row_B, row_B + count]), torch.cat([row_B + count, row_B])
    likeness_2B2N = all_2NE[own_2B] @ all_2NE.T / temperature
    itself_2B2N = own_2B[:, None] == torch.arange(2 * count, device=first_BE.device)
    return F.cross_entropy(likeness_2B2N.masked_fill(itself_2B2N, -1e9), partner_2B)


def decoding_loss(network: Any, code: Tensor, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Tensor:
    """The squared error of some images, decoded from codes that no gradient flows back to: a scalar.

    Which ones depends on image and epoch alone, so that any number of processes decodes the same.
    """
    chosen_b = np.flatnonzero(index_B % DECODED == epoch % DECODED)
    share = DECODED * len(chosen_b) / len(index_B)
    chosen_b = chosen_b if len(chosen_b) else np.zeros(1, np.int64)  # the decoder takes part in every step
    made_bCHW = network.decode(code[chosen_b].detach(), size=x_BCHW.shape[2:])
    return F.mse_loss(made_bCHW, x_BCHW[chosen_b]) * share


class Contrast(Objective):
    """Contrast on the code through a small projection that is thrown away; the decoder learns beside it.

    The decoder reconstructs from a detached code: it shows what the code holds without changing it. Without
    `project` the codes themselves are compared, as suits a head, which is a projection already.
    """

    def __init__(
        self,
        dimension: int,
        *,
        seed: int = 0,
        temperature: float = 0.5,
        views: ViewSampler | None = None,
        project: bool = True,
    ) -> None:
        super().__init__()
        self.seed, self.temperature, self.views = seed, temperature, views or views_named(None)
        self.projection: nn.Module = nn.Identity()
        if project:
            self.projection = nn.Sequential(nn.Linear(dimension, 128), nn.ReLU(), nn.Linear(128, PROJECTED))

    def forward(self, network: Any, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Tensor:
        """The sum of contrast and reconstruction error, a scalar."""
        looks = [self.views.look(x_BCHW, index_B, self.seed, epoch, stream) for stream in (0, 1)]
        code = network.encode(torch.cat(looks))
        first_BE, second_BE = self.answer(merge_code(code, network.merge)).chunk(2)
        loss = self.compare(first_BE, second_BE, index_B)
        if isinstance(network.decoder, NoDecoder):
            return loss
        return loss + decoding_loss(network, code, looks[0], index_B, epoch)

    def answer(self, vector_BD: Tensor) -> Tensor:
        """What is compared: the projection (B, E) of merged codes."""
        projected_BE: Tensor = self.projection(vector_BD)
        return projected_BE

    def compare(self, first_BE: Tensor, second_BE: Tensor, index_B: np.ndarray) -> Tensor:
        """What is asked of the projections of two views: a scalar."""
        return contrast_loss(first_BE, second_BE, self.temperature)
