"""Transparent pictures: what their alpha channel means, and the ground they lie on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.deep_files import SHOWN, mean_difference
from unpool.images.colour import transparency
from unpool.images.colour.transparency import choose_ground, ground_of
from unpool.images.reading.decode import read_picture

FORMATS = ["a.png", "a.webp", "a.tif", "a.tga", "a.gif", "a.ico", "a.avif"]
_y, _x = np.mgrid[0:64, 0:64]
DISC = np.hypot(_x - 32, _y - 32) < 20


def save(file: Path, pixels: np.ndarray) -> Path:
    options = {
        ".webp": {"lossless": True, "exact": True},
        ".avif": {"quality": 100},
        ".ico": {"sizes": [(64, 64)]},
    }.get(file.suffix, {})
    Image.fromarray(pixels).save(file, **options)
    return file


def drawing(colour: int, hidden: int, opacity: int = 255) -> np.ndarray:
    """A disc on transparent ground, (64, 64, 4)."""
    pixels = np.full((64, 64, 4), hidden, np.uint8)
    pixels[..., 3] = 0
    pixels[DISC] = (colour, colour, colour, opacity)
    return pixels


@pytest.mark.parametrize("name", FORMATS)
def test_white_drawings_lie_on_black(tmp_path: Path, name: str) -> None:
    for hidden in (255, 0, 90):
        read = read_picture(save(tmp_path / name, drawing(255, hidden)))
        assert read.pixels[~DISC].max() <= 2
        assert read.pixels[DISC].min() >= 250
        assert [note.kind for note in read.notes] == ["ground"]


@pytest.mark.parametrize("name", FORMATS)
def test_others_lie_on_white(tmp_path: Path, name: str) -> None:
    read = read_picture(save(tmp_path / name, drawing(20, 0)))
    assert read.pixels[~DISC].min() >= 253
    assert np.abs(read.pixels[DISC].astype(int) - 20).max() <= 3
    assert read.notes == ()


def test_the_ground_is_the_same_at_every_size(tmp_path: Path) -> None:
    large = np.repeat(np.repeat(drawing(250, 0), 12, axis=0), 12, axis=1)
    file = save(tmp_path / "a.png", large)
    for side in (None, 160, 24):
        assert read_picture(file, min_side=side).pixels[0, 0].tolist() == [0, 0, 0]


def test_a_little_that_is_seen_on_white_keeps_it_there() -> None:
    alpha = np.full(100, 255, np.uint8)
    alpha[:50] = 0
    colours = np.full((100, 3), 255, np.uint8)
    assert ground_of(colours, alpha) == "black"
    colours[50:53] = (200, 40, 40)  # 6 % of what is drawn
    assert ground_of(colours, alpha) == "white"
    assert ground_of(np.full((100, 3), 255, np.uint8), np.full(100, 255, np.uint8)) == "white"
    assert ground_of(colours, np.zeros(100, np.uint8)) == "white"
    faint = np.where(alpha > 0, 9, 0).astype(np.uint8)
    assert ground_of(np.zeros((100, 3), np.uint8), faint) == "white"  # black, though hardly to be seen


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.tif", "a.tga", "a.bmp"])
def test_an_alpha_channel_that_was_never_filled_is_none(tmp_path: Path, name: str) -> None:
    pixels = np.concatenate([SHOWN, np.zeros((24, 32, 1), np.uint8)], axis=2)
    if name == "a.bmp":
        bottom_up = pixels[::-1, :, [2, 1, 0, 3]].tobytes()
        head = b"\x6c\0\0\0" + np.array([32, 24], "<i4").tobytes() + b"\1\0\x20\0\3\0\0\0" + bytes(20)
        masks = np.array([0xFF0000, 0xFF00, 0xFF, 0xFF000000], "<u4").tobytes() + b" niW" + bytes(48)
        size = np.array([14 + 108 + len(bottom_up), 0, 122], "<u4").tobytes()
        (tmp_path / name).write_bytes(b"BM" + size + head + masks + bottom_up)
    else:
        save(tmp_path / name, pixels)
    read = read_picture(tmp_path / name)
    assert np.array_equal(read.pixels, SHOWN)
    assert [note.kind for note in read.notes] == ["empty-alpha"]


def test_nothing_at_all_stays_nothing(tmp_path: Path) -> None:
    read = read_picture(save(tmp_path / "a.png", np.zeros((8, 8, 4), np.uint8)))
    assert read.pixels.min() == 255


def tga(pixels: np.ndarray, attribute_bits: int, attributes_type: int | None = None) -> bytes:
    """A TGA of 32 bits; with an extension area where a type of attributes is given."""
    height, width = pixels.shape[:2]
    head = bytes([0, 0, 2]) + bytes(9) + np.array([width, height], "<u2").tobytes()
    content = head + bytes([32, 0x20 | attribute_bits]) + pixels[..., [2, 1, 0, 3]].tobytes()
    if attributes_type is None:
        return content
    extension = b"\xef\1" + bytes(492) + bytes([attributes_type])
    return content + extension + np.array([len(content), 0], "<u4").tobytes() + b"TRUEVISION-XFILE.\0"


def test_a_tga_says_what_its_fourth_channel_is(tmp_path: Path) -> None:
    half = np.full((24, 32, 1), 128, np.uint8)
    pixels = np.concatenate([SHOWN, half], axis=2)
    blended = np.rint(SHOWN * (128 / 255) + 127)
    multiplied = np.concatenate([np.rint(SHOWN * (128 / 255)).astype(np.uint8), half], axis=2)
    file = tmp_path / "a.tga"
    for content, expected in (
        (tga(pixels, 0), SHOWN),
        (tga(pixels, 8), blended),
        (tga(pixels, 8, 0), SHOWN),
        (tga(pixels, 8, 2), SHOWN),
        (tga(pixels, 8, 3), blended),
        (tga(multiplied, 8, 4), blended),
    ):
        file.write_bytes(content)
        assert mean_difference(read_picture(file).pixels, expected) < 1


def test_what_lies_under_transparent_pixels_never_matters(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 4), dtype=np.uint8)
    noise[..., 3] = 0
    noise[DISC] = (200, 90, 30, 255)
    plain = drawing(0, 255)
    plain[DISC] = (200, 90, 30, 255)
    for side in (None, 10):
        one = read_picture(save(tmp_path / "a.png", noise), min_side=side).pixels
        other = read_picture(save(tmp_path / "b.png", plain), min_side=side).pixels
        assert np.array_equal(one, other)


@pytest.mark.parametrize(("height", "width", "step"), [(3, 512, 1), (513, 40, 2), (30, 1500, 3)])
def test_of_a_large_picture_pixels_at_even_distances_are_looked_at(
    height: int, width: int, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 4), dtype=np.uint8)
    seen: list[np.ndarray] = []
    monkeypatch.setattr(
        transparency, "ground_of", lambda colours, alpha: seen.append(np.dstack([colours, alpha])) or "white"
    )
    assert choose_ground(Image.fromarray(pixels)) == "white"
    np.testing.assert_array_equal(seen[0], pixels[::step, ::step])
