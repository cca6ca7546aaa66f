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
LOW = 0.65  # the 5th percentile, above which it has no dark: as far from white as that from black
MAX_EDGE_WIDTH = 1.5  # pixels of 512: wider than the sharpest edges of any photograph that is sharp somewhere
# Softness of a thumbnail, and that above what is usual, from which on its original is worth a look.
MIN_SOFTNESS, EXCESS_SOFTNESS = 0.35, 0.10
TAIL_FACTOR = 0.7  # of where the farthest of so many images would be expected
MIN_IMAGES = 20  # with fewer it is unknown what is usual


@dataclass(frozen=True, slots=True)
class Flagged:
    """Rows with a problem, the worst first, and the reasons.

    `figures` is what each was judged and sorted by, as its reason writes it; `limits` are the values at which the
    problem begins, by name.
    """

    rows: list[int]
    figures: list[float]
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
    figures = _figures(excess_N, rows)
    reasons = [
        f"{figure:g} of the limit: its neighbours are at {distance_N[row]:.3f}, "
        f"usual is {np.nanmedian(distance_N):.3f}"
        if distance_N[row] / far == excess_N[row]
        else f"{figure:g} of the limit: rebuilt with an error of {error_N[row]:.4f}, "
        f"usual is {np.nanmedian(error_N):.4f}"
        for row, figure in zip(rows, figures, strict=True)
    ]
    return Flagged(rows, figures, reasons, {"distance": far, "error": bad})


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
    figures = _figures(high_N, rows)
    return Flagged(
        rows, figures, [f"99 % of it below {each:g} of white" for each in figures], {"high": limit}
    )


def bright(low_N: npt.ArrayLike) -> Flagged:
    """Flag images without dark.

    `Sketches.low_N` is above 0.65, and nearer to white than half of what is usual.
    """
    low_N = np.asarray(low_N, np.float64)
    limit = max(LOW, (1 + _median(low_N)) / 2)
    rows = _worst(low_N > limit, low_N)
    figures = _figures(low_N, rows)
    return Flagged(rows, figures, [f"95 % of it above {each:g} of white" for each in figures], {"low": limit})


def blurred(width_N: npt.ArrayLike) -> Flagged:
    """Flag images without a sharp edge.

    Even the sharpest of them are wider than 1.5 pixels. NaN is not measurable, which is no blur.

    Args:
        width_N: What `edge_width` says of the images that `soft_rows` names, at a longer side of 512 pixels.

    Returns:
        The blurred images.
    """
    width_N = np.asarray(width_N, np.float64)
    rows = _worst(width_N > MAX_EDGE_WIDTH, width_N)
    figures = _figures(width_N, rows)
    reasons = [f"its sharpest edges are {each:g} pixels wide, usual is less than 1" for each in figures]
    return Flagged(rows, figures, reasons, {"width": MAX_EDGE_WIDTH})


def soft_rows(blur_N: npt.ArrayLike) -> list[int]:
    """Return the rows whose thumbnails are soft, the softest first.

    Their originals are worth a look. Where everything is soft nothing is: what is usual is that of the sharpest
    quarter, for more than half of a collection may be blurred.

    >>> soft_rows([0.2, 0.5, 0.25, 0.2, np.nan, 0.6])
    [5, 1]
    """
    blur_N = np.asarray(blur_N, np.float64)
    known = blur_N[np.isfinite(blur_N)]
    if not len(known):
        return []
    limit = max(MIN_SOFTNESS, float(np.percentile(known, 25)) + EXCESS_SOFTNESS)
    return _worst(blur_N > limit, blur_N)


def _figures(value_N: Floats, rows: list[int]) -> list[float]:
    """The values as they are written, here and everywhere."""
    return [round(float(value_N[row]), 3) for row in rows]


def _median(value_N: Floats) -> float:
    known = value_N[np.isfinite(value_N)]
    return float(np.median(known)) if len(known) else float("nan")


def _worst(is_wrong_N: npt.NDArray[np.bool_], badness_N: Floats) -> list[int]:
    rows = np.flatnonzero(is_wrong_N)
    worst: list[int] = rows[np.argsort(-badness_N[rows], kind="stable")].tolist()
    return worst
