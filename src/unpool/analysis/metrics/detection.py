"""How well scores separate bad images from good ones.

Shapes: N images, K distinct scores in falling order.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CONFIDENCE = 0.95  # of intervals


@dataclass(frozen=True)
class ScoreCurve:
    """Good and bad ones at or above each distinct score.

    Args:
        score_K: falling.
        good_K: those of the good ones with this score or a higher one.
        bad_K: the same of the bad ones.
    """

    score_K: npt.NDArray[np.float64]
    good_K: npt.NDArray[np.float64]
    bad_K: npt.NDArray[np.float64]

    @property
    def num_good(self) -> float:
        """The good ones in all."""
        return float(self.good_K[-1]) if len(self.good_K) else 0.0

    @property
    def num_bad(self) -> float:
        """The bad ones in all."""
        return float(self.bad_K[-1]) if len(self.bad_K) else 0.0

    def points(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Compute the ROC: false alarm rates and shares found.

        Both rise from 0 to 1, and are NaN without good or bad ones.
        """
        with np.errstate(invalid="ignore"):
            alarm_K, found_K = self.good_K / np.float64(self.num_good), self.bad_K / np.float64(self.num_bad)
        return np.concatenate([[0.0], alarm_K]), np.concatenate([[0.0], found_K])

    def auroc(self) -> float | None:
        """Compute the area below the ROC.

        It is the probability that a bad one scores higher than a good one, ties counting half; None where there
        are only good or only bad ones.

        >>> count_scores([1, 2, 3, 4], [False, True, False, True]).auroc()
        0.75
        """
        if not (self.num_good and self.num_bad):
            return None
        alarm_K, found_K = self.points()
        return float(np.trapezoid(found_K, alarm_K))

    def average_precision(self) -> float | None:
        """Compute the mean precision over the bad ones, by steps.

        Source: as scikit-learn's `average_precision_score`, without interpolation. None without bad ones.

        >>> count_scores([1, 2, 3, 4], [False, True, False, True]).average_precision()
        0.8333333333333333
        """
        if not self.num_bad:
            return None
        precision_K = self.bad_K / (self.bad_K + self.good_K)
        return float(np.sum(np.diff(self.bad_K, prepend=0) * precision_K) / self.num_bad)

    def best_f1(self) -> tuple[float, float] | None:
        """Find the highest F1, and where it is reached.

        The latter is a score, at or above which images are not good; None without bad ones.
        """
        if not self.num_bad:
            return None
        f1_K = 2 * self.bad_K / (self.bad_K + self.good_K + self.num_bad)
        best = int(f1_K.argmax())
        return float(f1_K[best]), float(self.score_K[best])


def count_scores(scores: npt.ArrayLike, is_bad: npt.ArrayLike) -> ScoreCurve:
    """Count good and bad ones by score.

    Args:
        scores: (N,), larger for worse.
        is_bad: (N,) whether each is bad in truth.

    Returns:
        The counts at each distinct score.
    """
    score_N, bad_N = np.asarray(scores, np.float64), np.asarray(is_bad, bool)
    score_K, place_N = np.unique(-score_N, return_inverse=True)
    bad_K = np.bincount(place_N[bad_N], minlength=len(score_K))
    good_K = np.bincount(place_N[~bad_N], minlength=len(score_K))
    return ScoreCurve(-score_K, np.cumsum(good_K, dtype=np.float64), np.cumsum(bad_K, dtype=np.float64))


@dataclass(frozen=True)
class Verdicts:
    """What a threshold makes of good and bad images.

    Args:
        num_good: good images.
        num_alarms: those of them that are called not good.
        num_bad: bad images.
        num_found: those of them that are called not good.
    """

    num_good: int
    num_alarms: int
    num_bad: int
    num_found: int

    @property
    def false_alarm_rate(self) -> float | None:
        """The share of false alarms among good images; None without."""
        return self.num_alarms / self.num_good if self.num_good else None

    @property
    def recall(self) -> float | None:
        """The share of bad images found; None without any."""
        return self.num_found / self.num_bad if self.num_bad else None

    @property
    def precision(self) -> float | None:
        """The share of bad ones among those called not good.

        None where none is."""
        called = self.num_alarms + self.num_found
        return self.num_found / called if called else None

    @property
    def f1(self) -> float | None:
        """The harmonic mean of precision and recall.

        None without bad images."""
        if not self.num_bad:
            return None
        return 2 * self.num_found / (self.num_found + self.num_alarms + self.num_bad)

    def false_alarm_interval(self) -> tuple[float, float] | None:
        """Compute the 95 % interval of the false alarm rate.

        None without good images."""
        return binomial_interval(self.num_alarms, self.num_good) if self.num_good else None


def apply_threshold(scores: npt.ArrayLike, is_bad: npt.ArrayLike, threshold: float) -> Verdicts:
    """Call images not good whose score is above a threshold.

    Args:
        scores: (N,), larger for worse.
        is_bad: (N,) whether each is bad in truth.
        threshold: of the score.

    Returns:
        The counts of good and bad images above it.

    >>> apply_threshold([1, 2, 3, 4], [False, False, True, True], 3).f1
    0.6666666666666666
    """
    above_N, bad_N = np.asarray(scores, np.float64) > threshold, np.asarray(is_bad, bool)
    num_bad = int(bad_N.sum())
    return Verdicts(
        len(bad_N) - num_bad, int((above_N & ~bad_N).sum()), num_bad, int((above_N & bad_N).sum())
    )


def binomial_interval(count: int, total: int) -> tuple[float, float]:
    """Compute the 95 % interval of a share.

    Source: Clopper and Pearson 1934, which never covers less than it says.

    Args:
        count: how many of them.
        total: of how many, 1 or more.

    Returns:
        The lowest and the highest share that fit.

    >>> [round(end, 4) for end in binomial_interval(0, 100)]
    [0.0, 0.0362]
    """
    from scipy.stats import beta

    tail = (1 - CONFIDENCE) / 2
    low = float(beta.ppf(tail, count, total - count + 1)) if count else 0.0
    high = float(beta.ppf(1 - tail, count + 1, total - count)) if count < total else 1.0
    return low, high
