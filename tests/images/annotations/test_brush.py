"""Label Studio's brush against a plain reading of its bits."""

from __future__ import annotations

import numpy as np
import pytest

from support.annotations import speckled, unpack_brush
from unpool.errors import UnreadableImageError
from unpool.images.annotations.brush import decode_brush, encode_brush
from unpool.images.annotations.regions import find_runs


def pack(pieces: list[tuple[int, int, list[int]]], total: int) -> list[int]:
    """Bits of pieces (repeated or not, kind of length, values)."""
    bits = f"{total:032b}{7:05b}" + "".join(f"{size - 1:04b}" for size in (3, 4, 8, 16))
    for count, kind, values in pieces:
        is_repeated = len(values) == 1
        bits += f"{int(is_repeated)}{kind:02b}{count - 1:0{(3, 4, 8, 16)[kind]}b}"
        bits += "".join(f"{value:08b}" for value in values)
    bits += "0" * (-len(bits) % 8)
    return [int(bits[place : place + 8], 2) for place in range(0, len(bits), 8)]


@pytest.mark.parametrize("size", [(24, 31), (1, 1), (1, 70_000)])
def test_what_is_written_is_read_by_others_and_again(size: tuple[int, int]) -> None:
    is_set_HW = speckled(0, *size) == 1 if min(size) > 1 else np.ones(size, bool)
    runs = find_runs([is_set_HW.view(np.uint8)], [0])
    first_R = runs.row_R * size[1]
    packed = encode_brush(first_R + runs.start_R, first_R + runs.end_R, is_set_HW.size)
    opacity_HW = np.array(unpack_brush(packed)).reshape(*size, 4)[..., 3]
    assert ((opacity_HW > 0) == is_set_HW).all()
    assert set(np.unique(opacity_HW)) <= {0, 255}
    assert (decode_brush(packed, *size) == is_set_HW).all()


def test_single_values_are_read() -> None:
    values = [0, 0, 0, 255, 1, 2, 3, 0, 9, 9, 9, 9, 255, 255, 255, 7]
    packed = pack([(3, 0, values[:3]), (13, 1, values[3:])], 16)
    assert unpack_brush(packed) == values
    assert decode_brush(packed, 2, 2).tolist() == [[True, False], [True, True]]


def test_runs_that_end_within_a_pixel_are_read() -> None:
    packed = pack([(5, 0, [255]), (2, 0, [0]), (5, 0, [255])], 12)
    assert unpack_brush(packed)[3::4] == [255, 255, 255]
    assert decode_brush(packed, 1, 3).tolist() == [[True, True, True]]
    packed = pack([(6, 0, [255]), (6, 0, [0])], 12)
    assert decode_brush(packed, 1, 3).tolist() == [[True, False, False]]


def test_damage_is_an_error() -> None:
    packed = pack([(3, 0, [0, 0, 0]), (13, 1, [255])], 16)
    for broken, size in ((packed[:-2], (2, 2)), (packed, (2, 3)), ([], (2, 2)), (packed[:7], (2, 2))):
        with pytest.raises(UnreadableImageError):
            decode_brush(broken, *size)
