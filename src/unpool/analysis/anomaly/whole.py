"""How far a whole image lies from good ones.

N images, D numbers in a vector.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

SHARED = 0.3  # of the mean variance, added to each: what never varied may do so a little
FLOOR = 1e-4  # added to variances, as a share of their mean


@dataclass(frozen=True)
class GoodSpread:
    """Mean and spread of good images.

    `mean_D`, `whitening_DD`: distances are lengths of (x - mean) @ whitening. `own_N` are the distances of the good
    images themselves, each from all others.
    """

    mean_D: np.ndarray
    whitening_DD: np.ndarray
    own_N: np.ndarray


def fit_spread(vectors_ND: np.ndarray) -> GoodSpread:
    """Fit a mean and a shrunk covariance.

    The distance of each image from the others alone follows from all by a rank-one change (Sherman and Morrison), so
    that good images that were learnt from can be compared with new ones. Shrinkage is by Ledoit and Wolf 2004.
    """
    from sklearn.covariance import ledoit_wolf_shrinkage

    x_ND = vectors_ND.astype(np.float64)
    num, dimension = x_ND.shape
    mean_D = x_ND.mean(0)
    variance_D = x_ND.var(0)
    scale_D = np.sqrt(variance_D + SHARED * variance_D.mean() + 1e-12)
    y_ND = (x_ND - mean_D) / scale_D
    shrinkage = float(np.clip(ledoit_wolf_shrinkage(y_ND, assume_centered=True), 0.02, 1.0))
    covariance_DD = y_ND.T @ y_ND / num
    target_DD = np.eye(dimension) * (np.trace(covariance_DD) / dimension + FLOOR)
    full_DD = (1 - shrinkage) * covariance_DD + shrinkage * target_DD
    whitening_DD = np.linalg.cholesky(np.linalg.inv(full_DD)) / scale_D[:, None]
    return GoodSpread(
        mean_D.astype(np.float32), whitening_DD.astype(np.float32),
        _from_others(y_ND, covariance_DD, target_DD, shrinkage),
    )  # fmt: skip


def _from_others(
    y_ND: np.ndarray, covariance_DD: np.ndarray, target_DD: np.ndarray, shrinkage: float
) -> np.ndarray:
    """Distances (N,) of each from the mean and covariance of the others."""
    num = len(y_ND)
    grown = num / (num - 1)
    without_DD = (1 - shrinkage) * grown * covariance_DD + shrinkage * target_DD
    length_N = np.einsum("nd,nd->n", y_ND @ np.linalg.inv(without_DD), y_ND)
    taken = (1 - shrinkage) * num / (num - 1) ** 2
    distances: np.ndarray = grown * np.sqrt(length_N / np.maximum(1 - taken * length_N, 1e-9))
    return distances
