"""Training by Local Aggregation, after a warm-up by in-batch contrast.

B batch, N images in all, M images trained on, E numbers in a projection.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from unpool.networks.embedder import Embedder
from unpool.objectives.base import ObjectiveInputs
from unpool.objectives.contrastive import PROJECTED, Contrast, contrast_loss
from unpool.objectives.local_aggregation.loss import LocalAggregation, nearest
from unpool.objectives.views import PrecomputedViews, ViewSampler, resolve_views

WARM_UP = 0.5  # share of the epochs


class Aggregation(Contrast):
    """Contrast, then Local Aggregation after the warm-up.

    The contrast fills the memory bank, which has a row for each image trained on. An image held out stands for what
    its other view is nearest to.

    Args:
        dimension: D, numbers in a code.
        num_images: N, with the images held out.
        trained_M: The images trained on.
        seed: Random seed of views and bank.
        temperature: Of the softmax over neighbours, above 0.
        warm_up: Share of the epochs.
        views: Samples the views; by default those named "shift".
        project: The code passes a projection, later discarded.

    Source: Zhuang, Zhai and Yamins, ICCV 2019, arXiv 1903.12355; the warm-up by in-batch contrast is ours.
    """

    row_N: Tensor
    replicated_buffers = ("local.bank", "local.clusters", "local.rounds", "row_N")

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

    @classmethod
    def for_network(cls, network: Embedder, inputs: ObjectiveInputs) -> Self:
        """Build the objective; the seed draws projection and bank."""
        from unpool.networks.catalogue import seeded

        assert inputs.trained_M is not None, "aggregation needs the images trained on"
        views = resolve_views(inputs.views)
        with seeded(inputs.seed):
            return cls(
                network.dimension(), inputs.num_images, inputs.trained_M, seed=inputs.seed, views=views,
                project=not isinstance(views, PrecomputedViews),
            )  # fmt: skip

    def before_epoch(self, epoch: int, num_epochs: int) -> None:
        """Cluster the bank again, once the warm-up is over."""
        if epoch >= self.first_epoch(num_epochs):
            self.local.recluster()

    def remark(self) -> str | None:
        """Return a message where Local Aggregation never began."""
        if int(self.local.rounds):
            return None
        return (
            "the training was over with its warm-up: it learnt by contrast alone, nothing was aggregated; train "
            "for two epochs or more"
        )

    def first_epoch(self, num_epochs: int) -> int:
        """Return the first epoch after the warm-up.

        A single epoch is all warm-up.
        """
        return max(1, round(self.warm_up * num_epochs))

    def compare(self, first_BE: Tensor, second_BE: Tensor, index_B: np.ndarray) -> Tensor:
        """Compute contrast, or after the warm-up Local Aggregation.

        Args:
            first_BE: One view of each image.
            second_BE: Another view of each.
            index_B: The images' numbers.

        Returns:
            A scalar.
        """
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
