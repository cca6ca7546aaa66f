"""In-batch contrast: views of an image should have similar codes.

B batch, N batch of all processes, C channels, H height, W width, D numbers in a code, E in its projection.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.networks.autoencoder import merge_code
from unpool.networks.embedder import Embedder
from unpool.objectives.base import Objective, ObjectiveInputs
from unpool.objectives.gather import gather_rows
from unpool.objectives.views import PrecomputedViews, ViewSampler, find_views, resolve_views

HIDDEN, PROJECTED = 128, 64  # numbers in the layers of the projection
DECODED_EVERY = (
    8  # one image in so many is decoded: the decoder, which does not change the code, costs little
)
TEMPERATURE = 0.5
ADAPTED_TEMPERATURE = 0.2  # of a head, or of an encoder with weights from elsewhere


def contrast_loss(first_BE: Tensor, second_BE: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Compute the normalised temperature-scaled cross entropy, in both directions.

    Vectors of any length are normalised inside. Several processes compare their views with those of all; the
    mean over the processes is the loss of the whole batch. log(2B − 1) for views that agree on nothing.
    Source: Chen et al., ICML 2020, arXiv 2002.05709, equation 1.

    Args:
        first_BE: One view of each image.
        second_BE: Another view of each.
        temperature: Of the softmax, above 0.

    Returns:
        A scalar, the mean over 2B views.

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
    similarity_2B2N = all_2NE[own_2B] @ all_2NE.T / temperature
    itself_2B2N = own_2B[:, None] == torch.arange(2 * count, device=first_BE.device)
    return F.cross_entropy(similarity_2B2N.masked_fill(itself_2B2N, -1e9), partner_2B)


def decoding_loss(network: Embedder, code: Tensor, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Tensor:
    """Compute the squared error of images decoded from detached codes.

    Which images depends on image and epoch alone, so that any number of processes decodes the same.

    Args:
        network: Its decoder is trained by this loss.
        code: Of the batch; no gradient flows back to it.
        x_BCHW: The images the code is of.
        index_B: Their numbers.
        epoch: Counted from 0.

    Returns:
        A scalar.
    """
    decoded_b = np.flatnonzero(index_B % DECODED_EVERY == epoch % DECODED_EVERY)
    share = DECODED_EVERY * len(decoded_b) / len(index_B)
    decoded_b = decoded_b if len(decoded_b) else np.zeros(1, np.int64)  # the decoder takes part in every step
    output_bCHW = network.decode(code[decoded_b].detach(), size=x_BCHW.shape[2:])
    return F.mse_loss(output_bCHW, x_BCHW[decoded_b]) * share


class Contrast(Objective):
    """Contrast on the code through a small projection, later discarded.

    The decoder reconstructs from a detached code: it shows what the code holds without changing it.

    Args:
        dimension: D, numbers in a code.
        seed: Random seed of the views.
        temperature: Of the softmax, above 0.
        views: Samples the views; by default those named "shift".
        project: Without a projection the codes themselves are compared, as suits a head, which is one already.
    """

    def __init__(
        self,
        dimension: int,
        *,
        seed: int = 0,
        temperature: float = TEMPERATURE,
        views: ViewSampler | None = None,
        project: bool = True,
    ) -> None:
        super().__init__()
        self.seed, self.temperature, self.views = seed, temperature, views or find_views(None)
        self.projection: nn.Module = nn.Identity()
        if project:
            self.projection = nn.Sequential(
                nn.Linear(dimension, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, PROJECTED)
            )

    @classmethod
    def for_network(cls, network: Embedder, inputs: ObjectiveInputs) -> Self:
        """Build the objective, its projection drawn by the seed."""
        from unpool.networks.catalogue import seeded

        views = resolve_views(inputs.views)
        project = not isinstance(views, PrecomputedViews)
        temperature = TEMPERATURE if project and not inputs.adapts else ADAPTED_TEMPERATURE
        with seeded(inputs.seed):
            return cls(
                network.dimension(), seed=inputs.seed, views=views, project=project, temperature=temperature
            )

    def forward(self, network: Embedder, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Tensor:
        """Sum contrast and reconstruction error.

        Args:
            network: Encodes, and decodes where it has a decoder.
            x_BCHW: Images, normalised, or (B, V, D) features of V views.
            index_B: Their numbers, which the views depend on.
            epoch: Likewise.

        Returns:
            A scalar.
        """
        views = [self.views.sample(x_BCHW, index_B, self.seed, epoch, stream) for stream in (0, 1)]
        code = network.encode(torch.cat(views))
        first_BE, second_BE = self.apply_head(merge_code(code, network.merge)).chunk(2)
        loss = self.compare(first_BE, second_BE, index_B)
        if not network.has_decoder:
            return loss
        return loss + decoding_loss(network, code, views[0], index_B, epoch)

    def apply_head(self, vector_BD: Tensor) -> Tensor:
        """Project merged codes to (B, E), which are compared."""
        projected_BE: Tensor = self.projection(vector_BD)
        return projected_BE

    def compare(self, first_BE: Tensor, second_BE: Tensor, index_B: np.ndarray) -> Tensor:
        """Compare the projections of two views.

        Args:
            first_BE: One view of each image.
            second_BE: Another view of each.
            index_B: The images' numbers.

        Returns:
            A scalar.
        """
        return contrast_loss(first_BE, second_BE, self.temperature)
