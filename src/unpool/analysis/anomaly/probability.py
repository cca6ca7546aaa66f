"""The probability that an image is good, by its score.

N images, G good images that were held out.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def find_probability(score_N: npt.ArrayLike, good_G: npt.ArrayLike) -> np.ndarray:
    """Compute conformal p-values of scores.

    Where an image is as good as those that were held out, its value is at most p in at most a share p of all cases,
    for every p, whatever the scores are distributed like. With G good images it is never below 1 / (G + 1).

    Args:
        score_N: Larger is worse.
        good_G: Scores of good images that nothing was learnt from.

    Returns:
        (1 + number of good scores at or above the score) / (G + 1), (N,) float64.

    Source: Vovk, Gammerman and Shafer 2005, Algorithmic Learning in a Random World, section 2.2.

    >>> find_probability([0.0, 2.0, 9.0], [1, 2, 3]).tolist()
    [1.0, 0.75, 0.25]
    """
    sorted_G = np.sort(np.asarray(good_G, np.float64))
    below_N = np.searchsorted(sorted_G, np.asarray(score_N, np.float64), side="left")
    probability_N: np.ndarray = (1 + len(sorted_G) - below_N) / (len(sorted_G) + 1)
    return probability_N
