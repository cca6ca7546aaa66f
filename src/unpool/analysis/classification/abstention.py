"""The threshold of confidence that keeps errors rare.

Shapes: N labelled images.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CERTAINTY = 0.8  # that errors are no more frequent than allowed
PSEUDO_ERRORS = 0.25  # beside those of a class, as half of Jeffreys' prior
NEVER = 1.0  # the threshold that no answer reaches


@dataclass(frozen=True)
class Abstention:
    """A threshold, and what it does.

    Its figures are of images that were held out.

    Attributes:
        threshold: answers of a lower probability are withheld; 1 where all are.
        error: the expected share of wrong answers among those given, 0…1.
        answered: the share of images that get an answer, 0…1.
    """

    threshold: float
    error: float
    answered: float

    def withholds(self, confidence_M: npt.ArrayLike) -> npt.NDArray[np.bool_]:
        """Return which answers are withheld, (M,)."""
        return withhold(confidence_M, self.threshold)


def withhold(confidence_M: npt.ArrayLike, threshold: float) -> npt.NDArray[np.bool_]:
    """Find answers that a threshold withholds.

    At 1 these are all.

    >>> withhold([0.5, 1.0], 0.6).tolist(), withhold([0.5, 1.0], 1.0).tolist()
    ([True, False], [True, True])
    """
    confidence = np.asarray(confidence_M)
    return (confidence < threshold) | (threshold >= NEVER)


def choose_threshold(confidence_N: npt.ArrayLike, is_right_N: npt.ArrayLike, error: float) -> Abstention:
    """Find the lowest threshold at which errors are rare enough.

    Errors above a threshold are counted, and expected from the probabilities; the larger is the estimate. The upper
    bound of its Beta distribution must not exceed `error`, so that few images prove little and all are withheld.

    Args:
        confidence_N: Calibrated probabilities of the answers for images that the head has not seen.
        is_right_N: Whether the answers are right.
        error: The share of wrong answers that is allowed, 0…1.

    Returns:
        The threshold.

    >>> choose_threshold([0.99] * 200 + [0.5] * 200, [True] * 300 + [False] * 100, 0.05).answered
    0.5
    """
    from scipy.stats import beta

    value_N, right_N = np.asarray(confidence_N, np.float64), np.asarray(is_right_N, bool)
    order_N = np.argsort(-value_N, kind="stable")
    sorted_N = value_N[order_N]
    number_N = np.arange(1, len(sorted_N) + 1)
    wrong_N = np.maximum(np.cumsum(~right_N[order_N]), np.cumsum(1 - sorted_N))
    bound_N = beta.ppf(CERTAINTY, wrong_N + PSEUDO_ERRORS, number_N - wrong_N + PSEUDO_ERRORS)
    is_last_N = np.append(sorted_N[1:] < sorted_N[:-1], True)  # of equal values all are answered or none
    found = np.flatnonzero((bound_N <= error) & is_last_N)
    if not len(found):
        return Abstention(NEVER, 0.0, 0.0)
    last = int(found[-1])
    return Abstention(
        round_down(float(sorted_N[last])), float(wrong_N[last] / number_N[last]), (last + 1) / len(sorted_N)
    )


def round_down(value: float) -> float:
    """Cut a threshold to six decimals, which can be typed.

    >>> round_down(0.12345678)
    0.123456
    """
    return float(np.floor(np.float64(value) * 1e6) / 1e6)


def interval(num_right: float, num: float) -> tuple[float, float]:
    """Compute the 95 % interval of a share.

    Source: Wilson 1927, Probable inference, the law of succession, and statistical inference.

    >>> [round(bound, 3) for bound in interval(90, 100)]
    [0.826, 0.945]
    """
    z, share = 1.959964, num_right / num
    centre, margin = share + z * z / (2 * num), z * np.sqrt(share * (1 - share) / num + z * z / (4 * num**2))
    scale = 1 + z * z / num
    return float((centre - margin) / scale), float((centre + margin) / scale)
