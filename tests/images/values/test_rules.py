"""The ranges of a collection."""

from __future__ import annotations

import numpy as np
import pytest

from unpool.errors import UsageError
from unpool.images.reading.bit_depth import Extent, Range
from unpool.images.values.rules import Found, ValueRules, find_ranges, parse_nodata, parse_range

GREY, COLOUR = "TIFF uint16 grey", "PNG uint16 colour"


def found(kind: str, low: float, high: float, stated: Range | None = None, *, certain: bool = False) -> Found:
    dtype = np.dtype(kind.split()[1])
    return Found(kind, dtype, Extent(low, high), stated, certain)


def test_frames_of_one_camera_have_one_range() -> None:
    frames = [found(GREY, 300, high) for high in (1000, 1100, 4000, 4200)]
    assert find_ranges(frames) == {GREY: [(0, 16383)]}
    assert find_ranges(frames[:2]) == {GREY: [(0, 4095)]}
    floats = [found("TIFF float32 grey", 0.3, 0.98), found("TIFF float32 grey", 0.3, 1.05)]
    assert find_ranges(floats) == {"TIFF float32 grey": [(0, 1.05)]}
    spoilt = [found("TIFF int16 grey", 300, 700), found("TIFF int16 grey", -1, 700)]
    assert find_ranges(spoilt) == {"TIFF int16 grey": [(0, 1023)]}


def test_floats_that_are_shares_of_1_are_told_from_numbers() -> None:
    kind = "TIFF float32 grey"
    shares = [found(kind, 0, 0.9), found(kind, 0.1, 0.2)]
    assert find_ranges([*shares, found(kind, 0, 250)]) == {kind: [(0, 1), (0, 255)]}
    assert find_ranges([*shares, found(kind, 0, 3.5)]) == {kind: [(0, 3.5)]}, "reflectances that overshoot"
    assert find_ranges([found(kind, 0, 0.2), found(kind, 0, 250)]) == {kind: [(0, 255)]}, "a dark frame"


@pytest.mark.parametrize("dtype", ["float32", "int16"])
def test_heights_at_many_altitudes_are_not_flat(dtype: str) -> None:
    kind = f"TIFF {dtype} grey"
    tiles = [found(kind, 100 * step, 100 * step + 4) for step in range(20)]
    assert find_ranges(tiles) == {kind: []}, "each by its own values"
    assert ValueRules(assumed={kind: []}).find_assumed(kind, 815.9) is None
    assert ValueRules.from_dict(ValueRules(assumed={kind: []}).to_dict()).assumed == {kind: []}
    below = [found(kind, -4000 - 100 * step, -3996 - 100 * step) for step in range(20)]
    assert find_ranges(below) == {kind: []}
    alike = [found(kind, 812 + step, 816 + step) for step in range(20)]
    assert find_ranges(alike) == {kind: [(812, 835)]}
    steep = [found(kind, 100 * step, 100 * step + 400) for step in range(20)]
    assert find_ranges(steep) == {kind: [(0, 4095)]}
    dark = [*(found(kind, 0, 4) for _ in range(20)), found(kind, 0, 4000)]
    assert find_ranges(dark) == {kind: [(0, 4095)]}, "frames without light"
    few = [*steep, *tiles[1:4]]
    assert find_ranges(few) == {kind: [(0, 4095)]}
    even = [found(kind, 700, 700), *steep[:1]]
    assert find_ranges(even) == {kind: [(0, 1023)]}, "nothing to be seen"


def test_cameras_keep_their_dark_frames() -> None:
    frames = [*(found(GREY, 1000, 1004) for _ in range(20)), found(GREY, 1000, 60_000)]
    assert find_ranges(frames) == {GREY: [(0, 65535)]}


def test_kinds_have_ranges_of_their_own() -> None:
    ranges = find_ranges([found(GREY, 0, 900), found(COLOUR, 0, 4000), found("PNG uint16 grey", 0, 60_000)])
    assert ranges == {GREY: [(0, 1023)], COLOUR: [(0, 4095)], "PNG uint16 grey": [(0, 65535)]}


def test_what_is_certain_of_itself_says_nothing_of_others() -> None:
    assert find_ranges([found(GREY, 0, 65_000, certain=True), found(GREY, 0, 4000)]) == {GREY: [(0, 4095)]}
    assert find_ranges([found(GREY, 0, 65_000, certain=True)]) == {}


def test_colour_pictures_of_plainly_different_depths_keep_theirs() -> None:
    depths = [found(COLOUR, 40 * step, 226 * step) for step in (4, 16, 256)]
    assert find_ranges(depths) == {COLOUR: [(0, 1023), (0, 4095), (0, 65535)]}
    rules = ValueRules(assumed=find_ranges(depths))
    assert rules.find_assumed(COLOUR, 3000) == (0, 4095)
    assert rules.find_assumed(COLOUR, 5000) == (0, 65535)
    # The same dark level, or a picture that leaves most of its scale empty: other light, not another depth.
    assert find_ranges([found(COLOUR, 300, 1000), found(COLOUR, 300, 4000)]) == {COLOUR: [(0, 4095)]}
    assert find_ranges([found(COLOUR, 40, 300), found(COLOUR, 400, 4000)]) == {COLOUR: [(0, 4095)]}


def test_what_all_files_state_holds_and_what_each_states_of_itself_does_not() -> None:
    same = [found(GREY, 100, 8000, (0, 10_000)), found(GREY, 100, 900, (0, 10_000))]
    assert find_ranges(same) == {GREY: [(0, 10_000)]}
    own = [found(GREY, 100, 8000, (100, 8000)), found(GREY, 100, 900, (100, 900))]
    assert find_ranges(own) == {GREY: [(0, 16383)]}


def test_one_hot_frame_of_many_does_not_decide() -> None:
    frames = [found(GREY, 0, 4000) for _ in range(150)] + [found(GREY, 0, 65_535)]
    assert find_ranges(frames) == {GREY: [(0, 4095)]}


def test_rules_are_stored_and_read() -> None:
    rules = ValueRules((0.0, 10.0), (-1.0,), {GREY: [(0.0, 4095.0)]})
    assert ValueRules.from_dict(rules.to_dict()) == rules
    assert ValueRules.from_dict(None) == ValueRules()
    assert not ValueRules()


@pytest.mark.parametrize("text", ["5", "10,5", "a,b", "0,inf", "1,2,3", "nan,1"])
def test_a_range_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match=r"--range is .*, but must be LOW,HIGH"):
        parse_range(text)


def test_options_as_typed() -> None:
    assert parse_range("-1000, 3000") == (-1000, 3000)
    assert parse_range("auto") is None
    assert parse_nodata("-9999,0") == (-9999, 0)
    assert parse_nodata("auto") == ()
    for text in ("x", "inf", "0,-inf", ""):
        with pytest.raises(UsageError, match=f"--nodata is '{text}'"):
            parse_nodata(text)


def test_nan_is_no_data_without_being_said() -> None:
    """As a value it would equal nothing, not even itself: the rules would seem new in every run."""
    assert parse_nodata("nan,-1") == (-1,)
    assert parse_nodata("NaN") == ()
    assert ValueRules.from_dict({"nodata": [float("nan"), 5]}) == ValueRules(nodata=(5.0,))
