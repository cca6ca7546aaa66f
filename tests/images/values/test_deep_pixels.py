"""Pictures of more than 8 bits keep them."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.deep_files import GREY, SHOWN, mean_difference, spread, write_png16
from support.png_files import chunk
from unpool.errors import UnreadableImageError
from unpool.images.isolation import pool
from unpool.images.reading.decode import read_picture


@pytest.mark.parametrize("bits", [9, 10, 12, 14, 16])
def test_colours_of_any_depth_are_as_bright_as_they_should_be(tmp_path: Path, bits: int) -> None:
    values = SHOWN.astype(np.uint16) * 257 if bits == 16 else spread(SHOWN, max(bits, 10))
    read = read_picture(write_png16(tmp_path / "a.png", values))
    assert (read.mode, read.grey) == ("RGB", False)
    assert mean_difference(read.pixels, SHOWN) <= (0 if bits == 16 else 1)


def test_all_sixteen_bits_are_read(tmp_path: Path) -> None:
    """Values that differ in their lower bytes alone are told apart after scaling."""
    values = np.arange(24 * 32 * 3, dtype=np.uint16).reshape(24, 32, 3) + 512  # 512 to 2815
    read = read_picture(write_png16(tmp_path / "a.png", values))
    expected = np.rint(values * (255 / 4095))
    assert np.array_equal(read.pixels, expected)


def test_grey_with_transparency(tmp_path: Path) -> None:
    alpha = np.full((24, 32), 65535, np.uint16)
    alpha[:4] = 0
    read = read_picture(write_png16(tmp_path / "a.png", np.dstack([spread(GREY, 12), alpha])))
    expected = GREY.copy()
    expected[:4] = 255
    assert mean_difference(read.pixels, expected) < 1
    assert read.grey


@pytest.mark.parametrize("opaque", [4095, 65535])
def test_colours_with_transparency(tmp_path: Path, opaque: int) -> None:
    alpha = np.full((24, 32, 1), opaque, np.uint16)
    alpha[:4] = 0
    read = read_picture(write_png16(tmp_path / "a.png", np.concatenate([spread(SHOWN, 12), alpha], axis=2)))
    expected = SHOWN.copy()
    expected[:4] = 255
    assert mean_difference(read.pixels, expected) < 1


def test_the_one_transparent_colour_is_compared_with_all_bits(tmp_path: Path) -> None:
    values = SHOWN.astype(np.uint16) * 257
    values[0, 0], values[0, 1] = (7, 8, 9), (7, 8, 10)
    read = read_picture(write_png16(tmp_path / "a.png", values, chunk(b"tRNS", b"\0\7\0\10\0\11")))
    assert read.pixels[0, 0].tolist() == [255, 255, 255]
    assert read.pixels[0, 1].tolist() == [0, 0, 0]


def test_grey_that_is_transparent_is_left_out_of_the_range(tmp_path: Path) -> None:
    values = spread(GREY, 12)
    values[:4] = 65535
    read = read_picture(write_png16(tmp_path / "a.png", values, chunk(b"tRNS", b"\xff\xff")))
    assert mean_difference(read.pixels[4:], GREY[4:]) < 1
    assert read.pixels[:4].min() == 255


def test_deep_pictures_reduce(tmp_path: Path) -> None:
    large = np.repeat(np.repeat(SHOWN, 8, axis=0), 8, axis=1)
    read = read_picture(write_png16(tmp_path / "a.png", spread(large, 12)), min_side=20)
    assert read.pixels.shape == (40, 53, 3)
    assert abs(float(read.pixels.mean()) - float(SHOWN.mean())) < 1


@pytest.mark.parametrize("bits", [12, 16])
def test_jpeg_2000_in_colour(tmp_path: Path, bits: int) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    content = imagecodecs.jpeg2k_encode(
        spread(SHOWN, 12), level=0, reversible=True, bitspersample=bits, codecformat="jp2"
    )
    (tmp_path / "a.jp2").write_bytes(content)
    read = read_picture(tmp_path / "a.jp2")
    assert mean_difference(read.pixels, SHOWN) < 1
    assert [note.kind for note in read.notes] == ([] if bits == 12 else ["own-range"])


@pytest.mark.parametrize("bits", [12, 16])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_white_in_jpeg_2000_stays_white(tmp_path: Path, bits: int, channels: int) -> None:
    """Pillow's shift to 8 bits rounds the highest value up to 256, which is 0."""
    imagecodecs = pytest.importorskip("imagecodecs")
    full = 2**bits - 1
    values = np.full((16, 16, channels), full, np.uint16)
    values[:8, :, : channels - (channels != 3)] = full // 5
    content = imagecodecs.jpeg2k_encode(
        values, level=0, reversible=True, bitspersample=bits, codecformat="jp2"
    )
    (tmp_path / "a.jp2").write_bytes(content)
    read = read_picture(tmp_path / "a.jp2")
    assert read.pixels[0, 0].tolist() == [51, 51, 51]
    assert read.pixels[-1, -1].tolist() == [255, 255, 255]
    assert "empty-alpha" not in {note.kind for note in read.notes}


def test_jpeg_2000_in_colour_needs_imagecodecs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    content = imagecodecs.jpeg2k_encode(spread(SHOWN, 12), level=0, bitspersample=12, codecformat="jp2")
    (tmp_path / "a.jp2").write_bytes(content)
    monkeypatch.setattr(pool, "UNTRUSTED", frozenset())  # read here, where the module is missing
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(UnreadableImageError, match="12 bits needs: pip install imagecodecs") as caught:
        read_picture(tmp_path / "a.jp2")
    assert caught.value.problem == "unsupported"


def test_pictures_of_eight_bits_are_passed_on(tmp_path: Path) -> None:
    Image.fromarray(SHOWN).save(tmp_path / "a.png")
    assert np.array_equal(read_picture(tmp_path / "a.png").pixels, SHOWN)
