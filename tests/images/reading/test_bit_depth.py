"""More than 8 bits: the rule, in arrays and in files."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.hostile_files import picture
from unpool.errors import UnreadableImageError
from unpool.images.isolation import pool
from unpool.images.reading.bit_depth import measure, to_8_bits
from unpool.images.reading.decode import read_picture, read_size

GREY = picture(300, 200)[..., 0]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (GREY.astype(np.uint16) * 257, GREY),  # a photograph in 16 bits is the photograph
        (GREY.astype(">u2") * 257, GREY),
        (GREY.astype(np.uint16), GREY),
        (GREY.astype(np.float32) / 255, GREY),
        (GREY.astype(np.float64), GREY),
        (GREY.astype(np.int32) * 257, GREY),
        (np.rint(GREY * (4095 / 255)).astype(np.uint16), GREY),  # 12 bits are not black
        (GREY.astype(np.int32) * 10 - 1000, GREY),  # negative values: stretched
        (GREY.astype(np.float32) * 1e9, GREY),
        (GREY.astype(np.uint16) * 4 + 60_000, GREY),  # a small signal on a large offset
        (GREY, GREY),
    ],
)
def test_the_picture_survives_its_depth(values: np.ndarray, expected: np.ndarray) -> None:
    assert np.abs(to_8_bits(values).astype(int) - expected).max() <= 1


def test_one_hot_pixel_does_not_darken_the_picture_and_few_bright_cells_do_not_vanish() -> None:
    values = np.full((1000, 1000), 100, np.uint16)
    values[:500] = 900
    values[0, 0] = 65535
    assert to_8_bits(values)[1, 1] == 224  # 900 of 1023
    cells = np.full((1000, 1000), 100, np.uint16)
    cells[:30, :30] = np.linspace(1000, 3000, 30)
    assert to_8_bits(cells)[0, [0, 29]].tolist() == [62, 187]  # of 4095
    assert to_8_bits(cells)[999, 999] == 6


@pytest.mark.parametrize("num_channels", [2, 3, 4])
def test_every_channel_of_a_large_picture_counts(num_channels: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unpool.images.reading.bit_depth.MAX_SAMPLED_VALUES", 100)
    values = np.zeros((20, 30, num_channels), np.uint16)
    values[..., 1:] = np.arange(1, num_channels) * 1000
    extent = measure(values)
    assert extent is not None
    assert (extent.low, extent.high) == (0, 1000 * (num_channels - 1))


def test_a_picture_is_looked_at_whole_where_the_sample_has_no_numbers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("unpool.images.reading.bit_depth.MAX_SAMPLED_VALUES", 100)
    values = np.full((20, 30), np.nan, np.float32)
    values[7, 7:9] = 5, 9
    extent = measure(values)
    assert extent is not None
    assert (extent.low, extent.high) == (5, 9)


def test_frames_of_one_camera_stay_comparable() -> None:
    bright, dim = np.linspace(0, 4000, 999, dtype=np.uint16), np.linspace(0, 2000, 999, dtype=np.uint16)
    assert to_8_bits(dim)[500] * 2 == pytest.approx(to_8_bits(bright)[500], abs=1)


def test_what_is_no_number_has_a_place() -> None:
    values = np.array([np.nan, -np.inf, np.inf, 0.0, 0.5, 1.0], np.float32)
    assert to_8_bits(values).tolist() == [0, 0, 255, 0, 128, 255]
    assert to_8_bits(np.full((2, 2), np.nan)).tolist() == [[0, 0], [0, 0]]
    assert to_8_bits(np.full((2, 2), 0.5)).tolist() == [[128, 128], [128, 128]]
    assert to_8_bits(np.full((2, 2), -7.0)).tolist() == [[0, 0], [0, 0]]


@pytest.mark.parametrize("name", ["a.png", "a.tif", "a.jp2"])
def test_sixteen_bit_files_look_like_their_eight_bit_copies(tmp_path: Path, name: str) -> None:
    Image.fromarray(GREY.astype(np.uint16) * 257).save(tmp_path / name)
    read = read_picture(tmp_path / name)
    assert read.mode == "I;16"
    assert read.grey
    assert np.abs(read.pixels.astype(int) - GREY[..., None]).max() <= 1
    Image.fromarray(np.rint(GREY * (4095 / 255)).astype(np.uint16)).save(tmp_path / name)
    assert np.abs(read_picture(tmp_path / name).pixels.astype(int) - GREY[..., None]).max() <= 1


def test_sixteen_bits_reduce_and_turn(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.rot90(GREY).astype(np.uint16) * 257).save(tmp_path / "a.tif", exif=exif)
    read = read_picture(tmp_path / "a.tif", min_side=25)
    assert (read.width, read.height, read.pixels.shape) == (300, 200, (50, 75, 3))
    expected = np.asarray(Image.fromarray(GREY).reduce(4))
    assert np.abs(read.pixels[..., 0].astype(int) - expected).max() <= 2


RGB = picture()


@pytest.mark.parametrize(
    ("values", "options", "mode"),
    [
        (RGB.astype(np.float32) / 255, {"photometric": "rgb"}, "float32×3"),
        (RGB.astype(np.uint16) * 257, {"photometric": "rgb", "bigtiff": True, "byteorder": ">"}, "uint16×3"),
        (RGB, {"photometric": "rgb", "bigtiff": True, "byteorder": ">"}, "uint8×3"),
        (RGB.astype(np.float64), {"photometric": "rgb", "compression": "zlib"}, "float64×3"),
        (np.moveaxis(RGB, 2, 0) / 255, {"photometric": "rgb", "planarconfig": "separate"}, "float64×3"),
        (RGB.astype(np.uint16) * 257, {"photometric": "rgb"}, "uint16×3"),
    ],
)
def test_tiffs_beyond_pillow(
    tmp_path: Path, values: np.ndarray, options: dict[str, object], mode: str
) -> None:
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.tif", values, **options)
    read = read_picture(tmp_path / "a.tif")
    assert (read.mode, read.grey, read_size(tmp_path / "a.tif")) == (mode, False, (48, 32))
    assert np.abs(read.pixels.astype(int) - RGB).max() <= 1


def test_a_tiff_beyond_pillow_is_measured_before_it_is_read(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.tif", RGB.astype(np.float64), photometric="rgb")
    whole = (tmp_path / "a.tif").read_bytes()
    (tmp_path / "half.tif").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UnreadableImageError, match=r"^truncated: "):
        read_picture(tmp_path / "half.tif")
    with pytest.raises(UnreadableImageError, match=r"^too-large: "):
        read_picture(tmp_path / "a.tif", max_pixels=100)


def test_without_tifffile_the_remedy_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.tif", RGB.astype(np.float64), photometric="rgb")
    monkeypatch.setattr(pool, "UNTRUSTED", frozenset())  # read here, where the module is missing
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(UnreadableImageError, match=r"^unsupported: .*pip install tifffile imagecodecs$"):
        read_picture(tmp_path / "a.tif")
