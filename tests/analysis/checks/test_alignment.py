"""Pictures laid onto each other: what is moved, scaled and lit anew is the same, other things are not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from scipy import ndimage

from support.pictures import make_photograph
from unpool.analysis.checks.alignment import agreement, blur_pictures

SIDE = 32
# Share cut off at the left, right, top and bottom of a picture.
cuts = st.tuples(*[st.floats(0, 0.06)] * 4)


def grey(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def textured(seed: int) -> Image.Image:
    """A photograph with things in it at every scale."""
    rng = np.random.default_rng(seed)
    noise = sum(
        ndimage.zoom(rng.normal(0, 1, (n * 3, n * 4, 1)), (180 / n / 3, 240 / n / 4, 1), order=1)
        * 60
        / np.sqrt(n)
        for n in (2, 4, 8, 15)
    )
    return Image.fromarray((np.asarray(make_photograph(seed), float) + noise).clip(0, 255).astype(np.uint8))


@given(st.integers(0, 50), cuts, st.floats(0.8, 1.2))
@settings(max_examples=30)
def test_a_cropped_picture_in_other_light_agrees(seed, cut, gain):
    image = textured(seed)
    left, right, top, bottom = cut
    width, height = image.size
    box = (width * left, height * top, width * (1 - right), height * (1 - bottom))
    other = (grey(image.crop([round(edge) for edge in box])) * gain).clip(0, 255)
    assert agreement(grey(image)[None], other[None])[0] > 0.9


@given(st.integers(0, 50), st.integers(51, 99))
@settings(max_examples=30)
def test_other_pictures_do_not_agree(one, other):
    assert agreement(grey(textured(one))[None], grey(textured(other))[None])[0] < 0.7


@given(st.integers(0, 50))
@settings(max_examples=10)
def test_the_same_light_with_other_details_does_not_agree(seed):
    one, other = (
        np.asarray(make_photograph(7).convert("L"), float)
        + ndimage.zoom(np.random.default_rng(number).normal(0, 12, (45, 60)), 4, order=1)
        for number in (seed, seed + 1000)
    )
    pair = [Image.fromarray(picture.clip(0, 255).astype(np.uint8)) for picture in (one, other)]
    assert np.corrcoef(*(grey(picture).ravel() for picture in pair))[0, 1] > 0.95
    assert agreement(*(grey(picture)[None] for picture in pair))[0] < 0.85


def test_pictures_that_need_no_moving_are_correlated_as_scipy_would():
    rng = np.random.default_rng(0)
    one = grey(textured(3)).astype(float)
    other = one + rng.normal(0, 6, one.shape)

    def blur(image, passes):
        for _ in range(passes):
            for axis in (0, 1):
                image = ndimage.correlate1d(image, [0.25, 0.5, 0.25], axis=axis, mode="nearest")
        return image

    detail = [blur(image, 1) - blur(blur(image, 1), 4) for image in (one, other)]
    expected = np.corrcoef(detail[0].ravel(), detail[1].ravel())[0, 1]
    assert agreement(one[None], other[None])[0] == pytest.approx(expected, abs=0.02)
    assert blur_pictures(one[None].astype(np.float32), 3)[0] == pytest.approx(blur(one, 3), abs=1e-3)


def test_pairs_do_not_touch_each_other():
    images = np.stack([grey(textured(seed)) for seed in range(6)])
    together = agreement(images[:3], images[3:])
    apart = [agreement(images[i : i + 1], images[i + 3 : i + 4])[0] for i in range(3)]
    assert together == pytest.approx(apart, abs=1e-4)


def test_plain_surfaces_agree_and_empty_input_is_none():
    plain = np.full((1, SIDE, SIDE), 200)
    assert agreement(plain, plain - 50)[0] == pytest.approx(1, abs=1e-3)
    assert agreement(plain, grey(textured(0))[None])[0] < 0.5
    assert agreement(plain[:0], plain[:0]).shape == (0,)
