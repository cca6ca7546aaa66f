"""Weights of classes that are rare.

N images, K classes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unpool.errors import UsageError
from unpool.options import CLASS_WEIGHTS


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
