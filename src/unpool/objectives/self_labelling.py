"""Self-labelling: train on the groups that were found before.

N images, K groups, B batch, C channels, H height, W width, D numbers in a code.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.networks.autoencoder import merge_code
from unpool.networks.embedder import Embedder
from unpool.objectives.base import Objective
from unpool.objectives.contrastive import decoding_loss
from unpool.objectives.views import ViewSampler, find_views

SMOOTHING = 0.1  # some of the groups' members are wrong
STREAM = 2  # of random numbers: other views than contrast sees


class SelfLabelling(Objective):
    """Cross entropy of a linear head against each image's group.

    The head is discarded later. The decoder learns beside it, as in `Contrast`.

    Args:
        dimension: D, numbers in a code.
        group_N: The group of every image, from 0; train on those whose group is certain.
        seed: Random seed of the views.
        views: Samples the views; by default those named "shift".

    Source: Van Gansbeke et al., SCAN, ECCV 2020, arXiv 2005.12320, section 2.3; Caron et al., DeepCluster,
    ECCV 2018.
    """

    group_N: Tensor

    def __init__(
        self, dimension: int, group_N: np.ndarray, *, seed: int = 0, views: ViewSampler | None = None
    ) -> None:
        super().__init__()
        self.seed, self.views = seed, views or find_views(None)
        self.register_buffer("group_N", torch.from_numpy(np.asarray(group_N, np.int64)), persistent=False)
        self.head = nn.Linear(dimension, int(group_N.max()) + 1)

    def forward(self, network: Embedder, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Tensor:
        """Sum cross entropy and reconstruction error.

        Args:
            network: Encodes, and decodes where it has a decoder.
            x_BCHW: Images, normalised.
            index_B: Their numbers, which groups and views depend on.
            epoch: The views depend on it.

        Returns:
            A scalar.
        """
        view_BCHW = self.views.sample(x_BCHW, index_B, self.seed, epoch, stream=STREAM)
        code = network.encode(view_BCHW)
        group_B = self.group_N[torch.from_numpy(index_B).to(self.group_N.device)]
        score_BK = self.apply_head(merge_code(code, network.merge))
        loss = F.cross_entropy(score_BK, group_B, label_smoothing=SMOOTHING)
        if not network.has_decoder:
            return loss
        return loss + decoding_loss(network, code, view_BCHW, index_B, epoch)

    def apply_head(self, vector_BD: Tensor) -> Tensor:
        """Score the groups from merged codes, (B, K)."""
        score_BK: Tensor = self.head(vector_BD)
        return score_BK
