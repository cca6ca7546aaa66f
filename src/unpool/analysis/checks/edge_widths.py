"""The width of a picture's edges, which measures its blur.

Shapes: H, W height and width of a picture, E its edges along one side.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import gaussian_filter

Floats = npt.NDArray[np.float32]

SMOOTHED = 1.0  # pixels, sigma: of the first blur; the second is twice as wide
TRUNCATE = 3.0  # of these blurs, in sigmas
MARGIN = 0.08  # of the shorter side, where frames, dates and captions are
MIN_SLOPE = 0.5  # grey levels a pixel, below which noise and compression make slopes
MIN_STEP, MIN_STEP_SHARE = 6.0, 0.15  # grey levels of an edge, and share of the picture's own range
RANGE = (2, 98)  # percentiles that are this range
MAX_WIDTH = 10.0  # times the first blur; wider is a slope of light, no edge
STEEPNESS = 0.577  # of the slope along the side, at most that of the other: within 30° of it
SHARPEST = 5  # percentile of the widths: a sharp subject before a blurred ground is sharp
MIN_LENGTH, MIN_SHARE = 0.25, 0.05  # of the edges along a side, in longer sides; and of those along the other


def edge_width(luma_HW: npt.ArrayLike, smoothed: float = SMOOTHED) -> float:
    """Return how wide the sharpest edges are, in pixels.

    A step that was blurred by a Gaussian of σ has a slope of step / √(2π(σ² + b²)) after another of b. Two blurs show
    σ from the ratio of their slopes, whatever the light and the contrast: a dark or plain picture is as sharp as its
    edges. The strongest edges are measured, along each side apart, since a moving camera blurs along one; of each
    the sharpest twentieth counts, and the worse side is returned.

    Args:
        luma_HW: (H, W), 0..255; a longer side of some 500 pixels.
        smoothed: σ of the first of the two blurs.

    Returns:
        The σ of the blur; NaN where too few edges can be measured: plain surfaces, slopes of light, the dark.

    Source: Zhuo and Sim 2011, Defocus map estimation from a single image, section 3.

    >>> step = np.where(np.arange(256) < 128, 20, 200) * np.ones((256, 1))
    >>> round(edge_width(gaussian_filter(step, 3))), edge_width(np.full((256, 256), 90))
    (3, nan)
    """
    fine_HW = gaussian_filter(np.asarray(luma_HW, np.float32), smoothed, truncate=TRUNCATE)
    coarse_HW = gaussian_filter(fine_HW, float(np.sqrt(3)) * smoothed, truncate=TRUNCATE)
    margin = max(6, round(MARGIN * min(fine_HW.shape)))
    if min(fine_HW.shape) < 4 * margin:
        return float("nan")
    low, high = np.percentile(coarse_HW[::2, ::2], RANGE)
    min_step = max(MIN_STEP, MIN_STEP_SHARE * float(high - low))
    fine, coarse = _slopes(fine_HW, margin), _slopes(coarse_HW, margin)
    widths = [
        smoothed * _widths(coarse[0], fine[0], coarse[1], min_step / smoothed),
        smoothed * _widths(coarse[1].T, fine[1].T, coarse[0].T, min_step / smoothed),
    ]
    enough = max(MIN_LENGTH * max(fine_HW.shape), MIN_SHARE * max(map(len, widths)))
    judged = [float(np.percentile(width_E, SHARPEST)) for width_E in widths if len(width_E) >= enough]
    return max(judged, default=float("nan"))


def _slopes(luma_HW: Floats, margin: int) -> tuple[Floats, Floats]:
    """The change a pixel to the right, and that downwards, without the margin."""
    inner = slice(margin, -margin)
    right_HW = luma_HW[inner, margin + 1 : 1 - margin] - luma_HW[inner, margin - 1 : -1 - margin]
    down_HW = luma_HW[margin + 1 : 1 - margin, inner] - luma_HW[margin - 1 : -1 - margin, inner]
    half = np.float32(0.5)
    return half * right_HW, half * down_HW


def _widths(coarse_HW: Floats, fine_HW: Floats, across_HW: Floats, min_step: float) -> Floats:
    """The widths of the edges where the slope is largest along the rows, in σ of the first blur.

    Args:
        coarse_HW: slopes of the picture that is blurred more.
        fine_HW: the same of the one blurred less.
        across_HW: those of the former along the other side.
        min_step: grey levels that an edge must have, over that σ.
    """
    slope_HW = np.abs(coarse_HW)
    middle_HW = slope_HW[:, 1:-1]
    is_edge_HW = (middle_HW >= slope_HW[:, :-2]) & (middle_HW > slope_HW[:, 2:]) & (middle_HW >= MIN_SLOPE)
    is_edge_HW &= STEEPNESS * middle_HW >= np.abs(across_HW[:, 1:-1])
    slope_E = middle_HW[is_edge_HW]
    ratio_E = np.square(fine_HW[:, 1:-1][is_edge_HW] / slope_E)
    power_E = (4 - ratio_E) / np.maximum(ratio_E - 1, 1e-3)
    power_E = power_E.clip(0, 2 * MAX_WIDTH**2)
    step_E = slope_E * np.sqrt(2 * np.pi * (power_E + 4))
    width_E: Floats = np.sqrt(power_E[(step_E >= min_step) & (power_E <= MAX_WIDTH**2)])
    return width_E
