"""Areas of every kind, drawn."""

from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from support.annotations import fill_by_centres, fill_by_coco, regions_of, speckled
from unpool.errors import UnreadableImageError
from unpool.images.annotations.areas import (
    Area,
    BoxRuns,
    Brush,
    CocoRuns,
    Patch,
    Polygons,
    make_ellipse,
    make_rectangle,
)
from unpool.images.annotations.drawings import Drawing
from unpool.images.annotations.run_lengths import count_columns

HIGH, WIDE = 20, 30


def drawn(area: Area, height: int = HIGH, width: int = WIDE) -> np.ndarray:
    """What an area covers, (H, W) bool."""
    return Drawing(("a",), ((1, area),)).paint(height, width)[0] == 1


def test_a_polygon_covers_the_pixels_whose_centres_it_surrounds() -> None:
    vertex_V2 = np.array([[2.2, 1.3], [27.9, 4.1], [15.3, 18.8], [3.1, 12.2]])
    expected_HW = fill_by_centres(vertex_V2, HIGH, WIDE)
    found_HW = drawn(Polygons((vertex_V2,)))
    assert (found_HW == fill_by_coco(vertex_V2, HIGH, WIDE)).all()
    assert (found_HW != expected_HW).sum() <= 0.02 * expected_HW.sum()  # a fifth of a pixel along the sides
    assert (drawn(Polygons((vertex_V2 / [WIDE, HIGH],), is_relative=True)) == found_HW).all()
    lower_V2 = vertex_V2 + np.array([0, 1])
    both_HW = drawn(Polygons((vertex_V2, lower_V2)))
    assert (both_HW == (found_HW | drawn(Polygons((lower_V2,))))).all()


def test_a_polygon_may_leave_the_image_but_not_far() -> None:
    outside_V2 = np.array([[-5.0, -5.0], [10.0, -5.0], [10.0, 10.0], [-5.0, 10.0]])
    expected_HW = np.zeros((HIGH, WIDE), bool)
    expected_HW[:10, :10] = True
    assert (drawn(Polygons((outside_V2,))) == expected_HW).all()
    assert not drawn(Polygons((outside_V2 - 20,))).any()
    for far in (outside_V2 * 1e6, np.full((3, 2), np.nan)):
        with pytest.raises(UnreadableImageError, match="far outside"):
            drawn(Polygons((far,)))


def test_rectangles_and_ellipses_are_rotated_clockwise() -> None:
    plain_HW = drawn(make_rectangle(5, 5, 15, 9))
    assert plain_HW.sum() == 40
    assert plain_HW[5:9, 5:15].all()
    about_corner_HW = drawn(make_rectangle(15, 5, 25, 9, 90))
    assert about_corner_HW[5:15, 11:15].all()
    assert about_corner_HW.sum() == 40
    about_centre_HW = drawn(make_rectangle(10, 8, 20, 12, 90, about_centre=True))
    assert about_centre_HW[5:15, 13:17].all()
    assert about_centre_HW.sum() == 40
    ellipse_HW = drawn(make_ellipse(15, 10, 12, 4))
    assert abs(int(ellipse_HW.sum()) - np.pi * 48) < 4
    upright_HW, lying_HW = (drawn(make_ellipse(10, 10, *radii, 90), 20, 20) for radii in ((6, 4), (4, 6)))
    assert (upright_HW != lying_HW.T).sum() <= 4  # a fifth of a pixel along the outline
    assert upright_HW.any(axis=1).sum() == 12


@pytest.mark.parametrize("seed", range(3))
def test_run_lengths_in_every_form_are_exact(seed: int) -> None:
    label_HW = speckled(seed, HIGH, WIDE)
    for region in regions_of(label_HW):
        counts = count_columns(region, HIGH, WIDE)
        text = coco.frPyObjects({"counts": counts, "size": [HIGH, WIDE]}, HIGH, WIDE)["counts"].decode()
        own_HW = np.zeros((HIGH, WIDE), bool)
        left, top, width, height = region.box
        own_HW[top : top + height, left : left + width] = region.fill_box()
        for area in (CocoRuns(counts, (HIGH, WIDE)), CocoRuns(text, (HIGH, WIDE))):
            assert (drawn(area) == own_HW).all()
            assert area.measure(HIGH, WIDE) == region.area


@pytest.mark.parametrize("counts", ["zzzz", "\x00", "é", "_____", [HIGH * WIDE, 1]])
def test_damaged_run_lengths_are_an_error(counts: list[int] | str) -> None:
    with pytest.raises(UnreadableImageError):
        drawn(CocoRuns(counts, (HIGH, WIDE)))


def test_what_lacks_at_the_end_is_free() -> None:
    assert not drawn(CocoRuns([5], (HIGH, WIDE))).any()
    assert drawn(CocoRuns([5, 2], (HIGH, WIDE))).sum() == 2


def test_run_lengths_of_another_size_are_an_error() -> None:
    with pytest.raises(UnreadableImageError, match="run lengths of 30×20 pixels, but the image has 20×30"):
        drawn(CocoRuns([0, 600], (HIGH, WIDE)), WIDE, HIGH)


def test_boxes_and_pictures_are_clipped() -> None:
    picture = io.BytesIO()
    Image.fromarray(np.ones((4, 5), np.uint8)).save(picture, "PNG")
    text = base64.b64encode(picture.getvalue()).decode()
    for area in (BoxRuns([0, 20], -2, 17, 5, 4), Patch(text, -2, 17)):
        covered_HW = drawn(area)
        assert covered_HW[17:, :3].all()
        assert covered_HW.sum() == 9
    assert not drawn(BoxRuns([0, 1], 40, 40, 1, 1)).any()


@pytest.mark.parametrize("area", [Patch("AAAA", 0, 0), Patch("é", 0, 0), Brush([1, 2], (HIGH, WIDE))])
def test_damaged_pictures_are_an_error(area: Area) -> None:
    with pytest.raises(UnreadableImageError):
        drawn(area)
