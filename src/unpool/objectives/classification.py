"""Supervised classification: scores against labels, and a confusion matrix.

N images, B batch, V views of each image, C channels, H height, W width, K classes.
"""

from __future__ import annotations

from typing import Self

import numpy as np
import torch
from torch import Tensor, nn

from unpool.errors import UnpoolError
from unpool.networks.embedder import Embedder
from unpool.objectives.base import Objective, ObjectiveInputs
from unpool.objectives.losses.registry import class_loss

DEFAULT_LOSS = "cross-entropy"


class Classification(Objective):
    """Class scores, before any softmax, against labels.

    Args:
        labels_N: Whole numbers from 0 to K − 1, one for each image of the data; no part of a checkpoint.
        num_classes: K.
        loss: A name of `unpool.objectives.losses.registry.CLASSES`.

    Raises:
        UnpoolError: a label is outside 0..K−1.
        UsageError: the loss is not known.
    """

    labels_N: Tensor

    def __init__(self, labels_N: np.ndarray | Tensor, num_classes: int, loss: str = DEFAULT_LOSS) -> None:
        super().__init__()
        labels = np.asarray(labels_N)
        _check_labels(labels, num_classes)
        self.register_buffer("labels_N", torch.tensor(labels, dtype=torch.int64), persistent=False)
        self.num_classes = num_classes
        self._loss = class_loss(loss)

    @classmethod
    def for_network(cls, network: Embedder, inputs: ObjectiveInputs) -> Self:
        """Build the objective from the labels."""
        assert inputs.labels_N is not None, "classification needs labels"
        return cls(inputs.labels_N, inputs.num_classes, inputs.loss or DEFAULT_LOSS)

    def forward(
        self, network: nn.Module, x_BCHW: Tensor, index_B: np.ndarray, epoch: int
    ) -> tuple[Tensor, Tensor]:
        """Compute the mean loss and the number of correct predictions.

        Args:
            network: Called with the images.
            x_BCHW: Images, normalised; of (B, V, C, H, W) the scores of V views are averaged.
            index_B: Their numbers, which the labels depend on.
            epoch: Without effect.

        Returns:
            Two scalars on the device.

        Raises:
            UnpoolError: the network does not give one score for each class.

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
    """Compute the scores (B, K) of a batch.

    Of (B, V, C, H, W) they are the mean over the V views of each image.

    >>> mean_scores(nn.Flatten(), torch.arange(4.0).reshape(1, 2, 2, 1, 1))
    tensor([[1., 2.]])
    """
    if x_BCHW.ndim != 5:
        scores_BK: Tensor = network(x_BCHW)
        return scores_BK
    views_NK: Tensor = network(x_BCHW.flatten(0, 1))
    return views_NK.reshape(*x_BCHW.shape[:2], -1).mean(dim=1)


def confusion(true_N: np.ndarray, predicted_N: np.ndarray, num_classes: int) -> np.ndarray:
    """Count how often each class was predicted as each other.

    Args:
        true_N: True classes.
        predicted_N: Predicted classes.
        num_classes: K.

    Returns:
        (K, K) int64, rows true, columns predicted.

    Raises:
        UnpoolError: a class is outside 0..K−1, or the lengths differ.

    >>> confusion(np.array([0, 0, 1]), np.array([0, 1, 1]), 2).tolist()
    [[1, 1], [0, 1]]
    """
    true_N, predicted_N = np.asarray(true_N), np.asarray(predicted_N)
    for classes_N in (true_N, predicted_N):
        _check_labels(classes_N, num_classes)
    if len(true_N) != len(predicted_N):
        raise UnpoolError(f"{len(true_N)} true classes, but {len(predicted_N)} predicted; give one for each")
    cell_N = true_N.astype(np.int64) * num_classes + predicted_N.astype(np.int64)
    return np.bincount(cell_N, minlength=num_classes**2).reshape(num_classes, num_classes).astype(np.int64)


def class_accuracy(confusion_KK: np.ndarray) -> np.ndarray:
    """Compute the recall of each class, (K,) float64 in 0..1.

    It is nan for a class without images.

    >>> class_accuracy(np.array([[1, 1], [0, 1]])).tolist()
    [0.5, 1.0]
    """
    count_K = confusion_KK.sum(axis=1)
    recall_K = np.full(len(count_K), np.nan)
    np.divide(np.diagonal(confusion_KK), count_K, out=recall_K, where=count_K > 0)
    return recall_K


def _check_labels(labels_N: np.ndarray, num_classes: int) -> None:
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
