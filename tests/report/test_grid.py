"""The grid of many images: every cell holds its image, and no text is cut off."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from unpool.report.drawing import font
from unpool.report.grid import (
    BETWEEN,
    EDGE,
    GAP,
    HEADING,
    LABEL,
    LINE,
    TITLE,
    cell_side,
    draw_grid,
    shorten,
)


def random_images(count: int, size: int, channels: int = 3, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, size, size, channels), np.uint8)


def cell(picture: Image.Image, left: int, top: int, side: int) -> np.ndarray:
    return np.asarray(picture)[top : top + side, left : left + side]


@pytest.mark.parametrize("channels", [1, 3])
def test_every_cell_holds_its_image_to_the_pixel(channels: int) -> None:
    one, other = random_images(8, 32, channels, 0), random_images(8, 32, channels, 1)
    picture = draw_grid({"input": one, "output": other}, labels=[("a.png", "1.0 dB")] * 8)
    side, width, height = 128, 2 * 128 + GAP, 128 + LABEL
    per_row = (picture.width - 2 * EDGE + BETWEEN) // (width + BETWEEN)
    for place in range(8):
        row, column = divmod(place, per_row)
        left, top = EDGE + column * (width + BETWEEN), EDGE + HEADING + row * height
        for images, x in ((one, left), (other, left + side + GAP)):
            drawn = np.repeat(np.repeat(images[place], 4, axis=0), 4, axis=1)
            np.testing.assert_array_equal(cell(picture, x, top, side), np.broadcast_to(drawn, (128, 128, 3)))


def test_at_most_64_images_and_no_empty_row() -> None:
    images = np.zeros((65, 8, 8, 1), np.uint8)
    size = draw_grid({"input": images[:64], "output": images[:64]}).size
    assert draw_grid({"input": images, "output": images}).size == size
    assert (np.asarray(draw_grid({"input": images})) == 0).all(axis=2).sum() == 64 * 96 * 96


@pytest.mark.parametrize("count", [1, 2, 3, 7, 16, 40, 64])
def test_few_places_stay_empty(count: int) -> None:
    picture = draw_grid({"input": np.zeros((count, 96, 96, 3), np.uint8)})
    side = cell_side(96, count)
    columns = (picture.width - 2 * EDGE + BETWEEN) // (side + BETWEEN)
    rows = (picture.height - 2 * EDGE - HEADING) // (side + BETWEEN)
    assert count <= rows * columns < count + 3
    assert 0.4 < picture.width / picture.height < 2.5


def test_the_margin_stays_free_of_text_however_long() -> None:
    text = "a very long line " * 8
    picture = draw_grid(
        {"input": random_images(1, 8)}, labels=[(text, "12.3 dB")], title=text, lines=[text, text]
    )
    pixels = np.asarray(picture)
    inside = pixels[EDGE : EDGE + TITLE + 2 * LINE]
    assert (inside != 255).any()
    for margin in (pixels[:, : EDGE - 1], pixels[:, -EDGE + 1 :], pixels[:20], pixels[-10:]):
        assert (margin == 255).all()


def test_a_long_label_does_not_reach_the_value() -> None:
    value_only = np.asarray(draw_grid({"input": random_images(1, 8)}, labels=[("", "12.3 dB")]))
    both = np.asarray(draw_grid({"input": random_images(1, 8)}, labels=[("folder/" * 20, "12.3 dB")]))
    start = int(192 + EDGE - font(13).getlength("12.3 dB"))
    np.testing.assert_array_equal(both[:, start - 6 :], value_only[:, start - 6 :])
    assert (both[:, :start] != value_only[:, :start]).any()


def test_shortened_keeps_the_end_and_shows_no_control_characters() -> None:
    assert shorten("short.png", 200) == "short.png"
    kept = shorten("a/" * 50 + "end.png", 120)
    assert kept.startswith("…")
    assert kept.endswith("/end.png")
    assert font(13).getlength(kept) <= 120 < font(13).getlength("a/" + kept)
    assert shorten("a\nb\x07.png", 200) == "a�b�.png"


@pytest.mark.parametrize("count", [1, 10, 64])
def test_cells_are_whole_multiples_of_small_images(count: int) -> None:
    for size in range(1, 257):
        side = cell_side(size, count)
        assert 96 <= side <= 256
        assert side % size == 0
    assert cell_side(1000, count) == 256
