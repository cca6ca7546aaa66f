"""Rows of zeros are lost ones where they begin within a row; frames, shapes and pages are pictures."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw

from support.pictures import make_photograph
from unpool.errors import UnreadableImageError
from unpool.images.damage.lost_rows import check_lost_rows, has_lost_rows
from unpool.images.reading.decode import read_picture

SIZE = (150, 100)


def photograph(mode: str = "RGB") -> Image.Image:
    lit = np.asarray(make_photograph(1, *SIZE)) // 2 + 60
    return Image.fromarray(lit.astype(np.uint8)).convert(mode)


@pytest.mark.parametrize("fill", [b"\0", b"\xff"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("name", ["a.bmp", "a.ppm", "a.tga", "a.tif"])
def test_zeros_to_the_end_and_in_the_middle(tmp_path: Path, name: str, mode: str, fill: bytes) -> None:
    file = tmp_path / name
    photograph(mode).save(file, **({"strip_size": 10**6} if name == "a.tif" else {}))
    read_picture(file)
    content = file.read_bytes()
    pixel = 3 if mode == "RGB" else 1
    head = file.stat().st_size - 100 * (-(-150 * pixel // 4) * 4 if name == "a.bmp" else 150 * pixel)
    start = head + (41 * 150 + 60) * pixel
    for end in (start + 2000 * pixel, len(content) if name != "a.tif" else len(content) - 300):
        file.write_bytes(content[:start] + fill * (end - start) + content[end:])
        with pytest.raises(UnreadableImageError, match="the pixels have one value only"):
            read_picture(file)


def as_array(image: Image.Image) -> np.ndarray:
    return np.atleast_3d(np.asarray(image))


def test_pictures_with_black_are_whole() -> None:
    framed = Image.new("RGB", (170, 140))
    framed.paste(photograph(), (10, 10))
    letterboxed = Image.new("RGB", (150, 140))
    letterboxed.paste(photograph(), (0, 20))
    disc, steps = Image.new("L", SIZE), Image.new("L", SIZE)
    ImageDraw.Draw(disc).ellipse((30, 10, 100, 70), fill=255)
    ImageDraw.Draw(steps).polygon([(0, 0), (150, 0), (150, 40), (0, 60)], fill=255)
    text = Image.new("L", SIZE, 255)
    ImageDraw.Draw(text).text((5, 5), "the last line\nof a page", fill=0)
    for image in (framed, letterboxed, disc, steps, text, Image.new("RGB", SIZE)):
        assert not has_lost_rows(as_array(image))
        assert not has_lost_rows(as_array(image)[::-1])


def test_a_dark_corner_above_a_black_frame_is_no_damage() -> None:
    pixels = as_array(photograph("L")).copy()
    pixels[60:] = 0
    pixels[55:60, 100:] = np.random.default_rng(0).integers(0, 4, (5, 50, 1))
    pixels[59, 140:] = 0
    assert not has_lost_rows(pixels)
    pixels[55:60, 100:] += 60
    pixels[59, 140:] = 0
    assert has_lost_rows(pixels)


def test_a_pcx_stops_within_a_channel(tmp_path: Path) -> None:
    file = tmp_path / "a.pcx"
    noise = np.random.default_rng(0).integers(30, 190, (100, 150, 3), np.uint8)  # a byte each
    Image.fromarray(noise).save(file)
    read_picture(file)
    content = file.read_bytes()
    file.write_bytes(content[:9000] + bytes(len(content) - 9000))
    with pytest.raises(UnreadableImageError, match="the pixels have one value only"):
        read_picture(file)


FORMATS = (("BMP", "RGB"), ("BMP", "P"), ("PPM", "L"), ("PCX", "RGB"), ("PSD", "RGB"))


def check_whole(image: Image.Image) -> None:
    for image_format, mode in FORMATS:
        check_lost_rows(image.convert(mode), image_format)


def draw_disc(side: int, scale: int, ground: str, rng: np.random.Generator) -> Image.Image:
    """A disc that reaches the right border, plain or with a smooth edge."""
    image = Image.new("RGB", (side * scale, side * scale), ground)
    radius, x = rng.uniform(side / 12, side), rng.uniform(side / 2, side)
    y = rng.uniform(-radius, side - radius)  # whose lowest point is in the picture
    box = [scale * each for each in (x - radius, y - radius, x + radius, y + radius)]
    ImageDraw.Draw(image).ellipse(box, fill=tuple(rng.integers(40, 200, 3).tolist()))
    return image.resize((side, side), Image.Resampling.BOX)


@pytest.mark.parametrize("ground", ["white", "black"])
@pytest.mark.parametrize("side", [28, 64, 128])
def test_shapes_at_the_border_are_whole(side: int, ground: str) -> None:
    rng = np.random.default_rng(side)
    texture = np.asarray(make_photograph(2, side, side)) // 2 + 60
    for number in range(20):
        disc = np.array(draw_disc(side, 1 + 3 * (number % 2), ground, rng))
        check_whole(Image.fromarray(disc))
        is_disc = (disc != np.array(Image.new("RGB", (1, 1), ground))).any(axis=-1)
        disc[is_disc] = texture[is_disc]
        check_whole(Image.fromarray(disc))


@pytest.mark.parametrize("ground", ["white", "black"])
def test_an_edge_across_the_picture_is_no_damage(ground: str) -> None:
    rng = np.random.default_rng(0)
    for slope in rng.uniform(-2, 2, 40):
        horizon = Image.new("RGB", (400, 280), ground)
        top = rng.uniform(40, 200)
        ImageDraw.Draw(horizon).polygon(
            [(0, 0), (400, 0), (400, top + 4 * slope), (0, top)], fill=(90, 120, 40)
        )
        check_whole(horizon.resize((100, 70), Image.Resampling.BOX))


@pytest.mark.parametrize("kernel", [Image.Resampling.NEAREST, Image.Resampling.BICUBIC])
def test_a_turned_photograph_on_its_ground_is_whole(kernel: Image.Resampling) -> None:
    framed = Image.new("RGB", (150, 130))
    framed.paste(photograph(), (0, 15))
    for angle in np.linspace(-0.4, 0.4, 17):
        check_whole(framed.rotate(angle, kernel))


def test_a_letterboxed_frame_of_a_video_is_whole() -> None:
    for top in range(9, 17):
        frame = Image.new("RGB", (150, 140))
        frame.paste(photograph(), (0, top))
        stream = io.BytesIO()
        frame.save(stream, "JPEG", quality=75)
        check_whole(Image.open(stream))


@pytest.mark.parametrize("fill", [0, 255])
@pytest.mark.parametrize(("image_format", "mode"), FORMATS)
def test_each_format_is_looked_at_as_it_is_stored(image_format: str, mode: str, fill: int) -> None:
    noise = np.random.default_rng(0).integers(30, 190, (40, 60, 3), np.uint8)
    image = Image.fromarray(noise)
    image = image.quantize(256) if mode == "P" else image.convert(mode)
    check_lost_rows(image, image_format)
    values = np.array(image)
    stored = {"PCX": (0, 2, 1), "PSD": (2, 0, 1)}.get(image_format)
    in_order = np.ascontiguousarray(values.transpose(stored)) if stored else values
    flat = in_order.reshape(-1)
    flat[flat.size // 3 + 30 : flat.size // 2 + 10] = fill
    damaged = Image.fromarray(in_order.transpose(np.argsort(stored)) if stored else in_order)
    if mode == "P":
        damaged.putpalette(image.getpalette())
    with pytest.raises(UnreadableImageError, match="the pixels have one value only"):
        check_lost_rows(damaged, image_format)


def test_two_lost_pieces_are_no_ground() -> None:
    pixels = as_array(photograph()).copy()
    flat = pixels.reshape(-1, 3)
    flat[20 * 150 + 70 : 30 * 150], flat[60 * 150 + 30 :] = 0, 0
    assert has_lost_rows(pixels)
    pixels[:10, :40] = 0  # ground in a corner
    assert not has_lost_rows(pixels)


def test_what_no_lost_bytes_look_like() -> None:
    grey = as_array(photograph()).copy()
    grey.reshape(-1, 3)[60 * 150 + 70 :] = 128  # neither 0 nor 255
    assert not has_lost_rows(grey)
    gradient = np.tile(np.linspace(40, 200, 150, dtype=np.uint8)[None, :, None], (100, 1, 1))
    gradient.reshape(-1)[60 * 150 + 70 :] = 0  # graphics: rows above are all the same
    assert not has_lost_rows(gradient)


def test_pixels_are_not_compared_where_no_row_is_of_one_value(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(np, "flatnonzero", lambda _: pytest.fail("every pixel was compared with the next"))
    assert not has_lost_rows(as_array(photograph()))
