"""Scores of images, each by a fit to all others.

Least squares with a penalty have leave-one-out scores in closed form: one decomposition takes the place of N fits, and
of one for each penalty.

Source: Allen 1974, The relationship between variable selection and data augmentation (PRESS); Hastie, Tibshirani,
Friedman 2009, The Elements of Statistical Learning, section 7.10.

Shapes: N labelled images, F of them fitted, D numbers a vector, R directions, K classes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from unpool.analysis.neighbours import Floats, Indices, normalise

MAX_FITTED = 20_000  # images, drawn at random; all others are scored by the fit to these
SMALLEST = 1e-7  # of the largest variance: directions below it hold rounding errors
ROWS_AT_ONCE = 16_384


class LeaveOneOut:
    """Least squares of classes on vectors, for any penalty.

    Vectors are centred, scaled to length one, and centred again.

    Args:
        vector_ND: Finite numbers.
        class_N: Whole numbers from 0.
        seed: Of the images that are fitted, where there are many.

    >>> fit = LeaveOneOut([[1, 0], [1, 0.1], [0, 1], [0.1, 1]], [0, 0, 1, 1])
    >>> fit.scores(0.1).argmax(axis=1).tolist()
    [0, 0, 1, 1]
    """

    def __init__(self, vector_ND: npt.ArrayLike, class_N: npt.ArrayLike, seed: int = 0) -> None:
        number_N: Indices = np.asarray(class_N, np.int64)
        given_ND = np.asarray(vector_ND, np.float32)
        count = len(number_N)
        is_whole = count <= MAX_FITTED
        drawn = np.arange(count) if is_whole else np.random.default_rng(seed).choice(count, MAX_FITTED, False)
        self.fitted_F: Indices = np.sort(drawn)
        self._given_ND, self._mean_D = given_ND, given_ND[self.fitted_F].mean(axis=0, dtype=np.float64)
        unit_FD = self._scale(given_ND[self.fitted_F])
        self._centre_D: Floats = unit_FD.mean(axis=0, dtype=np.float64).astype(np.float32)
        self._decompose(unit_FD - self._centre_D)
        self.num_classes = int(number_N.max()) + 1
        target_FK: Floats = np.eye(self.num_classes, dtype=np.float32)[number_N[self.fitted_F]]
        self.share_K = target_FK.mean(axis=0)
        self._target_FK = target_FK
        self._weight_RK = self._left_FR.T @ (target_FK - self.share_K)

    def scores(self, penalty: float) -> Floats:
        """Score each image for each class, (N, K).

        Scores are near 1 for the class of an image and near 0 for others.

        Args:
            penalty: On squared weights, relative to the mean variance of a direction times the number of images.
        """
        score_FK = self.fitted_scores(penalty)
        if len(self.fitted_F) == len(self._given_ND):
            return score_FK
        score_NK = self._score_all(penalty)
        score_NK[self.fitted_F] = score_FK
        return score_NK

    def fitted_scores(self, penalty: float) -> Floats:
        """Score the images that are fitted, (F, K)."""
        shrunk_R = self._value_R / (self._value_R + np.float32(penalty))
        fitted_FK = self.share_K + (self._left_FR * shrunk_R) @ self._weight_RK
        leverage_F1 = (np.square(self._left_FR) @ shrunk_R + np.float32(1 / len(self.fitted_F)))[:, None]
        score_FK = (fitted_FK - leverage_F1 * self._target_FK) / np.maximum(1 - leverage_F1, 1e-6)
        return np.asarray(score_FK, np.float32)

    def _scale(self, given_BD: Floats) -> Floats:
        return normalise(given_BD - self._mean_D.astype(np.float32))

    def _decompose(self, x_FD: Floats) -> None:
        """Find the variances of directions, which sum to F, and both sides of the singular vectors."""
        is_wide = x_FD.shape[0] <= x_FD.shape[1]
        gram = (x_FD @ x_FD.T if is_wide else x_FD.T @ x_FD).astype(np.float64)
        value_R, vector_XR = np.linalg.eigh(gram)
        kept_R = value_R > max(value_R[-1], 1e-30) * SMALLEST
        value_R, vector_XR = value_R[kept_R], vector_XR[:, kept_R]
        root_R = np.sqrt(value_R)
        scaled_XR: Floats = (vector_XR / root_R).astype(np.float32)
        plain_XR: Floats = vector_XR.astype(np.float32)
        if is_wide:
            self._left_FR, self._right_DR = plain_XR, x_FD.T @ scaled_XR
        else:
            self._left_FR, self._right_DR = x_FD @ scaled_XR, plain_XR
        scale = len(x_FD) / max(float(value_R.sum()), 1e-30)
        self._root_R: Floats = root_R.astype(np.float32)
        self._value_R: Floats = (value_R * scale).astype(np.float32)

    def _score_all(self, penalty: float) -> Floats:
        """Scores by the fit as it is: of images that are not part of it."""
        shrunk_R = self._value_R / (self._value_R + np.float32(penalty)) / self._root_R
        weight_DK = (self._right_DR * shrunk_R) @ self._weight_RK
        score_NK: Floats = np.empty((len(self._given_ND), self.num_classes), np.float32)
        for start in range(0, len(score_NK), ROWS_AT_ONCE):
            part = slice(start, start + ROWS_AT_ONCE)
            score_NK[part] = self.share_K + (self._scale(self._given_ND[part]) - self._centre_D) @ weight_DK
        return score_NK
