"""Label maps are painted with their classes' colours, and hostile names add no markup."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from unpool.images.masks.pixel_classes import IGNORE, default_colours
from unpool.report.segments import (
    CELL,
    NOT_LABELLED,
    OPACITY,
    build_segment_page,
    draw_rows,
    overlay,
    paint,
    painted,
    palette_of,
)

COLOURS = [(10, 20, 30), (200, 100, 0)]


def test_every_value_has_a_colour() -> None:
    table = palette_of(COLOURS)
    assert table.shape == (256, 3)
    assert table[:2].tolist() == [list(colour) for colour in COLOURS]
    assert (table[2:] == NOT_LABELLED).all()
    assert paint(np.array([[0, 1, IGNORE]], np.uint8), COLOURS)[0].tolist() == [
        list(COLOURS[0]),
        list(COLOURS[1]),
        list(NOT_LABELLED),
    ]


def test_the_overlay_mixes_and_leaves_what_is_no_class() -> None:
    pixels = np.full((1, 2, 3), 100, np.uint8)
    mixed = overlay(pixels, np.array([[1, IGNORE]], np.uint8), COLOURS)
    assert mixed[0, 0].tolist() == [round((1 - OPACITY) * 100 + OPACITY * value) for value in COLOURS[1]]
    assert mixed[0, 1].tolist() == [100, 100, 100]


def test_the_overlay_is_the_mixture_of_every_pixel() -> None:
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (300, 40, 3), dtype=np.uint8)
    labels = rng.integers(0, 256, (300, 40)).astype(np.uint8)
    mixed = (1 - OPACITY) * pixels + OPACITY * paint(labels, COLOURS).astype(np.float32)
    expected = np.where(painted(COLOURS)[labels][..., None], mixed.round(), pixels)
    np.testing.assert_array_equal(overlay(pixels, labels, COLOURS), expected)
    np.testing.assert_array_equal(overlay(pixels[::3, ::3], labels[::3, ::3], COLOURS), expected[::3, ::3])


def test_the_overlay_leaves_a_black_ground_as_it_is() -> None:
    pixels = np.full((1, 3, 3), 100, np.uint8)
    two = default_colours(2)
    mixed = overlay(pixels, np.array([[0, 1, IGNORE]], np.uint8), two)
    assert mixed[0, 0].tolist() == [100, 100, 100]
    assert mixed[0, 1].tolist() == [round(45 + OPACITY * value) for value in two[1]]
    assert painted(two)[[0, 1, 2, IGNORE]].tolist() == [False, True, False, False]


def test_rows_show_the_truth_only_where_there_is_one() -> None:
    pixels, labels = np.zeros((10, 20, 3), np.uint8), np.ones((10, 20), np.uint8)
    without = draw_rows([(pixels, labels, None)], ["a", "b"], COLOURS)
    with_truth = draw_rows([(pixels, labels, labels)], ["a", "b"], COLOURS)
    assert with_truth.width - without.width > CELL
    centre = np.asarray(with_truth)[60]
    assert (centre == COLOURS[1]).all(axis=1).sum() == 2 * CELL


def test_many_classes_take_more_than_one_line_of_the_legend() -> None:
    pixels, labels = np.zeros((4, 4, 3), np.uint8), np.zeros((4, 4), np.uint8)
    few = draw_rows([(pixels, labels, None)], ["a", "b"], COLOURS)
    many = draw_rows([(pixels, labels, None)], [f"class number {n}" for n in range(20)], COLOURS * 10)
    assert many.height > few.height


def test_the_page_escapes_what_people_named(tmp_path: Path) -> None:
    picture = tmp_path / "a.png"
    Image.new("RGB", (2, 2)).save(picture)
    hostile = "<script>alert('1')</script>"
    page = build_segment_page(hostile, {hostile: hostile}, [(hostile, picture)], ([hostile], [[hostile]]))
    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 8
    assert "data:image/png;base64," in page
