"""Profiles that unpool builds, read by Little CMS."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageCms

from unpool.images.colour.icc import ADOBE_RGB, BT2020, D65, P3, SRGB, rgb_profile, srgb_curve


def convert(profile: bytes, pixels: list[tuple[int, int, int]]) -> list[list[int]]:
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    image = Image.fromarray(np.array([pixels], np.uint8))
    converted = ImageCms.profileToProfile(image, opened, ImageCms.createProfile("sRGB"))
    assert converted is not None
    return np.asarray(converted)[0].tolist()


def test_srgb_is_the_identity() -> None:
    pixels = [(0, 0, 0), (255, 255, 255), (200, 30, 90), (10, 20, 5)]
    converted = convert(rgb_profile(SRGB, D65, srgb_curve()), pixels)
    assert np.abs(np.array(converted) - pixels).max() <= 1


def test_adobe_rgb_agrees_with_the_published_matrices() -> None:
    """Source: Adobe RGB (1998), version 2005-05, section 4.3.6.1; IEC 61966-2-1, section 5.2."""
    to_xyz = np.array([[0.57667, 0.18556, 0.18823], [0.29734, 0.62736, 0.07529], [0.02703, 0.07069, 0.99134]])
    to_srgb = np.array([[3.2406, -1.5372, -0.4986], [-0.9689, 1.8758, 0.0415], [0.0557, -0.2040, 1.0570]])
    pixels = [(100, 150, 200), (128, 128, 128), (90, 80, 110), (30, 40, 35)]
    light = (np.array(pixels) / 255) ** (563 / 256) @ to_xyz.T @ to_srgb.T
    expected = 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.abs(light) ** (1 / 2.4) - 0.055)
    assert np.abs(np.array(convert(rgb_profile(ADOBE_RGB, D65, 563 / 256), pixels)) - expected).max() <= 1


def test_wider_primaries_make_stronger_colours() -> None:
    start = (120, 100, 100)
    reds = [convert(rgb_profile(each, D65, srgb_curve()), [start])[0] for each in (SRGB, P3, BT2020)]
    spreads = [red[0] - red[1] for red in reds]
    assert spreads[0] < spreads[1] < spreads[2]


def test_points_that_span_no_colours_are_refused() -> None:
    with pytest.raises(ValueError, match="no colours"):
        rgb_profile(((0.3, 0.3), (0.3, 0.3), (0.3, 0.3)), D65, 2.2)
    with pytest.raises(ValueError, match="no colours"):
        rgb_profile(((0.0, 0.0), (0.3, 0.6), (0.1, 0.1)), D65, 2.2)
