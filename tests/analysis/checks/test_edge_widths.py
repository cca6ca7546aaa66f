"""The width of edges is the blur that was put on, whatever the light; what has none is not measured."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from scipy.ndimage import gaussian_filter, uniform_filter1d

from unpool.analysis.checks.edge_widths import edge_width


def draw_shapes(seed: int = 0, ground: str = "white") -> Image.Image:
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (400, 300), ground)
    draw = ImageDraw.Draw(image)
    for x, y in rng.integers(0, 260, (12, 2)).tolist():
        draw.rectangle((x, y, x + 90, y + 70), fill=tuple(rng.integers(0, 200, 3).tolist()))
    return image


def luma(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("L"), np.float32)


@pytest.mark.parametrize("sigma", [1.5, 2.0, 3.0, 4.0])
def test_a_step_is_as_wide_as_its_blur(sigma: float) -> None:
    step_HW = np.where(np.arange(300) < 150, 20.0, 220.0) * np.ones((300, 1))
    assert edge_width(gaussian_filter(step_HW, sigma)) == pytest.approx(sigma, abs=0.2)
    assert edge_width(gaussian_filter(step_HW.T, sigma)) == pytest.approx(sigma, abs=0.2)
    assert edge_width(gaussian_filter(step_HW, sigma), 0.5) == pytest.approx(sigma, rel=0.12)


@pytest.mark.parametrize(("gain", "offset"), [(1, 0), (0.2, 0), (0.2, 190), (0.4, 60)])
def test_light_and_contrast_do_not_matter(gain: float, offset: float) -> None:
    sharp_HW = luma(draw_shapes())
    assert edge_width(sharp_HW * gain + offset) < 0.6
    assert 3 < edge_width(gaussian_filter(sharp_HW, 4) * gain + offset) < 4.5


def test_noise_and_compression_do_not_make_a_blurred_picture_sharp() -> None:
    soft_HW = gaussian_filter(luma(draw_shapes()), 4)
    noise_HW = np.random.default_rng(0).normal(0, 4, soft_HW.shape)
    assert edge_width((soft_HW + noise_HW).clip(0, 255).round()) > 1.5


def test_a_sharp_subject_is_enough_and_a_frame_is_not() -> None:
    image = draw_shapes()
    soft = image.filter(ImageFilter.GaussianBlur(4))
    subject = soft.copy()
    subject.paste(image.crop((120, 80, 280, 220)), (120, 80))
    assert edge_width(luma(subject)) < 1
    ImageDraw.Draw(soft).rectangle((0, 0, 399, 299), outline="black", width=8)
    ImageDraw.Draw(soft).text((6, 285), "2024-05-01 06:00", fill="white")
    assert edge_width(luma(soft)) > 3


@pytest.mark.parametrize("axis", [0, 1])
def test_a_moved_camera_blurs_along_one_side(axis: int) -> None:
    sharp_HW = gaussian_filter(luma(draw_shapes()), 0.8)
    assert edge_width(sharp_HW) < 1.3
    assert edge_width(uniform_filter1d(sharp_HW, 9, axis=axis)) > 1.5


def plain_wall() -> np.ndarray:
    noise_HW = np.random.default_rng(1).normal(0, 2, (300, 400))
    return np.linspace(150, 190, 400) + noise_HW


def night() -> np.ndarray:
    return gaussian_filter(luma(draw_shapes()), 3) * 0.02


def dusk() -> np.ndarray:
    return 60 + 120 / (1 + np.exp(-(np.arange(300)[:, None] - 150) / 40)) * np.ones((1, 400))


@pytest.mark.parametrize("draw", [plain_wall, night, dusk, lambda: np.zeros((20, 500))])
def test_what_has_no_edges_is_not_measured(draw) -> None:
    assert np.isnan(edge_width(draw()))


def snow() -> np.ndarray:
    spots_HW = np.random.default_rng(2).random((300, 400)) > 0.99
    return 210 + 45 * gaussian_filter(spots_HW.astype(float), 0.7) / 0.35


def page() -> np.ndarray:
    image = Image.new("RGB", (400, 300), "white")
    for row in range(20, 280, 14):
        ImageDraw.Draw(image).text((20, row), "many small words that stand in a line of text", fill="black")
    return luma(image)


@pytest.mark.parametrize("draw", [snow, page])
def test_snow_and_text_are_sharp(draw) -> None:
    assert edge_width(draw()) < 1
