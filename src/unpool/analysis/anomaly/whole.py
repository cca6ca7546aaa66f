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

    Args:
        mean_D: Of all of them.
        whitening_DD: Distances are lengths of (x - mean) @ whitening.
        own_N: Distances of the good images themselves, each from all others.
        others: What distances from all but one follow from.
    """

    mean_D: np.ndarray
    whitening_DD: np.ndarray
    own_N: np.ndarray
    others: Others

    def distances(self, vectors_BD: np.ndarray, leave_out_B: np.ndarray | None = None) -> np.ndarray:
        """Compute distances (B,) of images.

        Args:
            vectors_BD: Descriptions.
            leave_out_B: For each the position of a good image that it is not compared with, as it was made of it.
        """
        if leave_out_B is None:
            far_BD = (vectors_BD - self.mean_D) @ self.whitening_DD
            return np.asarray(np.sqrt((far_BD**2).sum(1)))
        scaled_BD = (vectors_BD.astype(np.float64) - self.mean_D) / self.others.scale_D
        return self.others.distances(scaled_BD, leave_out_B)


@dataclass(frozen=True)
class Others:
    """Mean and covariance of all good images but one.

    They follow from those of all by a rank-one change (Sherman and Morrison).

    Args:
        y_ND: Good images, centred and scaled.
        scale_D: What they were divided by.
        inverse_DD: Inverse of the shrunk covariance of N - 1 images, before the one is taken from it.
        taken: How much of the one is taken.
    """

    y_ND: np.ndarray
    scale_D: np.ndarray
    inverse_DD: np.ndarray
    taken: float

    def distances(self, scaled_BD: np.ndarray, leave_out_B: np.ndarray) -> np.ndarray:
        """Compute distances (B,) from all good images but one each.

        Args:
            scaled_BD: Images, centred and scaled as the good ones.
            leave_out_B: Position of the good image that is not compared with, of each.
        """
        own_BD = self.y_ND[leave_out_B]
        from_mean_BD = scaled_BD + own_BD / (len(self.y_ND) - 1)
        turned_BD = from_mean_BD @ self.inverse_DD
        length_B = (turned_BD * from_mean_BD).sum(1)
        along_B = (turned_BD * own_BD).sum(1)
        own_length_B = ((own_BD @ self.inverse_DD) * own_BD).sum(1)
        taken_B = self.taken * along_B**2 / np.maximum(1 - self.taken * own_length_B, 1e-9)
        distances: np.ndarray = np.sqrt(length_B + taken_B)
        return distances


def fit_spread(vectors_ND: np.ndarray) -> GoodSpread:
    """Fit a mean and a shrunk covariance.

    Good images are compared with the others alone, so that they can be compared with new ones. Shrinkage is by Ledoit
    and Wolf 2004.
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
    without_DD = (1 - shrinkage) * num / (num - 1) * covariance_DD + shrinkage * target_DD
    taken = (1 - shrinkage) * num / (num - 1) ** 2
    others = Others(y_ND, scale_D, np.linalg.inv(without_DD), taken)
    return GoodSpread(
        mean_D.astype(np.float32), whitening_DD.astype(np.float32),
        others.distances(y_ND, np.arange(num)), others,
    )  # fmt: skip
