"""An image is the same as a file, a picture, an array and a tensor; what is none says what was expected."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from unpool.errors import UnpoolError, UsageError
from unpool.images.reading.decode import read_picture
from unpool.images.reading.in_memory import list_images, read_any

RNG = np.random.default_rng(0)
COLOUR_HWC = RNG.integers(0, 256, (6, 9, 3), np.uint8)


def test_path_picture_array_and_tensor_are_one_image(tmp_path: Path) -> None:
    import torch

    file = tmp_path / "a.png"
    Image.fromarray(COLOUR_HWC).save(file)
    tensor_CHW = torch.from_numpy(COLOUR_HWC).permute(2, 0, 1)
    ways: list[Any] = [
        str(file), file, Image.open(file), COLOUR_HWC, COLOUR_HWC / 255, COLOUR_HWC[:, ::-1][:, ::-1],
        tensor_CHW, tensor_CHW.float().div(255).requires_grad_(),
    ]  # fmt: skip
    for way in ways:
        assert (read_any(way).pixels == COLOUR_HWC).all(), type(way)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16", "CMYK", "F", "I"])
def test_a_picture_is_read_as_its_file_is(mode: str, tmp_path: Path) -> None:
    if mode in ("I;16", "F", "I"):
        values_HW = RNG.integers(0, 4000, (6, 9)).astype(
            {"I;16": np.uint16, "F": np.float32, "I": np.int32}[mode]
        )
        image = Image.fromarray(values_HW)
    else:
        image = Image.fromarray(RNG.integers(0, 256, (6, 9, 4), np.uint8), "RGBA").convert(mode)
    file = tmp_path / ("a.tif" if mode in ("CMYK", "F", "I") else "a.png")
    image.save(file)
    assert (read_any(image).pixels == read_picture(file).pixels).all()


def test_a_picture_is_turned_as_its_exif_data_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(COLOUR_HWC).save(tmp_path / "a.jpg", exif=exif, quality=100, subsampling=0)
    opened = Image.open(tmp_path / "a.jpg")
    assert read_any(opened).pixels.shape == (9, 6, 3)
    assert (read_any(opened).pixels == read_picture(tmp_path / "a.jpg").pixels).all()


def test_an_opened_tiff_is_turned_once(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(COLOUR_HWC).save(tmp_path / "a.tif", exif=exif)
    assert (read_any(Image.open(tmp_path / "a.tif")).pixels == read_picture(tmp_path / "a.tif").pixels).all()


def test_big_endian_values_of_16_bits_are_kept(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", RNG.integers(0, 4000, (6, 9)).astype(np.uint16), byteorder=">")
    opened = Image.open(tmp_path / "a.tif")
    assert opened.mode == "I;16B"
    assert (read_any(opened).pixels == read_picture(tmp_path / "a.tif").pixels).all()


def test_a_picture_is_read_by_its_profile(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    Image.fromarray(COLOUR_HWC).save(tmp_path / "a.png", icc_profile=profile)
    assert read_any(Image.open(tmp_path / "a.png")).notes == read_picture(tmp_path / "a.png").notes != ()


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16"])
@pytest.mark.parametrize("is_srgb", [False, True])
def test_a_picture_is_read_by_its_gamma(mode: str, is_srgb: bool, tmp_path: Path) -> None:
    chunks = PngInfo()
    chunks.add(b"gAMA", struct.pack(">I", 100_000))
    chunks.add(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 21000, 71000, 15000, 6000))
    if is_srgb:
        chunks.add(b"sRGB", b"\0")
    image = Image.fromarray(COLOUR_HWC).convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image).astype(np.uint16) * 250)
    image.save(tmp_path / "a.png", pnginfo=chunks)
    read = read_picture(tmp_path / "a.png").pixels
    assert (read_any(Image.open(tmp_path / "a.png")).pixels == read).all()
    assert is_srgb == (read == read_any(image).pixels).all()


def test_a_picture_is_read_by_the_profile_that_a_camera_names(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x8769] = {0xA005: {1: "R03"}}  # Adobe RGB
    file = tmp_path / "a.jpg"
    Image.fromarray(COLOUR_HWC).save(file, exif=exif, quality=95)
    read = read_picture(file).pixels
    assert (read_any(Image.open(file)).pixels == read).all()
    assert (read != np.asarray(Image.open(file))).any()


def test_grey_arrays_have_three_channels_afterwards() -> None:
    grey_HW = COLOUR_HWC[..., 0]
    for way in (grey_HW, grey_HW[..., None]):
        picture = read_any(way)
        assert picture.grey
        assert (picture.pixels == grey_HW[..., None]).all()
    assert read_any(grey_HW > 100).pixels.max() == 255


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (
            np.zeros((3, 6, 9), np.uint8),
            r"shape \(3, 6, 9\) is no image; give .*numpy.moveaxis\(image, 0, -1\)",
        ),
        (np.zeros((2, 6, 9, 3), np.uint8), r"shape \(2, 6, 9, 3\) is no image"),
        (np.zeros((6, 9, 2), np.uint8), r"give \(H, W\), \(H, W, 3\) or \(H, W, 4\)$"),
        (np.zeros((0, 9), np.uint8), r"shape \(0, 9\) is no image"),
        (np.zeros((6, 9), np.int64), "int64 has no known black and white; give uint8"),
        (np.full((6, 9), 200.0), "floats from 200 to 200 .*give floats from 0 to 1, or uint8"),
        (np.full((6, 9), np.nan), "floats from nan"),
        (np.zeros((6, 9), np.uint16)[..., None].repeat(3, 2), "uint16 without colours"),
        (3, "^3 is no image; give the path of an image, a picture"),
        (None, "^None is no image"),
    ],
)
def test_what_is_no_image_says_what_was_expected(image: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        read_any(image)


def test_a_tensor_with_its_channels_last_says_where_they_belong() -> None:
    import torch

    with pytest.raises(UsageError, match=r"tensor of shape \(6, 9, 3\) is no image; give .*\(3, H, W\)"):
        read_any(torch.zeros(6, 9, 3, dtype=torch.uint8))


def test_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no image")
    with pytest.raises(
        UnpoolError, match=r"a\.png cannot be read as an image: the content is no known image"
    ):
        read_any(tmp_path / "a.png")
    with pytest.raises(UnpoolError, match=r"there is no file nowhere\.png"):
        read_any("nowhere.png")
    with pytest.raises(UsageError, match="is a folder; give one image, such as"):
        read_any(tmp_path)


def test_one_image_or_several_are_a_list() -> None:
    assert list_images(COLOUR_HWC)[0] is COLOUR_HWC
    assert list_images("a.png") == ["a.png"]
    assert list_images(name for name in ("a", "b")) == ["a", "b"]
    assert len(list_images(np.zeros((4, 6, 9, 3), np.uint8))) == 4
    for several in (pd.Series(["a", "b"]), np.array(["a", "b"]), np.array([Path("a"), Path("b")])):
        assert list(map(str, list_images(several))) == ["a", "b"]
    wrong: Any
    for wrong in ([], 3):
        with pytest.raises(UsageError, match="the path of an image"):
            list_images(wrong)
