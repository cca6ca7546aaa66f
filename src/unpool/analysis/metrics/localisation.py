"""How well heat maps mark defects, pixel by pixel.

Heat maps are counted one after the other in histograms, so that memory does not grow with their number.

Shapes: H, W height and width of a mask, R rows of it, M pixels of defects, V bins, K distinct heats in falling order.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from unpool.analysis.metrics.detection import ScoreCurve

MAX_FALSE_POSITIVES = 0.3  # rate up to which AUPRO is measured, as published figures are
DROPPED_BITS = 11  # of a float32: values are kept apart to one part in 4096
NUM_BINS = 1 << (32 - DROPPED_BITS)
BAND_PIXELS = 1 << 22  # that are counted at a time
NEIGHBOURS = np.ones((3, 3), int)  # pixels that touch at a corner are of one region, as in published figures

ReadHeat = Callable[[int, int], npt.NDArray[np.float32]]


class PixelCount:
    """Counts heats of good pixels and of defects.

    Bins are as wide as heats are large: a heat of 0.001 is as exact as one of 1,000, whatever the units.
    """

    def __init__(self) -> None:
        self._good_V = np.zeros(NUM_BINS, np.int64)
        self._bad_V = np.zeros(NUM_BINS, np.int64)
        self._overlap_V = np.zeros(
            NUM_BINS, np.float64
        )  # pixels of defects, each divided by its region's size
        self.num_regions = 0

    def add(self, mask_HW: npt.NDArray[np.bool_], read_heat: ReadHeat) -> None:
        """Count the pixels of an image.

        Args:
            mask_HW: whether each pixel is part of a defect.
            read_heat: returns the heat of the rows from top up to, not including, bottom: (R, W).
        """
        height, width = mask_HW.shape
        weight_M, num_counted = self._weigh_regions(mask_HW), 0
        band = max(1, BAND_PIXELS // max(1, width))
        for top in range(0, height, band):
            mask_RW = mask_HW[top : top + band]
            bin_RW = _to_bins(read_heat(top, min(height, top + band)))
            _count_into(self._good_V, bin_RW[~mask_RW])
            bin_M = bin_RW[mask_RW]
            _count_into(self._bad_V, bin_M)
            _count_into(self._overlap_V, bin_M, weight_M[num_counted : num_counted + len(bin_M)])
            num_counted += len(bin_M)

    def _weigh_regions(self, mask_HW: npt.NDArray[np.bool_]) -> npt.NDArray[np.float64]:
        """One over the size of its region, for each marked pixel, row after row."""
        from scipy.ndimage import label

        rows, columns = (np.flatnonzero(mask_HW.any(axis=axis)) for axis in (1, 0))
        if not len(rows):
            return np.zeros(0)
        box_HW = mask_HW[
            rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1
        ]  # numbers take four times the memory
        region_HW, num_regions = label(box_HW, NEIGHBOURS)
        self.num_regions += num_regions
        region_M = region_HW[box_HW]
        return np.asarray(1 / np.bincount(region_M)[region_M])

    def curve(self) -> ScoreCurve:
        """Return counts of good pixels and of defects by heat."""
        used_K = self._used()
        return ScoreCurve(
            _to_values(used_K), *(_sum_down(each, used_K) for each in (self._good_V, self._bad_V))
        )

    def auroc(self) -> float | None:
        """Compute the area below the ROC of all pixels.

        They are those of all images; None where all pixels are good, or none is.
        """
        return self.curve().auroc()

    def aupro(self, limit: float = MAX_FALSE_POSITIVES) -> float | None:
        """Compute the area below the overlap per region.

        At each threshold the overlap is the mean, over all regions of defects, of the share of their pixels above
        it: small defects count as much as large ones. The area lies over the rate of good pixels above the
        threshold, up to a limit, and is divided by it.

        Source: Bergmann et al. 2021, The MVTec anomaly detection dataset, section 5.

        Args:
            limit: the highest false positive rate, above 0 and at most 1.

        Returns:
            0…1; None without regions or without good pixels.
        """
        used_K = self._used()
        alarm_K = _sum_down(self._good_V, used_K)
        if not self.num_regions or not alarm_K[-1]:
            return None
        rate_K = np.concatenate([[0.0], alarm_K / alarm_K[-1]])
        overlap_K = np.concatenate([[0.0], _sum_down(self._overlap_V, used_K) / self.num_regions])
        inside = int(np.searchsorted(rate_K, limit, side="right"))
        at_limit = float(np.interp(limit, rate_K, overlap_K))
        area = np.trapezoid(np.append(overlap_K[:inside], at_limit), np.append(rate_K[:inside], limit))
        return min(1.0, float(area / limit))  # sums of shares may end a little above 1

    def _used(self) -> npt.NDArray[np.int64]:
        """The bins that hold a pixel, those of the highest heats first."""
        return np.flatnonzero(self._good_V + self._bad_V)[::-1]


def _to_bins(heat_RW: npt.NDArray[np.float32]) -> npt.NDArray[np.uint32]:
    """Map heats to bins that rise with them.

    The bits of a positive float32 rise with it as whole numbers do; those of a negative one fall.
    """
    bits_RW = (np.ascontiguousarray(heat_RW, np.float32) + np.float32(0)).view(np.uint32)  # no negative zero
    is_negative_RW = bits_RW >> 31 == 1
    rising_RW = np.where(is_negative_RW, ~bits_RW, bits_RW | np.uint32(1 << 31))
    return np.asarray(rising_RW >> np.uint32(DROPPED_BITS), np.uint32)


def _to_values(bin_K: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    """The lowest heat of each bin."""
    rising_K = bin_K.astype(np.uint32) << np.uint32(DROPPED_BITS)
    is_positive_K = rising_K >> 31 == 1
    bits_K = np.where(is_positive_K, rising_K ^ np.uint32(1 << 31), ~rising_K)
    return np.asarray(bits_K.astype(np.uint32).view(np.float32), np.float64)


def _count_into(
    total_V: npt.NDArray[np.int64] | npt.NDArray[np.float64],
    bin_N: npt.NDArray[np.uint32],
    weight_N: npt.NDArray[np.float64] | None = None,
) -> None:
    """Add to a histogram, only where there is something to add."""
    if bin_N.size:
        low = int(bin_N.min())
        counted = np.bincount(bin_N - np.uint32(low), weight_N)
        total_V[low : low + len(counted)] += counted


def _sum_down(
    total_V: npt.NDArray[np.int64] | npt.NDArray[np.float64], used_K: npt.NDArray[np.int64]
) -> npt.NDArray[np.float64]:
    """Sum a histogram from its highest heats down."""
    return np.cumsum(total_V[used_K], dtype=np.float64)
