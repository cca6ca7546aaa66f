"""Profiles in every container, and colours that files only name."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.colour_profiles import linear_profile
from support.deep_files import GREY, SHOWN, mean_difference
from support.png_files import chunk
from unpool.images.reading.decode import read_picture

_light = SHOWN / 255
LINEAR = np.rint(255 * np.where(_light <= 0.04045, _light / 12.92, ((_light + 0.055) / 1.055) ** 2.4)).astype(
    np.uint8
)
PROFILE = linear_profile()


def png_with(file: Path, pixels: np.ndarray, *chunks: bytes) -> Path:
    Image.fromarray(pixels).save(file)
    content = file.read_bytes()
    file.write_bytes(content[:33] + b"".join(chunks) + content[33:])
    return file


def gamma(value: int) -> bytes:
    return chunk(b"gAMA", struct.pack(">I", value))


def test_gamma_of_png(tmp_path: Path) -> None:
    assert (
        mean_difference(read_picture(png_with(tmp_path / "a.png", LINEAR, gamma(100_000))).pixels, SHOWN) < 1
    )
    grey = read_picture(png_with(tmp_path / "b.png", LINEAR[..., 0], gamma(100_000)))
    assert mean_difference(grey.pixels, GREY) < 1
    assert grey.grey


@pytest.mark.parametrize(
    "said",
    [
        (gamma(45455),),
        (gamma(45000),),
        (gamma(0),),
        (gamma(100_000), chunk(b"sRGB", b"\0")),
        (
            gamma(45455),
            chunk(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000)),
        ),
        (chunk(b"cICP", bytes([1, 13, 0, 1])),),
        (chunk(b"cICP", bytes([2, 2, 0, 1])),),
    ],
)
def test_what_says_srgb_or_nothing_changes_nothing(tmp_path: Path, said: tuple[bytes, ...]) -> None:
    assert np.array_equal(read_picture(png_with(tmp_path / "a.png", SHOWN, *said)).pixels, SHOWN)


def test_points_of_png_that_are_no_colours_are_passed_over(tmp_path: Path) -> None:
    read = read_picture(png_with(tmp_path / "a.png", SHOWN, chunk(b"cHRM", bytes(32))))
    assert np.array_equal(read.pixels, SHOWN)
    assert [note.kind for note in read.notes] == ["profile"]


def test_code_points_come_before_a_profile(tmp_path: Path) -> None:
    linear = png_with(tmp_path / "a.png", LINEAR, chunk(b"cICP", bytes([1, 8, 0, 1])))
    assert mean_difference(read_picture(linear).pixels, SHOWN) < 1
    Image.fromarray(SHOWN).save(tmp_path / "b.png", icc_profile=PROFILE)
    content = (tmp_path / "b.png").read_bytes()
    (tmp_path / "b.png").write_bytes(content[:33] + chunk(b"cICP", bytes([1, 13, 0, 1])) + content[33:])
    assert np.array_equal(read_picture(tmp_path / "b.png").pixels, SHOWN)
    hdr = read_picture(png_with(tmp_path / "c.png", SHOWN, chunk(b"cICP", bytes([9, 16, 0, 1]))))
    assert np.array_equal(hdr.pixels, SHOWN)
    assert [note.kind for note in hdr.notes] == ["profile"]


def test_code_points_behind_long_chunks_count(tmp_path: Path) -> None:
    """Those of a profile, or of a text, take more than a few hundred bytes."""
    text = chunk(b"tEXt", b"Comment\0" + bytes([65]) * 100_000)
    linear = png_with(tmp_path / "a.png", LINEAR, text, chunk(b"cICP", bytes([1, 8, 0, 1])))
    assert mean_difference(read_picture(linear).pixels, SHOWN) < 1


def test_the_interoperability_index_names_adobe_rgb(tmp_path: Path) -> None:
    grey = np.full((24, 32, 3), 128, np.uint8)
    grey[..., 1] = 160
    results = {}
    for index in ("R03", "R98"):
        exif = Image.Exif()
        exif.get_ifd(0x8769)[0xA005] = {1: index}
        file = tmp_path / f"{index}.jpg"
        Image.fromarray(grey).save(file, exif=exif, quality=100, subsampling=0)
        results[index] = read_picture(file).pixels.mean(axis=(0, 1))
    assert np.abs(results["R98"] - (128, 160, 128)).max() < 2
    assert results["R03"][0] < 115  # Adobe RGB 128, 160, 128 is a stronger green in sRGB
    assert abs(results["R03"][1] - 160) < 3


def test_bmp_gif_and_jpeg_2000(tmp_path: Path) -> None:
    bmp = struct.pack("<IiiHHIIiiII", 124, 32, 24, 1, 24, 0, LINEAR.size, 2835, 2835, 0, 0)
    bmp += bytes(16) + b"DEBM" + bytes(48) + struct.pack("<IIII", 4, 124 + LINEAR.size, len(PROFILE), 0)
    body = LINEAR[::-1, :, ::-1].tobytes()
    head = struct.pack("<2sIHHI", b"BM", 138 + len(body) + len(PROFILE), 0, 0, 138)
    (tmp_path / "a.bmp").write_bytes(head + bmp + body + PROFILE)
    assert mean_difference(read_picture(tmp_path / "a.bmp").pixels, SHOWN) < 1

    Image.fromarray(LINEAR).quantize(256).save(tmp_path / "a.gif")
    content = (tmp_path / "a.gif").read_bytes()
    parts = [PROFILE[start : start + 255] for start in range(0, len(PROFILE), 255)]
    extension = b"\x21\xff\x0bICCRGBG1012" + b"".join(bytes([len(part)]) + part for part in parts) + b"\0"
    palette_end = 13 + 3 * 256
    (tmp_path / "a.gif").write_bytes(content[:palette_end] + extension + content[palette_end:])
    assert mean_difference(read_picture(tmp_path / "a.gif").pixels, SHOWN) < 4

    Image.fromarray(LINEAR).save(tmp_path / "a.jp2", irreversible=False)
    content = (tmp_path / "a.jp2").read_bytes()
    colour, header = content.index(b"colr") - 4, content.index(b"jp2h") - 4
    (old,), (outer,) = (struct.unpack(">I", content[at : at + 4]) for at in (colour, header))
    box = struct.pack(">I", 11 + len(PROFILE)) + b"colr\2\0\0" + PROFILE
    content = content[:colour] + box + content[colour + old :]
    content = content[:header] + struct.pack(">I", outer - old + len(box)) + content[header + 4 :]
    (tmp_path / "a.jp2").write_bytes(content)
    assert mean_difference(read_picture(tmp_path / "a.jp2").pixels, SHOWN) < 1


def test_a_profile_that_reaches_beyond_the_file_is_damaged(tmp_path: Path) -> None:
    Image.fromarray(LINEAR).quantize(256).save(tmp_path / "a.gif")
    content = (tmp_path / "a.gif").read_bytes()
    end = 13 + 3 * 256
    (tmp_path / "a.gif").write_bytes(content[:end] + b"\x21\xff\x0bICCRGBG1012\x03abc\0" + content[end:])
    assert [note.kind for note in read_picture(tmp_path / "a.gif").notes] == ["profile"]
