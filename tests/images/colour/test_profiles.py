"""Profiles that files embed are applied, or passed over with a note."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageCms

from support.colour_profiles import cmyk_profile, grey_profile, linear_profile
from support.deep_files import GREY, SHOWN, mean_difference
from unpool.images.reading.decode import read_picture

_light = SHOWN / 255
LINEAR = np.rint(255 * np.where(_light <= 0.04045, _light / 12.92, ((_light + 0.055) / 1.055) ** 2.4)).astype(
    np.uint8
)


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.tif", "a.webp", "a.avif"])
def test_pictures_have_the_colours_that_they_mean(tmp_path: Path, name: str) -> None:
    exact = {"quality": 100, "subsampling": 0} if name == "a.jpg" else {"lossless": True, "quality": 100}
    Image.fromarray(LINEAR).save(tmp_path / name, icc_profile=linear_profile(), **exact)
    read = read_picture(tmp_path / name)
    assert mean_difference(read.pixels, SHOWN) < 2
    assert read.notes == ()


def test_transparency_survives(tmp_path: Path) -> None:
    image = Image.fromarray(LINEAR)
    image.putalpha(Image.fromarray(np.where(GREY > 130, 255, 0).astype(np.uint8)))
    image.save(tmp_path / "a.png", icc_profile=linear_profile())
    expected = np.where(GREY[..., None] > 130, SHOWN, 255)
    assert mean_difference(read_picture(tmp_path / "a.png").pixels, expected) < 1


def test_reduced_pictures_are_converted(tmp_path: Path) -> None:
    large = Image.fromarray(LINEAR).resize((640, 480))
    large.save(tmp_path / "a.jpg", icc_profile=linear_profile(), quality=95)
    read = read_picture(tmp_path / "a.jpg", min_side=24)
    assert read.pixels.shape == (60, 80, 3)
    assert abs(float(read.pixels.mean()) - float(SHOWN.mean())) < 2


def test_deep_pictures_are_converted(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    values = LINEAR.astype(np.uint16) * 257
    tifffile.imwrite(tmp_path / "a.tif", values, photometric="rgb", iccprofile=linear_profile())
    assert mean_difference(read_picture(tmp_path / "a.tif").pixels, SHOWN) < 1


def test_grey_profiles(tmp_path: Path) -> None:
    for name in ("a.png", "a.tif"):
        Image.fromarray(LINEAR[..., 0]).save(tmp_path / name, icc_profile=grey_profile(1.0))
        read = read_picture(tmp_path / name)
        assert read.grey
        assert mean_difference(read.pixels, GREY) < 1


@pytest.mark.parametrize("black_first", [False, True])
def test_cmyk_goes_through_its_profile(tmp_path: Path, black_first: bool) -> None:
    inks = np.zeros((24, 32, 4), np.uint8)
    inks[..., 0], inks[..., 3] = GREY, 255 - GREY
    image = Image.fromarray(inks, "CMYK")
    for name in ("a.tif", "a.jpg"):
        image.save(tmp_path / name, icc_profile=cmyk_profile(black_first), quality=100, subsampling=0)
        read = read_picture(tmp_path / name).pixels.astype(int)
        black = inks[..., 0 if black_first else 3].reshape(-1)
        order = np.argsort(black, kind="stable")
        brightness = read.mean(axis=2).reshape(-1)[order]
        assert np.corrcoef(black[order], brightness)[0, 1] < -0.98
        assert np.abs(read.max(axis=2) - read.min(axis=2)).max() <= 2  # this profile's inks have no colour


def test_srgb_changes_nothing_to_the_bit(tmp_path: Path) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    Image.fromarray(SHOWN).save(tmp_path / "a.png", icc_profile=profile)
    assert np.array_equal(read_picture(tmp_path / "a.png").pixels, SHOWN)
    Image.fromarray(GREY).save(tmp_path / "b.png", icc_profile=profile)  # as programs leave it behind
    assert np.array_equal(read_picture(tmp_path / "b.png").pixels, np.repeat(GREY[..., None], 3, axis=2))
    assert read_picture(tmp_path / "b.png").notes == ()


@pytest.mark.parametrize(
    ("profile", "detail"),
    [
        (b"nothing of the kind" * 20, "the colour profile is damaged"),
        (linear_profile()[:200], "the colour profile is damaged (cannot"),
        (linear_profile()[:140] + bytes(400), "the colour profile is damaged (cannot"),
        (grey_profile(1.0), "a colour profile for GRAY in a picture of RGB"),
        (cmyk_profile(), "a colour profile for CMYK in a picture of RGB"),
        (b"\0\0\0\xc8test\2@\0\0linkRGB " + linear_profile()[20:], "a colour profile of class 'link'"),
    ],
)
def test_profiles_that_cannot_be_used_are_passed_over(tmp_path: Path, profile: bytes, detail: str) -> None:
    Image.fromarray(SHOWN).save(tmp_path / "a.png", icc_profile=profile)
    read = read_picture(tmp_path / "a.png")
    assert np.array_equal(read.pixels, SHOWN)
    (note,) = read.notes
    assert (note.kind, note.detail[: len(detail)]) == ("profile", detail)


def test_a_profile_is_used_in_many_threads_alike(tmp_path: Path) -> None:
    from concurrent.futures import ThreadPoolExecutor

    file = tmp_path / "a.png"
    Image.fromarray(LINEAR).save(file, icc_profile=linear_profile())
    with ThreadPoolExecutor(4) as pool:
        digests = {each.pixels.tobytes() for each in pool.map(read_picture, [file] * 40)}
    assert len(digests) == 1


def test_pillow_agrees(tmp_path: Path) -> None:
    profile = linear_profile()
    Image.fromarray(LINEAR).save(tmp_path / "a.png", icc_profile=profile)
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    expected = ImageCms.profileToProfile(Image.fromarray(LINEAR), opened, ImageCms.createProfile("sRGB"))
    assert expected is not None
    assert np.abs(read_picture(tmp_path / "a.png").pixels.astype(int) - np.asarray(expected)).max() <= 1
