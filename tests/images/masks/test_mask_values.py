"""What the masks of a folder hold, counted."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unpool.images.masks.mask_values import MaskFacts, Values, count_values
from unpool.images.masks.pairs import Pair
from unpool.images.reading.scan import ImageFile


def facts(*masks: dict[int, int]) -> Values:
    return Values([MaskFacts(f"{place}.png", counts) for place, counts in enumerate(masks)])


@pytest.mark.parametrize(
    ("masks", "is_binary", "is_mixed"),
    [
        ([{0: 1, 255: 1}], True, False),
        ([{0: 1, 255: 1}, {0: 1, 1: 1}], True, True),
        ([{0: 1, 255: 1}, {0: 1, 1: 1, 255: 1}], False, False),
        ([{0: 1, 65535: 1}], True, False),
        ([{255: 1}], False, False),
        ([{0: 1, 1: 1}], False, False),
        ([{0: 1, 2: 1, 255: 1}], False, False),
    ],
)
def test_0_and_255_alone_are_binary(masks: list[dict[int, int]], is_binary: bool, is_mixed: bool) -> None:
    values = facts(*masks)
    assert (values.is_binary, values.is_mixed) == (is_binary, is_mixed)


def test_transparent_pixels_count_as_0() -> None:
    values = Values([MaskFacts("a.png", {255: 4}, num_clear=6)])
    assert values.numbers == {0: 6, 255: 4}
    assert values.is_binary


def test_a_conflict_of_palettes_names_both_masks() -> None:
    one = MaskFacts("a.png", {0: 3, 1: 1}, palette={0: 0, 1: 0xFF0000})
    other = MaskFacts("b.png", {0: 1, 1: 3}, palette={0: 0xFF0000, 1: 0})
    assert Values([one, one]).palette_conflict is None
    assert Values([one, one]).palette_colours() == {0: 0, 1: 0xFF0000}
    assert Values([one, other]).palette_conflict == "a.png paints 0 in #000000, b.png in #ff0000"
    assert other.colours == {0xFF0000: 1, 0: 3}
    assert Values([one, other]).holder(0xFF0000, by_colour=True) == ("a.png", 1)
    assert facts({7: 2}).holder(7) == ("0.png", 2)
    with pytest.raises(KeyError):
        facts({7: 2}).holder(8)


def test_pixels_are_counted_and_broken_masks_are_problems(tmp_path: Path) -> None:
    Image.fromarray(np.array([[0, 1, 1]], np.uint8)).save(tmp_path / "a.png")
    rgba = np.array([[(9, 0, 0, 255), (9, 0, 0, 0)]], np.uint8)
    Image.fromarray(rgba).save(tmp_path / "b.png")
    (tmp_path / "c.png").write_bytes(b"broken")
    files = [ImageFile(name, tmp_path / name, 1, 0.0) for name in ("a.png", "b.png", "c.png")]
    values, problems = count_values([Pair(file, file) for file in files], 1)
    assert [mask.counts for mask in values.masks] == [{0: 1, 1: 2}, {0x090000: 1}]
    assert (values.masks[1].num_clear, values.num_clear) == (1, 0)
    assert [problem.path for problem in problems] == ["c.png"]
    assert (values + values).num_masks == 4
