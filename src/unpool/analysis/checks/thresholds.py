"""Thresholds for outliers, blurred, dark, bright and duplicate images.

A limit has an absolute part, what a person would call dark, and a part relative to the collection: white digits on
black are no dark photographs, and where everything is soft nothing is blurred. The figures behind the limits are
in docs/decisions/0010-problems.md.

Shapes: N images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.int64]

HIGH = 0.35  # the 99th percentile of the luma, below which a picture has no light in it
LOW = 0.60  # the 5th percentile, above which it has no dark
MAX_SOFTNESS, MAX_EXCESS_SOFTNESS = 0.52, 0.17  # softness, and by how much it must be above the median
DETAIL_WEIGHT = 0.04  # how much missing detail counts beside blur
TAIL_FACTOR = 0.7  # of where the farthest of so many images would be expected
MIN_IMAGES = 20  # with fewer it is unknown what is usual


@dataclass(frozen=True, slots=True)
class Flagged:
    """Rows with a problem, the worst first, and the reasons.

    `limits` are the values at which the problem begins, by name.
    """

    rows: list[int]
    reasons: list[str]
    limits: dict[str, float]


def first_duplicate(ids: Sequence[str | None]) -> Indices:
    """Return each row's first row of the same id.

    It is (N,), −1 where that is the row itself or it has no id.

    >>> first_duplicate(["a", "b", "a", None, None]).tolist()
    [-1, -1, 0, -1, -1]
    """
    first: dict[str, int] = {}
    found_N = [-1 if name is None else first.setdefault(name, row) for row, name in enumerate(ids)]
    return np.array([-1 if first == row else first for row, first in enumerate(found_N)], np.int64)


def outliers(distance_N: npt.ArrayLike, error_N: npt.ArrayLike, contrast_N: npt.ArrayLike) -> Flagged:
    """Flag images far from all others, or reconstructed badly.

    Fewer than 20 images flag nothing.

    Args:
        distance_N: The distance to the last of some nearest others: of several similar odd images each has the
            rest near it, but not so many.
        error_N: Mean squared errors of reconstruction, NaN where unknown.
        contrast_N: Deviations of grey levels, by which errors are judged; NaN where unknown.

    Returns:
        The outliers.
    """
    distance_N, error_N, contrast_N = (np.asarray(v, np.float64) for v in (distance_N, error_N, contrast_N))
    badly_N = np.sqrt(error_N) / np.maximum(contrast_N, 8)
    far, bad = tail_limit(distance_N), tail_limit(badly_N)
    excess_N = np.fmax(distance_N / far, badly_N / bad)
    rows = _worst(excess_N > 1, excess_N)
    reasons = [
        f"its neighbours are at {distance_N[row]:.3f}, usual is {np.nanmedian(distance_N):.3f}"
        if distance_N[row] > far
        else f"rebuilt with an error of {error_N[row]:.4f}, usual is {np.nanmedian(error_N):.4f}"
        for row in rows
    ]
    return Flagged(rows, reasons, {"distance": far, "error": bad})


def tail_limit(value_N: npt.ArrayLike) -> float:
    """Return the value above which one is too large.

    It is infinite where fewer than 20 are known, or a quarter are equal. The distance between the upper quartile
    and the 95th percentile shows how the values thin out; were it to go on
    so exponentially, the largest of N is expected at the quartile + scale · log(N/4). Of that way 0.7 is the
    limit, for real tails are shorter. Up to 5 % of the images may be odd themselves without moving it much.

    Source: Pickands 1975, Statistical inference using extreme order statistics (the exponential case).

    >>> round(tail_limit(np.arange(1000.0)), 1)
    1229.1
    """
    value_N = np.asarray(value_N, np.float64)
    known = value_N[np.isfinite(value_N)]
    if len(known) < MIN_IMAGES:
        return float("inf")
    quartile, high = np.percentile(known, [75, 95])
    return (
        float(quartile + TAIL_FACTOR * np.log(len(known) / 4) * (high - quartile) / np.log(5))
        if high > quartile
        else float("inf")
    )


def dark(high_N: npt.ArrayLike) -> Flagged:
    """Flag images without light.

    `Sketches.high_N` is below 0.35, and below half of what is usual.
    """
    high_N = np.asarray(high_N, np.float64)
    limit = min(HIGH, _median(high_N) / 2)
    rows = _worst(high_N < limit, -high_N)
    return Flagged(rows, [f"99 % of it below {high_N[row]:.2f} of white" for row in rows], {"high": limit})


def bright(low_N: npt.ArrayLike) -> Flagged:
    """Flag images without dark.

    `Sketches.low_N` is above 0.6, and nearer to white than half of what is usual.
    """
    low_N = np.asarray(low_N, np.float64)
    limit = max(LOW, (1 + _median(low_N)) / 2)
    rows = _worst(low_N > limit, low_N)
    return Flagged(rows, [f"95 % of it above {low_N[row]:.2f} of white" for row in rows], {"low": limit})


def blurred(blur_N: npt.ArrayLike, sharpness_N: npt.ArrayLike, contrast_N: npt.ArrayLike) -> Flagged:
    """Flag images that are softer than usual.

    Softness is `Sketches.blur_N`, which shows a moved camera, and 0.04 · log(contrast² / sharpness), which shows
    lost detail. It is above 0.52, and by 0.17 above what is usual.

    Args:
        blur_N: `Sketches.blur_N`.
        sharpness_N: As `resizing.sharpness` returns it.
        contrast_N: Deviations of grey levels.

    Returns:
        The blurred images.
    """
    blur_N, sharpness_N, contrast_N = (np.asarray(v, np.float64) for v in (blur_N, sharpness_N, contrast_N))
    soft_N = blur_N + DETAIL_WEIGHT * np.log((np.square(contrast_N) + 25) / np.maximum(sharpness_N, 0.01))
    limit = max(MAX_SOFTNESS, _median(soft_N) + MAX_EXCESS_SOFTNESS)
    rows = _worst(soft_N > limit, soft_N)
    return Flagged(
        rows, [f"softness {soft_N[row]:.2f}, from {limit:.2f} on" for row in rows], {"soft": limit}
    )


def _median(value_N: Floats) -> float:
    known = value_N[np.isfinite(value_N)]
    return float(np.median(known)) if len(known) else float("nan")


def _worst(is_wrong_N: npt.NDArray[np.bool_], badness_N: Floats) -> list[int]:
    rows = np.flatnonzero(is_wrong_N)
    worst: list[int] = rows[np.argsort(-badness_N[rows], kind="stable")].tolist()
    return worst
