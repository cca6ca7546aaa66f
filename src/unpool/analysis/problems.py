"""Which images stand out: alone among the others, blurred, too dark, too bright, the same file again.

A limit has an absolute part, what a person would call dark, and a part relative to the collection: white digits on
black are no dark photographs, and where everything is soft nothing is blurred. The figures behind the limits are in
docs/decisions/0010-problems.md.

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
LOW = 0.65  # the 5th percentile, above which it has no dark
BLUR = 0.45  # of `sketches.blur`
ODD = 4.0  # robust deviations of an outlier
FEW = 20  # images, below which there is no telling what is usual


@dataclass(frozen=True, slots=True)
class Flagged:
    """Rows with a problem, the worst first, and of each in words why; the values at which it begins, by name."""

    rows: list[int]
    told: list[str]
    limits: dict[str, float]


def first_of_same(ids: Sequence[str | None]) -> Indices:
    """For each row the first row of the same id, −1 where that is the row itself or it has no id: (N,).

    >>> first_of_same(["a", "b", "a", None, None]).tolist()
    [-1, -1, 0, -1, -1]
    """
    first: dict[str, int] = {}
    found_N = [-1 if name is None else first.setdefault(name, row) for row, name in enumerate(ids)]
    return np.array([-1 if first == row else first for row, first in enumerate(found_N)], np.int64)


def outliers(distance_N: npt.ArrayLike, error_N: npt.ArrayLike, contrast_N: npt.ArrayLike) -> Flagged:
    """Images far from their nearest others, or rebuilt worse than others of their contrast.

    `distance_N` as `quality.outlier_score` gives it.
    """
    distance_N, error_N, contrast_N = (np.asarray(v, np.float64) for v in (distance_N, error_N, contrast_N))
    alone_N, usual = _deviations(np.log(np.maximum(distance_N, 1e-6)))
    badly_N, _ = _deviations(np.log(np.maximum(error_N, 1e-9)) - 2 * np.log(np.maximum(contrast_N, 4)))
    worst_N = np.fmax(alone_N, badly_N)
    rows = _worst(worst_N > ODD, worst_N)
    told = [
        f"distance to its neighbours {distance_N[row]:.3f}, usually {np.exp(usual):.3f}"
        if not badly_N[row] > alone_N[row]
        else f"rebuilt with an error of {error_N[row]:.4f}"
        for row in rows
    ]
    return Flagged(rows, told, {"deviations": ODD})


def dark(high_N: npt.ArrayLike) -> Flagged:
    """Images without light: `Sketches.high_N` below 0.35, and below half of what is usual."""
    high_N = np.asarray(high_N, np.float64)
    limit = min(HIGH, _median(high_N) / 2)
    rows = _worst(high_N < limit, -high_N)
    return Flagged(rows, [f"99 % of it below {high_N[row]:.2f} of white" for row in rows], {"high": limit})


def bright(low_N: npt.ArrayLike) -> Flagged:
    """Images without dark: `Sketches.low_N` above 0.65, and nearer to white than half of what is usual."""
    low_N = np.asarray(low_N, np.float64)
    limit = max(LOW, (1 + _median(low_N)) / 2)
    rows = _worst(low_N > limit, low_N)
    return Flagged(rows, [f"95 % of it above {low_N[row]:.2f} of white" for row in rows], {"low": limit})


def blurred(blur_N: npt.ArrayLike) -> Flagged:
    """Images with soft edges only."""
    blur_N = np.asarray(blur_N, np.float64)
    limit = max(BLUR, _median(blur_N) + 0.1)
    rows = _worst(blur_N > limit, blur_N)
    return Flagged(rows, [f"blur {blur_N[row]:.2f}, from {limit:.2f} on" for row in rows], {"blur": limit})


def _deviations(value_N: Floats) -> tuple[Floats, float]:
    """How many robust deviations each value is above the median, NaN where it is unknown or too few are."""
    known = value_N[np.isfinite(value_N)]
    if len(known) < FEW:
        return np.full(len(value_N), np.nan), float("nan")
    middle = float(np.median(known))
    spread = 1.4826 * float(np.median(np.abs(known - middle)))
    return (value_N - middle) / max(spread, 0.05), middle


def _median(value_N: Floats) -> float:
    known = value_N[np.isfinite(value_N)]
    return float(np.median(known)) if len(known) else float("nan")


def _worst(is_wrong_N: npt.NDArray[np.bool_], badness_N: Floats) -> list[int]:
    rows = np.flatnonzero(is_wrong_N)
    worst: list[int] = rows[np.argsort(-badness_N[rows], kind="stable")].tolist()
    return worst
