"""Supervised classification: scores against the labels people gave, and how to count what was right.

N images, B batch, V views of each image, C channels, H height, W width, K classes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from unpool.errors import UnpoolError
from unpool.objectives.losses.registry import class_loss


class Classification(nn.Module):
    """The network's scores (B, K), before any softmax, against the label of each image.

    `labels_N` are whole numbers from 0 to K − 1, one for each image of the data. They are no part of a
    checkpoint. `loss` is a name of `unpool.objectives.losses.registry.CLASSES`.
    Raises `UnpoolError` for labels outside 0..K−1, `UsageError` for an unknown loss.
    """

    labels_N: Tensor

    def __init__(self, labels_N: np.ndarray | Tensor, num_classes: int, loss: str = "cross-entropy") -> None:
        super().__init__()
        labels = np.asarray(labels_N)
        _refuse_labels(labels, num_classes)
        self.register_buffer("labels_N", torch.tensor(labels, dtype=torch.int64), persistent=False)
        self.num_classes = num_classes
        self._loss = class_loss(loss)

    def forward(
        self, network: nn.Module, x_BCHW: Tensor, index_B: np.ndarray, epoch: int
    ) -> tuple[Tensor, Tensor]:
        """The mean loss, and how many of the batch were predicted right: two scalars on the device.

        x may be (B, V, C, H, W), several views of each image: their scores are averaged.
        Raises `UnpoolError` where the network does not give one score for each class.

        >>> objective = Classification(np.array([0, 1, 1]), num_classes=2)
        >>> loss, correct = objective(nn.Identity(), torch.tensor([[3.0, 0.0], [3.0, 0.0]]), np.array([0, 2]), 0)
        >>> round(loss.item(), 4), correct.item()
        (1.5486, 1)
        """
        scores_BK = mean_scores(network, x_BCHW)
        if scores_BK.shape != (len(index_B), self.num_classes):
            raise UnpoolError(
                f"the network gives {tuple(scores_BK.shape)} for {len(index_B)} images, but must give one "
                f"score for each of the {self.num_classes} classes; build it with that many outputs"
            )
        labels_B = self.labels_N[torch.from_numpy(index_B).to(self.labels_N.device)]
        return self._loss(scores_BK, labels_B), (scores_BK.argmax(dim=1) == labels_B).sum()


def mean_scores(network: nn.Module, x_BCHW: Tensor) -> Tensor:
    """The scores (B, K) of a batch; of (B, V, C, H, W), the mean over the V views of each image.

    >>> mean_scores(nn.Flatten(), torch.arange(4.0).reshape(1, 2, 2, 1, 1))
    tensor([[1., 2.]])
    """
    if x_BCHW.ndim != 5:
        scores_BK: Tensor = network(x_BCHW)
        return scores_BK
    views_NK: Tensor = network(x_BCHW.flatten(0, 1))
    return views_NK.reshape(*x_BCHW.shape[:2], -1).mean(dim=1)


def confusion(true_N: np.ndarray, predicted_N: np.ndarray, num_classes: int) -> np.ndarray:
    """How often each class was taken for each other: (K, K) int64, rows true, columns predicted.

    Raises `UnpoolError` for classes outside 0..K−1, or where there are not as many of one as of the other.

    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    true_N, predicted_N = np.asarray(true_N), np.asarray(predicted_N)
    for classes_N in (true_N, predicted_N):
        _refuse_labels(classes_N, num_classes)
    if len(true_N) != len(predicted_N):
        raise UnpoolError(f"{len(true_N)} true classes, but {len(predicted_N)} predicted; give one for each")
    cell_N = true_N.astype(np.int64) * num_classes + predicted_N.astype(np.int64)
    return np.bincount(cell_N, minlength=num_classes**2).reshape(num_classes, num_classes).astype(np.int64)


def class_accuracy(confusion_KK: np.ndarray) -> np.ndarray:
    """The share of each class that was predicted right, (K,) float64 in 0..1; nan for a class with no images.

    >>> class_accuracy(np.array([[1, 1], [0, 1]])).tolist()
    [0.5, 1.0]
    """
    count_K = confusion_KK.sum(axis=1)
    right_K = np.full(len(count_K), np.nan)
    np.divide(np.diagonal(confusion_KK), count_K, out=right_K, where=count_K > 0)
    return right_K


def _refuse_labels(labels_N: np.ndarray[Any, Any], num_classes: int) -> None:
    if labels_N.ndim != 1 or not (labels_N.size == 0 or np.issubdtype(labels_N.dtype, np.integer)):
        raise UnpoolError(
            f"labels of shape {labels_N.shape} and type {labels_N.dtype}, but there must be one whole number "
            "for each image"
        )
    outside = np.flatnonzero((labels_N < 0) | (labels_N >= num_classes))
    if len(outside):
        raise UnpoolError(
            f"image {outside[0]} has label {labels_N[outside[0]]}, but with {num_classes} classes labels go "
            f"from 0 to {num_classes - 1}"
        )
