"""Learn from groups found before: a view of an image should be told to belong to the image's group.

N images, K groups, B batch, b images of it that are decoded, C channels, H height, W width, D numbers in a code.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from unpool.networks.autoencoder import merge_code
from unpool.networks.decoders.base import NoDecoder
from unpool.objectives.contrastive import decoding_loss
from unpool.objectives.views import Views, views_named

SMOOTHING = 0.1  # some of the groups' members are wrong


class SelfLabelling(nn.Module):
    """Cross entropy of a linear head, thrown away later, against the group of each image.

    `group_N` holds the group of every image, from 0; train on those whose group is sure. The decoder learns beside
    it, as in `Contrast`.

    Source: Van Gansbeke et al., SCAN, ECCV 2020, arXiv 2005.12320, section 2.3; Caron et al., DeepCluster,
    ECCV 2018.
    """

    group_N: Tensor

    def __init__(
        self, dimension: int, group_N: np.ndarray, *, seed: int = 0, views: Views | None = None
    ) -> None:
        super().__init__()
        self.seed, self.views = seed, views or views_named(None)
        self.register_buffer("group_N", torch.from_numpy(np.asarray(group_N, np.int64)), persistent=False)
        self.head = nn.Linear(dimension, int(group_N.max()) + 1)

    def forward(self, network: Any, x_BCHW: Tensor, index_B: np.ndarray, epoch: int) -> Tensor:
        """The sum of cross entropy and reconstruction error, a scalar."""
        look_BCHW = self.views.look(x_BCHW, index_B, self.seed, epoch, stream=2)
        code = network.encode(look_BCHW)
        wanted_B = self.group_N[torch.from_numpy(index_B).to(self.group_N.device)]
        told_BK = self.answer(merge_code(code, network.merge))
        loss = F.cross_entropy(told_BK, wanted_B, label_smoothing=SMOOTHING)
        if isinstance(network.decoder, NoDecoder):
            return loss
        return loss + decoding_loss(network, code, look_BCHW, index_B, epoch)

    def answer(self, vector_BD: Tensor) -> Tensor:
        """The scores of the groups (B, K) from merged codes."""
        scores_BK: Tensor = self.head(vector_BD)
        return scores_BK
