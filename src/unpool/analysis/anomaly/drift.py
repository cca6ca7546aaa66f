"""Whether a batch of images lies off as a whole.

Light, camera or product may have changed: then all scores rise, not those of a few defects alone.

N images of a batch, G good images that were held out.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import numpy.typing as npt

MIN_IMAGES = 10  # of a batch that is judged
MAX_P = 0.001
MIN_SHARE = 0.75  # of the images compared, above the median of good ones
MAX_SHARE_SEEN = 0.1  # of the images compared, above that median: fewer where they were learnt from
MIN_COMPARED = 0.2  # of the batch: where fewer have the scores of good images, all are compared


@dataclass(frozen=True)
class BatchDrift:
    """How far a batch lies from good images.

    Args:
        statistic: Largest distance between the distributions of scores (Kolmogorov and Smirnov), 0 to 1.
        p: Probability of such a distance where nothing has changed.
        share: Of the images compared, those above the median of good ones; 0.5 where nothing has changed.
        compared: Number of images compared.
        is_off: Whether the batch lies off as a whole.
    """

    statistic: float
    p: float
    share: float
    compared: int
    is_off: bool

    def to_dict(self) -> dict[str, float | int | bool]:
        """Return what JSON can hold."""
        values = asdict(self)
        return {"off": values.pop("is_off"), **values}


def measure_batch_drift(score_N: npt.ArrayLike, good_G: npt.ArrayLike, threshold: float) -> BatchDrift | None:
    """Compare the scores of a batch with good ones.

    Images above the threshold have defects and are left out, unless those are four fifths of the batch. So some
    defects do not count, however bad, while a change that all images share does.

    Args:
        score_N: Of the batch; larger is worse.
        good_G: Of good images that nothing was learnt from.
        threshold: A score above it is not good.

    Returns:
        The figures; None where there is nothing to compare.
    """
    from scipy.stats import ks_2samp

    all_N, all_G = np.asarray(score_N, np.float64), np.asarray(good_G, np.float64)
    kept_M, good_H = all_N[all_N <= threshold], all_G[all_G <= threshold]
    if len(kept_M) < MIN_COMPARED * len(all_N) or not len(good_H):
        kept_M, good_H = all_N, all_G
    if not len(kept_M) or not len(good_H):
        return None
    test = ks_2samp(kept_M, good_H)
    share = _share_above(kept_M, float(np.median(good_H)))
    is_off = len(kept_M) >= MIN_IMAGES and test.pvalue < MAX_P and share >= MIN_SHARE
    return BatchDrift(float(test.statistic), float(test.pvalue), share, len(kept_M), bool(is_off))


def is_seen(drift: BatchDrift) -> bool:
    """Whether a batch scores as images that were learnt from."""
    return drift.compared >= MIN_IMAGES and drift.p < MAX_P and drift.share <= MAX_SHARE_SEEN


def describe_batch_drift(drift: BatchDrift) -> str | None:
    """Say that a batch lies off, or was learnt from.

    None where neither is so.
    """
    if is_seen(drift):
        return (
            f"only {drift.share:.0%} of {drift.compared:,} images score above the median of good ones that nothing was "
            "learnt from (50% where nothing changed); if the model learnt from these, they do not show what it is worth"
        )
    if not drift.is_off:
        return None
    return (
        f"the images as a whole lie off: {drift.share:.0%} of {drift.compared:,} score above the median of good ones "
        f"(50% where nothing changed, p = {max(drift.p, 1e-300):.0e}); check light, camera and product, or learn from "
        "good images of today"
    )


def _share_above(score_M: np.ndarray, median: float) -> float:
    """The share above a value; those at it count half."""
    return float(np.mean(score_M > median) + 0.5 * np.mean(score_M == median))
