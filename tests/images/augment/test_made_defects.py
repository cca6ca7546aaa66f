"""Defects made on good images: visible, in their place, the same again."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from unpool.images.augment.made_defects import DEFECTS, grain, make_defect

LOCAL = ("spot", "scratch", "paste", "blur", "noise")
SEEDS = range(12)


def texture(seed: int, shape: tuple[int, int] = (96, 96), *, grey: bool = False) -> np.ndarray:
    rng = np.random.default_rng(seed)
    noise = gaussian_filter(rng.standard_normal((*shape, 3)), (1, 1, 0))
    pixels = np.clip(np.array([130, 120, 100]) + 40 * noise / noise.std(), 0, 255).astype(np.uint8)
    return np.repeat(pixels[..., :1], 3, axis=2) if grey else pixels


OTHERS = [texture(100), texture(101)]


def made(kind: str, seed: int, pixels: np.ndarray) -> np.ndarray:
    return make_defect(
        pixels, kind, np.random.default_rng(seed), [np.resize(each, pixels.shape) for each in OTHERS]
    )


def difference(kind: str, seed: int) -> np.ndarray:
    """How much each pixel changed."""
    pixels = texture(seed)
    changed: np.ndarray = np.abs(made(kind, seed, pixels).astype(int) - pixels).max(2)
    return changed


@pytest.mark.parametrize("kind", DEFECTS)
def test_every_kind_changes_what_can_be_seen(kind: str) -> None:
    for seed in SEEDS:
        changed = difference(kind, seed)
        assert (changed >= 3).sum() >= 8, seed


@pytest.mark.parametrize("kind", LOCAL)
def test_local_kinds_leave_most_alone(kind: str) -> None:
    for seed in SEEDS:
        assert (difference(kind, seed) > 0).mean() < 0.4, seed


@pytest.mark.parametrize("kind", sorted(set(DEFECTS) - set(LOCAL)))
def test_the_others_change_more_than_a_spot(kind: str) -> None:
    shares = [(difference(kind, seed) > 0).mean() for seed in SEEDS]
    assert np.median(shares) > 0.2


@pytest.mark.parametrize("kind", DEFECTS)
@pytest.mark.parametrize("grey", [False, True])
def test_shape_type_and_grey_stay(kind: str, grey: bool) -> None:
    for seed in SEEDS:
        pixels = texture(seed, (64, 80), grey=grey)
        before = pixels.copy()
        found = made(kind, seed, pixels)
        assert (found.shape, found.dtype) == (pixels.shape, np.uint8)
        assert not grey or not np.ptp(found, axis=2).any()
        assert (pixels == before).all()


@pytest.mark.parametrize("kind", DEFECTS)
def test_the_same_seed_makes_the_same(kind: str) -> None:
    pixels = texture(0)
    first, again, other = (made(kind, seed, pixels) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_marks_show_on_a_coarse_material_as_on_a_smooth_one() -> None:
    """Their strength follows the grain of the material."""
    smooth = np.full((64, 64, 3), 128, np.uint8)
    coarse = texture(0)
    assert grain(smooth.astype(np.float32)) == pytest.approx(2)
    assert grain(coarse.astype(np.float32)) > 8


def test_a_tone_changes_all_pixels_alike() -> None:
    pixels = np.full((32, 32, 3), 100, np.uint8)
    found = made("tone", 0, pixels)
    assert (found == found[0, 0]).all()
    assert (found != pixels).any()


def test_pasted_pieces_are_of_other_images() -> None:
    pixels = np.full((96, 96, 3), 10, np.uint8)
    bright = [np.full((96, 96, 3), 250, np.uint8)]
    found = make_defect(pixels, "paste", np.random.default_rng(0), bright)
    assert found.max() == 250
    assert (found == 10).mean() > 0.5
