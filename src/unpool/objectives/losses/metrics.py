"""The objective `Segmentation`, its figures, and class weights.

B batch, K classes, H height, W width.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor, nn

from unpool.errors import UsageError
from unpool.networks.segmentation.pixel_scores import count_pixels, scores_of
from unpool.objectives.base import Objective
from unpool.objectives.losses.segmentation import DEFAULT, pixel_loss
from unpool.options import CLASS_WEIGHTS

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


def class_weights(count_NK: np.ndarray, names: Sequence[str], kind: str = "none") -> np.ndarray | None:
    """Weigh the classes by how rare they are.

    Args:
        count_NK: pixels of each class in each image, (N, K).
        names: of the K classes.
        kind: "median" is the median of the classes' frequencies over each frequency, where a frequency counts only
            images in which the class occurs; "sqrt" its square root; "none".

    Returns:
        (K,) float32, 1 for a class that occurs nowhere; None for "none".

    Raises:
        UsageError: for another `kind`.

    Source: Eigen and Fergus 2015, arXiv 1411.4734, section 6.3.2.

    >>> class_weights(np.array([[1, 99]]), ["a", "b"], "sqrt").astype(int).tolist()
    [7, 0]
    """
    if kind not in CLASS_WEIGHTS:
        raise UsageError(f"--class-weights {kind!r} must be one of {', '.join(CLASS_WEIGHTS)}")
    if kind == "none":
        return None
    in_images_K = np.where(count_NK > 0, count_NK.sum(axis=1, keepdims=True), 0).sum(axis=0)
    occurs_K = in_images_K > 0
    frequency_K = count_NK.sum(axis=0) / np.maximum(in_images_K, 1)
    weight_K = np.ones(len(names))
    weight_K[occurs_K] = np.median(frequency_K[occurs_K]) / frequency_K[occurs_K]
    return (np.sqrt(weight_K) if kind == "sqrt" else weight_K).astype(np.float32)
