"""What files say of their values."""

from __future__ import annotations

import io
import struct
from pathlib import Path

import numpy as np
import pytest

from support.deep_files import GREY, SHOWN, mean_difference, spread, write_png16
from support.png_files import chunk
from unpool.images.reading.decode import read_picture
from unpool.images.values.statements import NOTHING, jpeg2000_bits, read_statement, tiff_statement

UINT16, FLOAT = np.dtype(np.uint16), np.dtype(np.float32)


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_significant_bits_of_png_count_from_either_end(tmp_path: Path, bits: int) -> None:
    values = spread(SHOWN, bits)
    said = chunk(b"sBIT", bytes([bits] * 3))
    lower = write_png16(tmp_path / "lower.png", values, said)
    upper = write_png16(tmp_path / "upper.png", values << (16 - bits), said)
    assert mean_difference(read_picture(lower).pixels, SHOWN) < 1
    assert mean_difference(read_picture(upper).pixels, SHOWN) < 1
    assert read_picture(lower).notes == ()
    dim = write_png16(tmp_path / "dim.png", values // 16, said)
    assert mean_difference(read_picture(dim).pixels, SHOWN // 16) < 1


@pytest.mark.parametrize("largest", [1023, 4095, 16383, 40000, 65535])
def test_the_largest_value_of_a_pgm_is_white(tmp_path: Path, largest: int) -> None:
    values = np.rint(GREY * (largest / 255) / 10).astype(">u2")  # dim: nothing else says what white is
    (tmp_path / "a.pgm").write_bytes(b"P5\n# dim\n32 24\n%d\n" % largest + values.tobytes())
    text = b"P2\n32 24\n%d\n" % largest + b" ".join(b"%d" % value for value in values.ravel())
    (tmp_path / "b.pgm").write_bytes(text)
    for name in ("a.pgm", "b.pgm"):
        assert mean_difference(read_picture(tmp_path / name).pixels, GREY / 10) < 1


def test_a_pfm_is_known_by_content(tmp_path: Path) -> None:
    values = np.flipud(GREY / 255).astype("<f4")
    (tmp_path / "depth").write_bytes(b"Pf\n32 24\n-1.0\n" + values.tobytes())
    assert mean_difference(read_picture(tmp_path / "depth").pixels, GREY) < 1


def test_gdal_says_what_means_no_data() -> None:
    assert tiff_statement({42113: "-9999"}, 32, FLOAT).nodata == (-9999.0,)
    assert tiff_statement({42113: b"-3.4028234663852886e+38\0"}, 32, FLOAT).nodata == (
        -3.4028234663852886e38,
    )
    assert tiff_statement({42113: "nan"}, 32, FLOAT).nodata == ()
    assert tiff_statement({42113: "none"}, 16, UINT16).nodata == ()


def test_bits_of_a_tiff_are_its_scale_where_they_are_fewer_than_its_type() -> None:
    assert tiff_statement({}, 12, UINT16).range == (0, 4095)
    assert tiff_statement({}, 16, UINT16).range is None
    pixels = '<OME><Pixels DimensionOrder="XYZCT" SignificantBits="10" SizeX="3"/></OME>'
    assert tiff_statement({270: pixels}, 16, UINT16).range == (0, 1023)
    assert tiff_statement({270: pixels.encode()}, 32, FLOAT).range is None


def test_largest_samples_are_a_scale_where_they_are_one() -> None:
    scale = tiff_statement({341: 4095}, 16, UINT16)
    assert (scale.range, scale.is_extent) == ((0, 4095), False)
    used = tiff_statement({340: (100, 90), 341: (3000, 3100)}, 16, UINT16)
    assert (used.range, used.is_extent) == ((90, 3100), True)
    assert tiff_statement({280: 0, 281: 65535}, 16, UINT16).range is None  # only repeats the type
    assert tiff_statement({340: 5, 341: 5}, 16, UINT16).range is None


@pytest.mark.parametrize("image_format", ["PNG", "PPM", "JPEG2000", "JPEG"])
def test_damage_says_nothing(image_format: str) -> None:
    for content in (b"", b"P5", b"\x89PNG\r\n\x1a\n\0\0\0\1IHDR", b"\xff\x4f\xff\x51"):
        stream = io.BytesIO(content)
        stream.seek(1)
        assert read_statement(stream, image_format) == NOTHING
        assert stream.tell() == 1


@pytest.mark.parametrize("codec", ["jp2", "j2k"])
def test_bits_of_jpeg_2000_behind_boxes_of_any_size(codec: str) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    content = imagecodecs.jpeg2k_encode(spread(SHOWN, 12), level=0, bitspersample=12, codecformat=codec)
    assert jpeg2000_bits(io.BytesIO(content)) == 12
    assert jpeg2000_bits(io.BytesIO(content[:100])) == (0 if codec == "jp2" else 12)
    if codec == "jp2":
        box = struct.pack(">I4s", 100_008, b"uuid") + bytes(100_000)
        wide = struct.pack(">I4sQ", 1, b"uuid", 100_016) + bytes(100_000)
        assert jpeg2000_bits(io.BytesIO(content[:12] + box + wide + content[12:])) == 12
    assert jpeg2000_bits(io.BytesIO(b"")) == 0
