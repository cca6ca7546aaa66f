"""Areas painted over each other."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.errors import UnreadableImageError
from unpool.images.annotations.areas import make_rectangle
from unpool.images.annotations.drawings import Drawing, NumberedNames

LARGE, SMALL = make_rectangle(0, 0, 8, 8), make_rectangle(2, 2, 4, 4)


def test_later_areas_are_on_top_and_twice_is_counted() -> None:
    number_HW, num_twice = Drawing(("a",), ((1, SMALL), (2, LARGE))).paint(10, 10)
    assert not (number_HW == 1).any()
    assert num_twice == 4
    number_HW, num_twice = Drawing(("a",), ((1, SMALL), (2, LARGE)), smallest_last=True).paint(10, 10)
    assert (number_HW == 1).sum() == 4
    assert num_twice == 4
    assert Drawing(("a",), ((1, SMALL), (1, LARGE))).paint(10, 10)[1] == 0


def test_numbers_have_room() -> None:
    number_HW, _ = Drawing(("a",), ((300, SMALL),)).paint(10, 10)
    assert number_HW.max() == 300
    assert Drawing(("a",), ()).paint(2, 3)[0].dtype == np.uint8


def test_a_size_that_no_image_has_is_an_error() -> None:
    with pytest.raises(UnreadableImageError, match="above the limit"):
        Drawing(("a",), ()).paint(10**6, 10**6)


def test_the_ground_has_the_number_0() -> None:
    names = NumberedNames(["car", "_background_", "tree"])
    assert names.names == {1: "car", 2: "tree"}
    assert [names.number(name) for name in ("Background", "tree", "car", "new")] == [0, 2, 1, 3]
