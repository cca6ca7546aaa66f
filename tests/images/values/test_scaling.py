"""The order of rules: user, file, collection, picture."""

from __future__ import annotations

import numpy as np
import pytest

from support.deep_files import GREY, SHOWN, spread
from unpool.images.values.rules import ValueRules
from unpool.images.values.scaling import Scaling
from unpool.images.values.statements import NOTHING, Statement

TWELVE = spread(GREY, 12)
WIDE = ValueRules(assumed={"TIFF uint16 grey": [(0.0, 16383.0)]})


def scale(
    values: np.ndarray, rules: ValueRules, stated: Statement = NOTHING, image_format: str = "TIFF"
) -> tuple[int, list[str]]:
    """The brightest pixel, and the kinds of notes."""
    scaling = Scaling(rules, image_format)
    return int(scaling.to_8_bits(values, stated).max()), [note.kind for note in scaling.notes]


def test_each_rule_comes_before_the_next() -> None:
    stated = Statement((0.0, 8191.0))
    assert scale(TWELVE, ValueRules()) == (226, ["own-range"])
    assert scale(TWELVE, WIDE) == (56, [])
    assert scale(TWELVE, WIDE, stated) == (113, [])
    assert scale(TWELVE, ValueRules(range=(0.0, 65535.0), assumed=WIDE.assumed), stated) == (14, [])


def test_another_format_or_kind_of_the_same_values_serves() -> None:
    assert scale(TWELVE, WIDE, image_format="PNG") == (56, [])
    assert scale(TWELVE.astype(np.int16), WIDE) == (226, ["own-range"])
    assert scale(spread(SHOWN, 12), WIDE) == (226, ["own-range"])


def test_values_beyond_the_collection_are_reported() -> None:
    assert scale(TWELVE * 10, WIDE) == (255, ["clipped"])
    below = TWELVE.astype(np.int16)
    below[0, 0] = -2000
    rules = ValueRules(assumed={"TIFF int16 grey": [(0.0, 4095.0)]})
    assert scale(below, rules) == (226, ["clipped"])
    below[0, 0] = -3  # noise around zero
    assert scale(below, rules) == (226, [])


def test_a_statement_that_the_values_contradict_is_not_believed() -> None:
    assert scale(TWELVE, WIDE, Statement((0.0, 255.0))) == (56, [])


def test_the_users_numbers_are_those_of_the_file_though_a_reader_has_scaled_them() -> None:
    by_reader = Statement((0.0, 65535.0), is_scaled=True, unit=16.0)
    values = np.array([[1000, 2000, 3000, 4000]], np.uint16) * 16
    scaling = Scaling(ValueRules(range=(1000.0, 3000.0), nodata=(4000.0,)), "PPM")
    assert scaling.to_8_bits(values, by_reader).tolist() == [[0, 128, 255, 0]]


def test_eight_bits_spread_over_sixteen_are_eight_bits() -> None:
    for factor in (256, 257):
        scaling = Scaling(WIDE, "TIFF")
        assert np.array_equal(scaling.to_8_bits(SHOWN.astype(np.uint16) * factor), SHOWN)
        assert scaling.found is not None
        assert scaling.found.is_certain


def test_what_the_user_sets_is_in_the_values_of_the_file() -> None:
    scaled_by_reader = Statement((0.0, 65535.0), is_scaled=True, unit=16.0)  # a PGM of 12 bits
    rules = ValueRules(range=(0.0, 2047.5), nodata=(3624.0,))
    scaling = Scaling(rules, "PPM")
    brightest = scaling.to_8_bits(TWELVE * 16, scaled_by_reader)
    assert brightest[TWELVE == 3624].max() == 0  # no data
    assert brightest.max() == 255


@pytest.mark.parametrize("fill", [-9999.0, -3.4028234663852886e38, 9.969209968386869e36, -32768.0])
def test_fill_values_far_from_all_others_are_no_data(fill: float) -> None:
    values = GREY.astype(np.float32)
    values[:4] = fill
    scaling = Scaling(ValueRules(), "TIFF")
    eight = scaling.to_8_bits(values)
    assert np.array_equal(eight[4:], GREY[4:])
    assert eight[:4].max() == 0
    assert [note.kind for note in scaling.notes] == ["no-data", "own-range"]


def test_fill_values_among_others_are_data() -> None:
    values = np.linspace(-9999, 9999, 999).astype(np.float32)
    scaling = Scaling(ValueRules(), "TIFF")
    scaling.to_8_bits(values)
    assert [note.kind for note in scaling.notes] == ["own-range"]


def test_opacity_has_the_scale_of_the_colours_or_of_its_type() -> None:
    scaling = Scaling(ValueRules(), "PNG")
    scaling.to_8_bits(spread(SHOWN, 12))
    assert scaling.alpha_to_8_bits(np.array([0, 4095], np.uint16)).tolist() == [0, 255]
    assert scaling.alpha_to_8_bits(np.array([0, 32768, 65535], np.uint16)).tolist() == [0, 128, 255]
