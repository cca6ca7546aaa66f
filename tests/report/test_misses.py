"""Pairs of image and heat, with masks outlined around what they mark."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageOps

from unpool.report.misses import (
    CAPTION,
    EDGE,
    LINE,
    MARGIN,
    SECTION,
    SIDE,
    TITLE,
    WRONG,
    Section,
    ShownImage,
    draw_misses,
    outline_mask,
)

GREEN = (20, 200, 30)


def show(*, heat: float = 0.0, mask: bool = False, is_wrong: bool = False) -> ShownImage:
    pixels = np.full((SIDE - 2 * MARGIN, SIDE - 2 * MARGIN, 3), GREEN, np.uint8)
    mask_hw = np.zeros((20, 20), bool)
    mask_hw[5:10, 5:10] = True
    return ShownImage(
        pixels, np.full((4, 4), heat, np.float32), mask_hw if mask else None, "a/b.png", "a", 0.5, is_wrong
    )


def count_colour(image: Image.Image, colour: tuple[int, int, int]) -> int:
    return int((np.asarray(image) == colour).all(axis=2).sum())


def test_an_image_stands_beside_its_heat() -> None:
    num_pixels = (SIDE - 2 * MARGIN) ** 2
    cold, hot = (
        draw_misses([Section("s", [show(heat=heat)])], heat_threshold=0.5, title="t") for heat in (0.0, 2.0)
    )
    assert count_colour(cold, GREEN) == 2 * num_pixels
    assert count_colour(hot, GREEN) == num_pixels
    left = np.asarray(hot)[EDGE + TITLE + SECTION + SIDE // 2, EDGE + SIDE // 2]
    assert tuple(left) == GREEN  # the plain one is the left one


def test_the_sheet_has_room_for_all_rows() -> None:
    heights = []
    for num_images in (1, 3, 4, 7):
        sections = [Section("s", [show()] * num_images), Section("none", [])]
        heights.append(draw_misses(sections, heat_threshold=1, title="t", lines=["one", "two"]).height)
        rows = -(-num_images // 3)
        assert heights[-1] == 2 * EDGE + TITLE + 2 * LINE + SECTION + rows * (SIDE + CAPTION)
    assert draw_misses([], heat_threshold=1, title="t").height == 2 * EDGE + TITLE


def test_a_wrong_score_is_red() -> None:
    right, wrong = (
        draw_misses([Section("s", [show(is_wrong=is_wrong)])], heat_threshold=1, title="t")
        for is_wrong in (False, True)
    )
    assert count_colour(right, WRONG) == 0
    assert count_colour(wrong, WRONG) > 0


def test_the_mask_is_outlined_on_the_heat_alone() -> None:
    plain, outlined = (
        np.asarray(draw_misses([Section("s", [show(mask=mask)])], heat_threshold=1, title="t"))
        for mask in (False, True)
    )
    changed = np.nonzero((plain != outlined).any(axis=2))
    assert changed[1].min() > EDGE + SIDE


@pytest.mark.parametrize("box", [(10, 20, 30, 40), (0, 0, 40, 10), (0, 0, 60, 80)])
def test_an_outline_lies_around_the_mask_and_hides_nothing_of_it(box: tuple[int, int, int, int]) -> None:
    left, top, right, bottom = box
    mask_hw = np.zeros((80, 60), bool)
    mask_hw[top:bottom, left:right] = True
    image = ImageOps.expand(Image.new("RGB", (60, 80), GREEN), MARGIN, (255, 255, 255))
    outline_mask(image, mask_hw)
    drawn = np.asarray(image)
    inside = drawn[MARGIN + top : MARGIN + bottom, MARGIN + left : MARGIN + right]
    assert (inside == GREEN).all()
    rim = drawn[top : bottom + 2 * MARGIN, left : right + 2 * MARGIN]
    assert (rim[[0, -1]] == 0).all()
    assert (rim[:, [0, -1]] == 0).all()
    assert (rim[1:3, 1:-1] == 255).all()
    assert count_colour(image, (0, 0, 0)) == 2 * (right - left + bottom - top + 4 * MARGIN) - 4


def test_of_a_tiny_mask_something_is_left() -> None:
    mask_hw = np.zeros((4000, 3000), bool)
    mask_hw[2017, 1523] = True
    image = Image.new("RGB", (60 + 2 * MARGIN, 80 + 2 * MARGIN), GREEN)
    outline_mask(image, mask_hw)
    assert count_colour(image, (0, 0, 0)) > 0
