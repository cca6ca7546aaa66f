"""Heat maps compare from picture to picture, and leave what is good as it is."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest
from PIL import Image

from unpool.report import heat as module
from unpool.report.heat import heat_palette, lay_heat_over, paint_heat, reduce_rows, reduced_size


def test_the_colours_are_those_of_inferno() -> None:
    inferno = matplotlib.colormaps["inferno"](np.arange(256))[:, :3] * 255
    assert np.abs(heat_palette().astype(float) - inferno).max() < 12
    lightness = heat_palette() @ [0.2126, 0.7152, 0.0722]
    assert (np.diff(lightness) >= -0.5).all()


def test_the_same_heat_has_the_same_colour_in_every_picture() -> None:
    cold, hot = np.full((2, 3), 0.4), np.full((4, 4), 5.0)
    hot[0, 0] = 0.4
    first, second = (np.asarray(paint_heat(heat, 0.5).convert("RGB")) for heat in (cold, hot))
    assert first[0, 0].tolist() == second[0, 0].tolist() == heat_palette()[round(0.4 * 255)].tolist()
    assert second[1, 1].tolist() == heat_palette()[255].tolist()
    assert np.asarray(paint_heat(np.float32([[-1.0, 0, 1, 9]]), 0.5))[0].tolist() == [0, 0, 255, 255]
    assert np.asarray(paint_heat(np.float32([[0, 0.1]]), 0.0))[0].tolist() == [0, 255]


def test_an_image_without_heat_is_left_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    np.testing.assert_array_equal(np.asarray(lay_heat_over(pixels, np.full((20, 30), 0.25), 0.5)), pixels)
    heat = np.zeros((20, 30), np.float32)
    heat[5:8, 10:12] = 1.0
    overlaid = np.asarray(lay_heat_over(pixels, heat, 0.5)).astype(int)
    expected = 0.4 * pixels[5:8, 10:12] + 0.6 * heat_palette()[255].astype(float)
    assert np.abs(overlaid[5:8, 10:12] - expected).max() <= 2
    overlaid[5:8, 10:12] = pixels[5:8, 10:12]
    np.testing.assert_array_equal(overlaid, pixels)


@pytest.mark.parametrize("ground", [0, 255])
def test_the_box_lies_around_the_region_and_is_seen_on_any_ground(ground: int) -> None:
    pixels = np.full((40, 60, 3), ground, np.uint8)
    overlaid = np.asarray(lay_heat_over(pixels, np.zeros((40, 60)), 1.0, (10, 20, 30, 35))).astype(int)
    changed = np.abs(overlaid - ground).max(axis=2) > 200
    rows, columns = np.nonzero(changed)
    assert (rows.min(), rows.max(), columns.min(), columns.max()) in ((19, 35, 9, 30), (18, 36, 8, 31))
    assert not changed[20:35, 10:30].any()
    whole = np.asarray(lay_heat_over(pixels, np.zeros((40, 60)), 1.0, (0, 0, 60, 40)))
    assert (whole != pixels).any()


def test_reduced_rows_are_those_of_the_whole_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (103, 71, 3), dtype=np.uint8)
    asked: list[int] = []

    def read(top: int, bottom: int) -> np.ndarray:
        asked.append(bottom - top)
        return pixels[top:bottom]

    monkeypatch.setattr(module, "STRIP_PIXELS", 1000)
    reduced = reduce_rows(read, 103, 71, max_side=30)
    np.testing.assert_array_equal(reduced, np.asarray(Image.fromarray(pixels).reduce(4)))
    assert reduced.shape[:2] == reduced_size(103, 71, 30) == (26, 18)
    assert max(asked) == 12
    np.testing.assert_array_equal(reduce_rows(read, 103, 71, max_side=103), pixels)
