"""Traces that compression leaves in pixels.

Shapes: H, W height and width of a picture.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

JPEG_BLOCK = 8  # pixels, side
MIN_STEPS = 2 * JPEG_BLOCK  # rows or columns that are needed


def plainness(pixels_HW3: npt.NDArray[np.uint8]) -> float:
    """Return the share of pixels that equal their right neighbour.

    Drawings and pages are above three quarters; photographs are below, reduced to few colours too.

    >>> plainness(np.full((4, 4, 3), 7, np.uint8))
    1.0
    """
    if pixels_HW3.shape[1] < 2:
        return 1.0
    return float((pixels_HW3[:, 1:] == pixels_HW3[:, :-1]).all(axis=-1).mean())


def blockiness(pixels_HW3: npt.NDArray[np.uint8]) -> float:
    """Measure the steps between the blocks of a JPEG.

    It is how much larger they are than the steps inside, over all steps: 0 for pictures that were never a JPEG, some
    0.3 at quality 60. It means something only for a picture that was not resized since; above 1.5 the picture has a
    grid of its own.

    Source: Wang, Bovik and Evans 2000, Blind measurement of blocking artifacts in images, in the spatial domain.

    >>> blockiness(np.zeros((32, 32, 3), np.uint8))
    0.0
    """
    grey_HW = pixels_HW3.mean(axis=-1, dtype=np.float32)
    return max((_blockiness(each) for each in (grey_HW, grey_HW.T) if len(each) > MIN_STEPS), default=0.0)


def _blockiness(grey_HW: npt.NDArray[np.float32]) -> float:
    step_HW = np.abs(np.diff(grey_HW, axis=0))
    sudden_HW = step_HW[1:-1] - (step_HW[:-2] + step_HW[2:]) / 2
    is_edge_H = np.arange(1, len(step_HW) - 1) % JPEG_BLOCK == JPEG_BLOCK - 1
    excess = sudden_HW[is_edge_H].mean() - sudden_HW[~is_edge_H].mean()
    return float(excess / (step_HW.mean() + 0.5))
