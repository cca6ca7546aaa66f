"""The map shows every image: as a dot, and as a picture where there is room."""

from __future__ import annotations

import numpy as np
import pytest

from support.report_tables import make_table
from unpool.report import map_picture
from unpool.report.drawing import label_box
from unpool.report.items import read_items
from unpool.report.map_picture import LARGEST, MARGIN, SIZE, draw_map
from unpool.report.palette import group_colours, rgb_of
from unpool.report.thinning import NUM_LEVELS, assign_levels


def drawn(table: object, hide: bool = False) -> np.ndarray:
    items = read_items(table)  # type: ignore[arg-type]
    levels = assign_levels(items.place_N2, items.priority())
    return np.asarray(draw_map(items, np.full_like(levels, NUM_LEVELS) if hide else levels))


def test_every_image_leaves_a_dot_of_its_groups_colour_within_the_margin() -> None:
    table = make_table(4)
    table["x"], table["y"] = [0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0]
    table["group"], table["thumbnail"] = [0, 1, 2, 3], None
    pixels = drawn(table, hide=True)
    assert pixels.shape == (SIZE[1], SIZE[0], 3)
    side = SIZE[1] - 2 * MARGIN
    left, top = (SIZE[0] - side) // 2, MARGIN
    colours = group_colours([0, 1, 2, 3])
    corners = [(left, top + side), (left + side, top + side), (left, top), (left + side, top)]  # y points up
    for number, (x, y) in enumerate(corners):
        rgb = (rgb_of(colours[number]) * 255).round()
        near = pixels[max(0, y - 14) : y + 14, x - 14 : x + 14].reshape(-1, 3)
        assert (np.abs(near - rgb).max(axis=1) <= 1).any(), number


def test_an_image_that_is_not_on_the_map_is_left_out() -> None:
    table = make_table(3)
    table["x"], table["y"], table["group"] = [0.0, 1.0, np.nan], [0.0, 1.0, np.nan], [0, 0, 1]
    table["thumbnail"] = None
    pixels = drawn(table, hide=True)
    rgb = (rgb_of(group_colours([0, 1])[1]) * 255).round()
    assert not (np.abs(pixels.reshape(-1, 3) - rgb).max(axis=1) <= 1).any()


def test_thumbnails_are_framed_in_their_groups_colour() -> None:
    table = make_table(2)
    table["x"], table["y"], table["group"] = [0.0, 1.0], [0.0, 0.0], [0, 1]
    shown, hidden = drawn(table), drawn(table, hide=True)
    assert (shown != hidden).any(axis=2).mean() > 0.005


def test_long_names_are_cut_inside_the_picture_and_give_way(monkeypatch: pytest.MonkeyPatch) -> None:
    table = make_table(4)
    table["x"], table["y"], table["group"] = [0.0, 0.1, 0.2, 1.0], [0.0, 0.0, 0.0, 0.2], [0, 1, 2, 3]
    boxes: dict[str, tuple[float, float, float, float]] = {}
    monkeypatch.setattr(
        map_picture,
        "draw_label",
        lambda _, centre, text, __, size: boxes.update({text: label_box(centre, text, size)}),
    )
    names = {0: "a" * 90, 1: "a blue square on black", 2: "a red square on black"}
    draw_map(read_items(table), np.zeros(4, np.int64), names)
    assert set(boxes) == {"a" * 31 + "…", "a blue square on black", "3"}
    assert min(box[0] for box in boxes.values()) > 0
    heights = [box[1] for box in boxes.values()]
    assert heights[0] + LARGEST < heights[1]  # the second below its picture
