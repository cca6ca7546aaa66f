"""Training by Local Aggregation: in-batch contrast until neighbours mean something, then neighbours that agree.

B batch, N images in all, M images trained on, E numbers in a projection.
"""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from unpool.objectives.contrastive import PROJECTED, Contrast, contrast_loss
from unpool.objectives.local_aggregation.loss import LocalAggregation, nearest
from unpool.objectives.views import ViewSampler

WARM_UP = 0.5  # share of the epochs


class Aggregation(Contrast):
    """Contrast that fills a memory bank, and Local Aggregation in its place after the warm-up.

    `trained_M` are the images trained on of `num_images` in all: the bank has a row for each of these and no
    other. `warm_up` is a share of the epochs. An image held out stands for
    what its other view is nearest to.

    Source: Zhuang, Zhai and Yamins, ICCV 2019, arXiv 1903.12355; the warm-up by in-batch contrast is ours.
    """

    row_N: Tensor
    alike = ("local.bank", "local.clusters", "local.rounds", "row_N")

    def __init__(
        self,
        dimension: int,
        num_images: int,
        trained_M: np.ndarray,
        *,
        seed: int = 0,
        temperature: float = 0.07,
        warm_up: float = WARM_UP,
        views: ViewSampler | None = None,
        project: bool = True,
    ) -> None:
        super().__init__(dimension, seed=seed, views=views, project=project)
        compared = PROJECTED if project else dimension
        self.local = LocalAggregation(len(trained_M), compared, temperature=temperature, seed=seed)
        self.warm_up = warm_up
        row_N = torch.full((num_images,), -1, dtype=torch.int64)
        row_N[torch.from_numpy(np.asarray(trained_M, np.int64))] = torch.arange(len(trained_M))
        self.register_buffer("row_N", row_N, persistent=False)
        self._seen: tuple[Tensor, Tensor] | None = None

    def before_epoch(self, epoch: int, num_epochs: int) -> None:
        """Cluster the bank anew, once the warm-up is over."""
        if epoch >= self.first_epoch(num_epochs):
            self.local.recluster()

    def remark(self) -> str | None:
        """That Local Aggregation never began, where it did not."""
        if int(self.local.rounds):
            return None
        return (
            "the training was over with its warm-up: it learnt by contrast alone, nothing was aggregated; train "
            "for two epochs or more"
        )

    def first_epoch(self, num_epochs: int) -> int:
        """The first epoch after the warm-up; a single epoch is all warm-up."""
        return max(1, round(self.warm_up * num_epochs))

    def compare(self, first_BE: Tensor, second_BE: Tensor, index_B: np.ndarray) -> Tensor:
        """Contrast, and Local Aggregation of both views as soon as there are clusters."""
        row_B = self.row_N[torch.from_numpy(np.asarray(index_B, np.int64)).to(self.row_N.device)]
        if not self.training:
            return self._held_out(first_BE, second_BE)
        self._seen = (F.normalize(first_BE, dim=1) + F.normalize(second_BE, dim=1)).detach(), row_B
        if not int(self.local.rounds):
            return contrast_loss(first_BE, second_BE, self.temperature)
        loss: Tensor = self.local(torch.cat([first_BE, second_BE]), row_B.repeat(2))
        return loss

    def after_step(self) -> None:
        """Mix the mean of the two views into the bank."""
        if self._seen is not None:
            self.local.update(*self._seen)
            self._seen = None

    def _held_out(self, first_BE: Tensor, second_BE: Tensor) -> Tensor:
        with torch.no_grad():
            _, nearest_B1 = nearest(F.normalize(second_BE, dim=1), self.local.bank.to(second_BE.dtype), 1)
        loss: Tensor = self.local(first_BE, nearest_B1[:, 0])
        return loss
