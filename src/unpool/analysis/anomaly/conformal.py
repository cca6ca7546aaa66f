"""A threshold that keeps its promise on unseen good images.

N good images, each scored by what the others say.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

CONFIDENCE = 0.95  # of the interval
BEYOND = 0.05  # of the spread of scores, above the largest where images are too few for the rate


@dataclass(frozen=True)
class Threshold:
    """A threshold and what it promises.

    Args:
        value: A score above it is not good.
        rate: Share of unseen good images above it that is expected.
        low: Lower end of the interval of that share.
        high: Upper end.
        is_kept: Whether so many images can promise the requested rate.
    """

    value: float
    rate: float
    low: float
    high: float
    is_kept: bool


def choose_threshold(good_N: np.ndarray, false_alarms: float) -> Threshold:
    """Choose the lowest threshold that keeps the false alarms.

    The score of rank ⌈(N + 1)(1 - rate)⌉; the share of unseen good images above it is distributed like
    Beta(N + 1 - k, k). With fewer than 1 / rate - 1 images no threshold can promise it: then it lies just above
    all of them.

    Source: Vovk 2012, Conditional validity of inductive conformal predictors; Angelopoulos and Bates 2021, section
    3.2 (arXiv:2107.07511).

    Args:
        good_N: Scores of good images, at least one.
        false_alarms: Share of good images that may be above, over 0 and below 1.

    >>> choose_threshold(np.arange(19.0), 0.1).value
    17.0
    """
    from scipy.special import betaincinv  # scipy.stats takes half a second to load

    sorted_N = np.sort(np.asarray(good_N, np.float64))
    num = len(sorted_N)
    rank = int(np.ceil((num + 1) * (1 - false_alarms) - 1e-9))
    is_kept = rank <= num
    rank = min(rank, num)
    value = float(sorted_N[rank - 1])
    if not is_kept:
        value += BEYOND * float(sorted_N.std())
    above = num + 1 - rank
    tail = (1 - CONFIDENCE) / 2
    low, high = betaincinv(above, rank, [tail, 1 - tail])
    return Threshold(value, above / (num + 1), float(low), float(high), is_kept)
