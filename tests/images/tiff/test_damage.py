"""Damage that decoders of TIFFs pass over, and whole files that look like it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import tifffile
from PIL import Image

from support.tiff_files import page, tiff, written
from unpool.errors import UnreadableImageError
from unpool.images.tiff.damage import (
    check_codec,
    check_ends,
    check_jpeg,
    check_jpegs,
    check_segments,
    check_tail,
    ends_in_zeros,
)
from unpool.images.tiff.reader import open_tiff
from unpool.images.values.scaling import Scaling

RNG = np.random.default_rng(0)
PHOTOGRAPH = RNG.integers(1, 256, (40, 64, 3), np.uint8)


def opened(stream: io.BytesIO) -> tifffile.TiffFile:
    stream.seek(0)
    return tifffile.TiffFile(stream)


def stopped(values: np.ndarray, row: int, column: int) -> np.ndarray:
    result = values.copy()
    result[row, column:] = 0
    result[row + 1 :] = 0
    return result


@pytest.mark.parametrize("values", [PHOTOGRAPH, PHOTOGRAPH[..., :1].astype(np.float32)])
def test_a_picture_that_stops_within_a_row_is_cut(values: np.ndarray) -> None:
    check_tail(values)
    with pytest.raises(UnreadableImageError, match="truncated: the image stops in row 26 of 40"):
        check_tail(stopped(values, 25, 30))


def test_black_borders_grounds_and_drawings_are_whole() -> None:
    framed, on_black, drawing = PHOTOGRAPH.copy(), np.zeros_like(PHOTOGRAPH), np.zeros_like(PHOTOGRAPH)
    framed[30:] = 0
    check_tail(framed)
    on_black[5:20, 10:40] = PHOTOGRAPH[5:20, 10:40]
    on_black[20, 10:25] = 9
    check_tail(on_black)
    drawing[:20], drawing[20, :30] = 1, 1  # a tilted horizon of a mask
    check_tail(drawing)
    check_tail(np.zeros((40, 64, 1)))


@pytest.mark.parametrize("options", [{}, {"rowsperstrip": 7}])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_reader_looks_for_it(options: dict[str, Any], dtype: type) -> None:
    stream = written(stopped(PHOTOGRAPH.astype(dtype), 25, 30), photometric="rgb", **options)
    with pytest.raises(UnreadableImageError, match="only zeros follow"), open_tiff(stream) as file:
        file.read(Scaling())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("stop", [(15, 40), (16, 9)])
def test_tiles_that_stop_within_a_row_are_cut(dtype: type, stop: tuple[int, int]) -> None:
    values = np.tile(PHOTOGRAPH, (2, 2, 1)).astype(dtype)
    whole = written(values, photometric="rgb", tile=(32, 32))
    with open_tiff(whole) as file:
        file.read(Scaling())
        start = file.page.dataoffsets[4] + (stop[0] * 32 + stop[1] % 32) * 3 * values.itemsize
    content = whole.getvalue()
    zeroed = io.BytesIO(content[:start] + bytes(len(content) - start))
    with pytest.raises(UnreadableImageError, match="only zeros follow"), open_tiff(zeroed) as file:
        file.read(Scaling())


def test_last_bytes_are_looked_at_alone() -> None:
    for values, wanted in ((PHOTOGRAPH, False), (stopped(PHOTOGRAPH, 38, 0), True)):
        stream = written(values, photometric="rgb", rowsperstrip=7)
        with opened(stream) as file:
            assert ends_in_zeros(file.pages[0]) is wanted


def test_parts_outside_the_file_and_missing_ones_are_reported_and_left_out_ones_are_not() -> None:
    whole = page((4, 5), [bytes(range(10)), bytes(range(10, 20))], 1)
    for change, words in (
        ({279: ("I", [10, 10**6])}, "the file ends before"),
        ({279: ("I", [10, 0])}, "the file ends before"),
        ({278: ("I", 1)}, "lists 2 parts, but its picture has 4"),
        ({273: ("I", [0, 0]), 279: ("I", [0, 0])}, "the file ends before"),
    ):
        stream = tiff((whole[0] | change, whole[1]))
        with opened(stream) as file, pytest.raises(UnreadableImageError, match=words):
            check_segments(file.pages[0])
    stream = tiff((whole[0] | {273: ("I", [8, 0]), 279: ("I", [10, 0])}, whole[1]))
    with opened(stream) as file:
        check_segments(file.pages[0])


@pytest.mark.parametrize("options", [{}, {"tile": (32, 32)}, {"rowsperstrip": 16}])
def test_a_damaged_jpeg_inside_is_reported(options: dict[str, Any]) -> None:
    stream = written(PHOTOGRAPH, photometric="rgb", compression="jpeg", **options)
    with opened(stream) as file:
        check_jpegs(file.pages[0])
        place, size = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    content = bytearray(stream.getvalue())
    content[place + size * 3 // 4 : place + size] = bytes(size - size * 3 // 4)
    with opened(io.BytesIO(bytes(content))) as file, pytest.raises(UnreadableImageError) as caught:
        check_jpegs(file.pages[0])
    assert caught.value.problem in ("truncated", "corrupt")


def test_a_jpeg_whose_tables_lie_apart_is_checked_with_them() -> None:
    stream = io.BytesIO()
    Image.fromarray(np.sort(PHOTOGRAPH, axis=1)).save(stream, "TIFF", compression="jpeg")
    with opened(stream) as file:
        page = file.pages[0]
        assert page.jpegtables
        check_jpegs(page)
        place, size = page.dataoffsets[0], page.databytecounts[0]
        content = stream.getvalue()[place : place + size]
        with pytest.raises(UnreadableImageError):
            check_jpeg(page, content[: size // 2])


@pytest.mark.parametrize("compression", ["group3", "group4", "zstd"])
def test_compressed_parts_that_end_in_zeros_are_cut(compression: str) -> None:
    stream = io.BytesIO()
    Image.fromarray(PHOTOGRAPH[..., 0] > 99).save(stream, "TIFF", compression=compression)
    with opened(stream) as file:
        check_ends(file.pages[0])
        place, size = file.pages[0].dataoffsets[0], file.pages[0].databytecounts[0]
    content = bytearray(stream.getvalue())
    content[place + size // 2 : place + size] = bytes(size - size // 2)
    stream = io.BytesIO(bytes(content))
    with (
        opened(stream) as file,
        pytest.raises(UnreadableImageError, match="truncated: the compressed image stops"),
    ):
        check_ends(file.pages[0])


def test_a_decoder_that_is_missing_is_named() -> None:
    check_codec(ValueError("wrong length"))
    with pytest.raises(
        UnreadableImageError, match=r"unsupported: .* pip install tifffile imagecodecs \(LZW re"
    ):
        check_codec(ValueError("LZW requires\nthe 'imagecodecs' package"))


def test_infinite_values_warn_of_nothing() -> None:
    values = PHOTOGRAPH[..., :1].astype(np.float32)
    values[28:31, 3] = np.inf
    values.reshape(-1)[30 * values.shape[1] + 40 :] = 0
    with np.errstate(invalid="raise"):
        check_tail(values)
