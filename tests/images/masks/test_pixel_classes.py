"""Classes map mask values to positions and back, and survive model.json."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.masks import positions
from unpool.errors import UnpoolError
from unpool.images.masks.pixel_classes import (
    IGNORE,
    MAX_CLASSES,
    PixelClasses,
    UnknownValueError,
    classes_by_colour,
    classes_by_value,
    default_colours,
    pack,
    unpack,
)


@given(st.tuples(*[st.integers(0, 255)] * 3))
def test_packing_is_undone(colour: tuple[int, int, int]) -> None:
    assert unpack(pack(colour)) == colour


def test_the_default_colours_are_vocs() -> None:
    assert default_colours(22)[1] == (128, 0, 0)
    assert default_colours(22)[15] == (192, 128, 128)
    assert default_colours(22)[21] == (128, 64, 128)
    assert len(set(default_colours(256))) == 256


def test_values_of_their_own_are_written_again() -> None:
    classes = classes_by_value(["a", "b"], values=[7, 33], ignore=0)
    assert positions(classes, 7, 33, 0) == [0, 1, IGNORE]
    assert classes.output_values == (7, 33)


def test_values_that_no_byte_holds_are_written_as_positions() -> None:
    for values in ([-1, 0, 1], [0, 1, 255], [0, 1, 70_000]):
        classes = classes_by_value(["a", "b", "c"], values=values, ignore=None)
        assert positions(classes, *values) == [0, 1, 2]
        assert classes.output_values == (0, 1, 2)
    stored = classes_by_value(["a", "b"], values=[7, 33], ignore=None).to_dict()
    assert PixelClasses.from_dict(stored).output_values == (7, 33)
    assert PixelClasses.from_dict(stored | {"written": [-1, 0]}).output_values == (0, 1)


def test_what_is_no_class_is_counted_or_given_a_place() -> None:
    classes = classes_by_value(["a", "b"])
    values = np.array([[0, 9, 9], [8, 1, 255]])
    error = UnknownValueError([(8, 1), (9, 2)], by_colour=False)
    assert str(error) == "the value 9 (2 pixels) and 1 others, which is no class"
    label, unknown = classes.read(values)
    assert label.tolist() == [[0, IGNORE, IGNORE], [IGNORE, 1, IGNORE]]
    assert unknown == {8: 1, 9: 2}


def test_colours_of_one_name_are_one_class_and_void_is_none() -> None:
    classes = classes_by_colour(
        [("road", (1, 1, 1)), ("sky", (2, 2, 2)), ("road", (3, 3, 3)), ("Void", (9, 9, 9))]
    )
    assert classes.names == ("road", "sky")
    values = np.array([[pack((1, 1, 1)), pack((3, 3, 3)), pack((2, 2, 2)), pack((9, 9, 9))]])
    assert classes.read(values)[0].tolist() == [[0, 0, 1, IGNORE]]
    error = UnknownValueError([(pack((4, 4, 4)), 1)], by_colour=True)
    assert str(error).startswith("the colour #040404 (1 pixel)")


def test_json_and_back() -> None:
    classes = classes_by_value(["a", "b"], values=[3, 5], colour_to_class=[(0xFF0000, 0), (0x00FF00, 1)])
    assert PixelClasses.from_dict(json.loads(json.dumps(classes.to_dict()))) == classes
    assert set(classes.to_dict()) == {"names", "colours", "keys", "by_colour", "written", "colour_keys"}, (
        "as stored"
    )


@pytest.mark.parametrize(
    "stored", [{}, {"names": ["a", "b"], "colours": [1, 2], "keys": [], "by_colour": 0, "written": []}]
)
def test_damaged_classes_are_named(stored: dict[str, object]) -> None:
    with pytest.raises(UnpoolError, match="the model's classes are damaged"):
        PixelClasses.from_dict(stored)


def test_too_few_and_too_many() -> None:
    with pytest.raises(UnpoolError, match="there must be two classes at least, but there is only"):
        classes_by_value(["only"])
    with pytest.raises(UnpoolError, match=f"more than the {MAX_CLASSES}"):
        classes_by_value([str(n) for n in range(MAX_CLASSES + 1)])
