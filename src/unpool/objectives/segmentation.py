"""The objective of segmenters, and its figures.

B batch, K classes, H height, W width.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from unpool.networks.segmentation.pixel_scores import count_pixels, scores_of
from unpool.objectives.base import Objective
from unpool.objectives.losses.segmentation import DEFAULT, pixel_loss

if TYPE_CHECKING:
    from accelerate import Accelerator


class Segmentation(Objective):
    """Trains class scores against label maps.

    While validating, every pixel is counted too: the network of the largest mean intersection over union on the
    validation images is the best.

    Args:
        num_classes: K.
        loss: a name as in `pixel_loss`.
        weight_K: weights of the classes.
    """

    best_by = "val_miou"

    def __init__(self, num_classes: int, loss: str = DEFAULT, weight_K: Tensor | None = None) -> None:
        super().__init__()
        self.num_classes = num_classes
        self.loss = pixel_loss(loss, weight_K)
        self.table_KK: Tensor
        self.register_buffer("table_KK", torch.zeros(num_classes, num_classes, dtype=torch.int64))

    def forward(
        self, network: nn.Module, pair: tuple[Tensor, Tensor], index_B: np.ndarray, epoch: int
    ) -> Tensor:
        """Compute the loss of a batch.

        While validating, its pixels are counted too.

        Args:
            network: images → scores (B, K, H, W).
            pair: images (B, C, H, W) and labels (B, H, W).
            index_B: the images' indices in the data set.
            epoch: the epoch, from 0.

        Returns:
            A scalar, the mean over labelled pixels.
        """
        x_BCHW, label_BHW = pair
        scores_BKHW: Tensor = network(x_BCHW)
        label_BHW = label_BHW.to(torch.int64)
        value = self.loss(scores_BKHW, label_BHW)
        if self.counted and not network.training:
            self.table_KK += count_pixels(label_BHW, scores_BKHW.argmax(dim=1), self.num_classes)
        return value

    def before_validation(self) -> None:
        self.table_KK.zero_()

    def after_validation(self, accelerator: Accelerator) -> dict[str, Any]:
        table_KK = self.table_KK
        if accelerator.num_processes > 1:
            table_KK = accelerator.reduce(table_KK)
        scores = scores_of(table_KK.cpu().numpy())
        return {
            "val_miou": scores["mean_iou"], "val_accuracy": scores["pixel_accuracy"], "iou": scores["iou"],
        }  # fmt: skip
