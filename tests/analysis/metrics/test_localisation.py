"""Pixel figures agree with scikit-learn's, and with one threshold after the other on drawn maps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pytest
from scipy.ndimage import label
from sklearn.metrics import roc_auc_score

from unpool.analysis.metrics import localisation
from unpool.analysis.metrics.localisation import PixelCount

Maps = Sequence[tuple[np.ndarray, np.ndarray]]  # heats (H, W) float32, masks (H, W) bool


def count(maps: Maps) -> PixelCount:
    counted = PixelCount()
    for heat_HW, mask_HW in maps:
        counted.add(mask_HW, lambda top, bottom, heat_HW=heat_HW: heat_HW[top:bottom])
    return counted


def draw_maps(seed: int, scale: float = 1.0, shift: float = 0.0, num_maps: int = 5) -> Maps:
    """Heats of noise that are higher in defects, of which some maps have none."""
    rng, maps = np.random.default_rng(seed), []
    for number in range(num_maps):
        height, width = rng.integers(20, 60, 2)
        mask_HW = np.zeros((height, width), bool)
        for _ in range(number % 4):
            top, left = rng.integers(0, height), rng.integers(0, width)
            mask_HW[top : top + rng.integers(1, 12), left : left + rng.integers(1, 12)] = True
        heat_HW = rng.normal(0, 1, mask_HW.shape) + 1.5 * mask_HW
        maps.append(((shift + scale * heat_HW).astype(np.float32), mask_HW))
    return maps


def aupro_by_thresholds(maps: Maps, limit: float) -> float:
    """The area, at every threshold that there is, region by region."""
    regions = []
    for number, (_, mask_HW) in enumerate(maps):
        region_HW, num_regions = label(mask_HW, np.ones((3, 3)))
        regions += [(number, region_HW == region) for region in range(1, num_regions + 1)]
    good_N = np.concatenate([heat_HW[~mask_HW] for heat_HW, mask_HW in maps])
    points = [(0.0, 0.0)]
    for threshold in sorted({float(heat) for heat_HW, _ in maps for heat in heat_HW.ravel()}, reverse=True):
        overlaps = [(maps[number][0][region_HW] >= threshold).mean() for number, region_HW in regions]
        points.append((float((good_N >= threshold).mean()), float(np.mean(overlaps))))
    area = 0.0
    for (left, low), (right, high) in pairwise(points):
        if left < limit and right > left:
            end = min(right, limit)
            at_end = low + (high - low) * (end - left) / (right - left)
            area += (end - left) * (low + at_end) / 2
    return area / limit


@pytest.mark.parametrize(("scale", "shift"), [(1, 0), (1e-4, 0), (3000, -500), (0.02, 5), (0.01, -3)])
def test_pixel_auroc_is_that_of_scikit_learn(scale: float, shift: float) -> None:
    maps = draw_maps(1, scale, shift)
    heat_N = np.concatenate([heat_HW.ravel() for heat_HW, _ in maps])
    bad_N = np.concatenate([mask_HW.ravel() for _, mask_HW in maps])
    assert count(maps).auroc() == pytest.approx(roc_auc_score(bad_N, heat_N), abs=1e-3)


@pytest.mark.parametrize("limit", [0.05, 0.3, 1.0])
@pytest.mark.parametrize("seed", range(3))
def test_aupro_is_that_of_every_threshold(seed: int, limit: float) -> None:
    maps = draw_maps(seed)
    assert count(maps).aupro(limit) == pytest.approx(aupro_by_thresholds(maps, limit), abs=1e-3)


def test_aupro_by_hand() -> None:
    """Two regions, of one pixel and of four; the small one is found first and weighs as much as the large one."""
    heat_HW, mask_HW = np.zeros((4, 5), np.float32), np.zeros((4, 5), bool)
    mask_HW[0, 0], mask_HW[2:4, 3:5] = True, True
    heat_HW[0, 0], heat_HW[2:4, 3:5] = 9, 5
    heat_HW[1, 1:4] = 7  # three of fifteen good pixels, a rate of 0.2, which stands between the two regions
    # From 0 to 0.2 one of two regions is found, then both; from 0.2 to 0.3 the heats of 0 join, in a straight line.
    expected = (0.2 * 0.5 + 0.1 * 1.0) / 0.3
    assert count([(heat_HW, mask_HW)]).aupro(0.3) == pytest.approx(expected)


def test_pixels_that_touch_at_a_corner_are_one_region() -> None:
    mask_HW = np.eye(3, dtype=bool)
    counted = count(
        [(np.zeros((3, 3), np.float32), mask_HW), (np.zeros((2, 2), np.float32), np.ones((2, 2), bool))]
    )
    assert counted.num_regions == 2


def test_perfect_and_useless_heats() -> None:
    mask_HW = np.zeros((10, 10), bool)
    mask_HW[2:5, 2:5] = True
    perfect, flat = (
        count([(mask_HW.astype(np.float32), mask_HW)]),
        count([(np.ones((10, 10), np.float32), mask_HW)]),
    )
    assert (perfect.auroc(), perfect.aupro()) == (1.0, 1.0)
    assert flat.auroc() == 0.5
    assert flat.aupro() == pytest.approx(0.15)


def test_without_defects_or_without_good_pixels_there_are_no_figures() -> None:
    zeros, ones = np.zeros((3, 4), np.float32), np.ones((3, 4), bool)
    for counted in (PixelCount(), count([(zeros, ~ones)]), count([(zeros, ones)])):
        assert counted.auroc() is None
        assert counted.aupro() is None


def test_bands_of_rows_give_what_the_whole_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    maps = draw_maps(2)
    whole = count(maps)
    monkeypatch.setattr(localisation, "BAND_PIXELS", 100)
    parts = count(maps)
    assert (parts.auroc(), parts.aupro(), parts.num_regions) == (
        whole.auroc(),
        whole.aupro(),
        whole.num_regions,
    )


def test_zero_has_one_bin() -> None:
    heat_HW, mask_HW = np.array([[0.0, -0.0]], np.float32), np.array([[False, True]])
    assert count([(heat_HW, mask_HW)]).auroc() == 0.5
