"""Sketches against numpy, and blur against the formulas of its paper, pixel by pixel."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image, ImageDraw, ImageFilter

from support.pictures import make_photograph
from unpool.analysis.checks.sketches import COLOURS, SIDE, GreyRows, Sketches, blur


def crete(luma: np.ndarray, box: int = 9) -> list[float]:
    """F, B, D and V of Crete et al., by loops, along rows and along columns."""
    found = []
    for image in (luma, luma.T):
        height = len(image)
        mean = np.zeros_like(image)
        for i in range(height):
            rows = [min(max(i + d, 0), height - 1) for d in range(-(box // 2), box // 2 + 1)]
            mean[i] = image[rows].mean(axis=0)
        change = lost = 0.0
        for i in range(1, height):
            before, after = abs(image[i] - image[i - 1]), abs(mean[i] - mean[i - 1])
            change += before.sum()
            lost += np.maximum(0, before - after).sum()
        found.append((change - lost) / change)
    return found


@given(arrays(np.float64, (12, 15), elements=st.integers(0, 255)))
@settings(max_examples=40)
def test_blur_is_that_of_its_paper(luma):
    changes = [np.abs(np.diff(luma, axis=axis)).sum() for axis in (0, 1)]
    if min(changes) > 0.5 * max(changes) > 0:
        assert blur(luma) == pytest.approx(max(crete(luma)), abs=1e-5)


def test_blur_grows_with_blurring_and_sees_the_worse_direction():
    image = make_photograph(1).filter(ImageFilter.UnsharpMask(3, 300, 0)).convert("L")
    noise = np.random.default_rng(0).normal(0, 20, (180, 240))
    noisy = Image.fromarray((np.asarray(image, float) + noise).clip(0, 255).astype(np.uint8))
    result = [blur(np.asarray(noisy.filter(ImageFilter.GaussianBlur(sigma)))) for sigma in (0, 0.5, 1, 2, 4)]
    assert result == sorted(result)
    assert result[-1] - result[0] > 0.4
    rows = np.asarray(noisy, float)
    moved = sum(np.roll(rows, shift, axis=1) for shift in range(9)) / 9
    assert blur(moved) == blur(moved.T) > blur(rows) + 0.2


def test_a_direction_without_change_is_not_asked():
    stripes = np.where(np.arange(64)[:, None] % 16 < 8, 20.0, 200.0) + np.linspace(0, 8, 64)
    assert max(crete(stripes)) > 0.9
    assert blur(stripes) < 0.2


@given(st.integers(0, 20))
@settings(max_examples=10)
def test_light_is_numpys_percentile(seed):
    image = make_photograph(seed)
    sketch = Sketches.from_images([image])
    luma = np.asarray(image.convert("L"))
    assert sketch.high_N[0] * 255 == pytest.approx(np.percentile(luma, 99), abs=1.01)
    assert sketch.low_N[0] * 255 == pytest.approx(np.percentile(luma, 5), abs=1.01)
    assert sketch.contrast_N[0] == pytest.approx(luma.std(), rel=0.1)


def test_what_cannot_be_judged_is_nan_and_parts_join():
    small, none = Image.new("RGB", (28, 28), "white"), None
    sketch = Sketches.concatenate(
        [
            Sketches.from_images([small]),
            Sketches.from_images([]),
            Sketches.from_images([none, make_photograph()]),
        ],
        3,
    )
    assert len(sketch) == 3
    assert np.isnan(sketch.blur_N).tolist() == [True, True, False]
    assert np.isnan(sketch.high_N).tolist() == [False, True, False]
    assert sketch.grey_NSS.shape == (3, SIDE, SIDE)
    assert sketch.chroma_NCC2.shape == (3, COLOURS, COLOURS, 2)
    assert sketch.take(np.array([2])).high_N == sketch.high_N[2]


def test_slopes_of_light_have_nothing_that_could_be_sharp() -> None:
    slope = np.add.outer(np.linspace(0, 60, 90), np.linspace(20, 180, 120)).astype(np.uint8)
    pictures = [Image.fromarray(slope).convert("RGB"), make_photograph(3)]
    assert np.isnan(Sketches.from_images(pictures).blur_N).tolist() == [True, False]


def test_a_few_lines_on_plain_ground_are_dark_or_bright_enough() -> None:
    page, night = Image.new("RGB", (160, 120), "white"), Image.new("RGB", (160, 120), "black")
    for image, colour in ((page, "black"), (night, "white")):
        ImageDraw.Draw(image).line((20, 20, 140, 90), fill=colour, width=1)
    snow = Image.new("RGB", (160, 120), (250, 250, 250))
    sketch = Sketches.from_images([page, night, snow])
    assert sketch.low_N[0] < 0.1
    assert sketch.high_N[1] > 0.9
    assert sketch.low_N[2] > 0.9


def test_another_order_copies_no_pictures() -> None:
    whole = Sketches.from_images([make_photograph(seed) for seed in range(4)])
    some = whole.take(np.array([3, 1])).take(np.array([1, 0, 1]))
    assert isinstance(some.grey_NSS, GreyRows)
    assert len(some) == len(some.grey_NSS) == 3
    np.testing.assert_array_equal(
        some.grey_NSS[np.array([0, 1])], np.asarray(whole.grey_NSS[np.array([1, 3])])
    )
    np.testing.assert_array_equal(some.grey_NSS[1:], np.asarray(whole.grey_NSS[np.array([3, 1])]))
    np.testing.assert_array_equal(some.chroma_NCC2, whole.chroma_NCC2[[1, 3, 1]])
