"""Pixel counts, accuracies and intersection over union of label maps.

B batch, K classes, H height, W width, P labelled pixels.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unpool.core.file_names import find_typed
from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.masks.mask_file import read_mask
from unpool.images.masks.pixel_classes import IGNORE
from unpool.images.reading.in_memory import ImageLike


def count_pixels(label_BHW: Tensor, predicted_BHW: Tensor, num_classes: int) -> Tensor:
    """Count pixels by true and predicted class.

    Args:
        label_BHW: true classes; pixels of value IGNORE do not count.
        predicted_BHW: predicted classes.
        num_classes: K.

    Returns:
        (K, K) int64, rows true, columns predicted.

    >>> count_pixels(torch.tensor([[[0, 1, 255]]]), torch.tensor([[[0, 0, 1]]]), 2)
    tensor([[1, 0],
            [1, 0]])
    """
    labelled_BHW = label_BHW != IGNORE
    flat_P = label_BHW[labelled_BHW].to(torch.int64) * num_classes + predicted_BHW[labelled_BHW]
    return torch.bincount(flat_P, minlength=num_classes**2).view(num_classes, num_classes)


def read_label_map(mask: ImageLike) -> Tensor:
    """Read a mask of class positions from any array.

    Args:
        mask: (H, W) whole numbers as an array, tensor or picture; or the path of a file of grey values or palette
            indices.

    Returns:
        The numbers, (H, W).

    Raises:
        UnpoolError: the file cannot be read, or its values are colours or not exact.
    """
    if isinstance(mask, Tensor):
        return mask.cpu()
    if not isinstance(mask, str | os.PathLike):
        return torch.as_tensor(np.array(mask))
    try:
        read = read_mask(find_typed(Path(mask)))
    except UnreadableImageError as error:
        raise UnpoolError(f"{mask} cannot be read as a mask: {error.detail}") from error
    if read.is_coloured or read.is_lossy:
        reason = "colours" if read.is_coloured else "values that its format does not keep exactly"
        raise UnpoolError(
            f"{mask} holds {reason}, but positions of classes are needed; save them as a grey PNG, or train with "
            "`unpool segment train`, which finds the classes of colours"
        )
    return torch.as_tensor(np.array(read.value_HW))


def as_positions(label: Tensor, num_classes: int, name: str = "a mask") -> Tensor:
    """Check that a label map holds positions of classes.

    IGNORE may stand among them.

    Args:
        label: whole numbers of any type and shape; −1 counts as IGNORE.
        num_classes: K.
        name: what the map is called in an error.

    Returns:
        The same as uint8.

    Raises:
        UnpoolError: for other values; it names one, and its number of pixels.

    >>> as_positions(torch.tensor([[0, -1, 255]]), 2)
    tensor([[  0, 255, 255]], dtype=torch.uint8)
    """
    if label.dtype == torch.uint8:
        is_known = (label < num_classes) | (label == IGNORE)
    elif label.is_floating_point():
        is_known = (label == label.floor()) & (label >= -1) & ((label < num_classes) | (label == IGNORE))
    else:
        label = label.to(torch.int64)  # the narrow unsigned types have few operations
        is_known = (label >= -1) & ((label < num_classes) | (label == IGNORE))
    if not bool(is_known.all()):
        strange = label[~is_known]
        value = strange[0].item()
        count = int((strange == value).sum()) or len(strange)  # NaN is not equal to itself
        raise UnpoolError(
            f"{name} holds the value {value:g} ({count:,} pixel{'s' if count != 1 else ''}), but must hold the "
            f"positions of {num_classes} classes, 0 to {num_classes - 1}, or {IGNORE} for none; convert the mask"
        )
    return label if label.dtype == torch.uint8 else torch.where(label < 0, IGNORE, label).to(torch.uint8)


def scores_of(table_KK: np.ndarray) -> dict[str, Any]:
    """Compute accuracies and intersections over union from counts.

    Means are over the classes that occur; pixels predicted as a class that does not occur count against their true
    class. Returns `pixel_accuracy`, `mean_accuracy`, `mean_iou` and `iou` of each class, None where it does not
    occur; all None where nothing was counted.

    Source: Long, Shelhamer and Darrell 2015 (arXiv 1411.4038), section 5.

    >>> scores_of(np.array([[3, 1, 0], [0, 4, 0], [0, 0, 0]]))["iou"]
    [0.75, 0.8, None]
    """
    right_K = np.diagonal(table_KK).astype(np.float64)
    true_K, predicted_K = table_KK.sum(axis=1), table_KK.sum(axis=0)
    union_K = true_K + predicted_K - right_K
    iou = [
        float(right / union) if true else None
        for right, union, true in zip(right_K, union_K, true_K, strict=True)
    ]
    accuracy = [float(right / true) for right, true in zip(right_K, true_K, strict=True) if true]
    known = [value for value in iou if value is not None]
    total = int(table_KK.sum())
    return {
        "pixel_accuracy": float(right_K.sum() / total) if total else None,
        "mean_accuracy": float(np.mean(accuracy)) if accuracy else None,
        "mean_iou": float(np.mean(known)) if known else None,
        "iou": iou,
    }
