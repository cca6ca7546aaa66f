"""What is in one picture and not in the other is seen, wherever it is; what compression changes is not."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw

from support.pictures import make_photograph
from unpool.analysis.checks.local_differences import local_excess


def grainy(seed: int = 0, width: int = 240, height: int = 180) -> Image.Image:
    grain = np.random.default_rng(seed).normal(0, 12, (height, width, 1))
    pixels = np.asarray(make_photograph(seed, width, height), float) * 0.7 + 30 + grain
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def encode(image: Image.Image, name: str, **options: int) -> Image.Image:
    content = io.BytesIO()
    image.save(content, name, **options)
    return Image.open(content).convert("RGB")


def write_page(seed: int, number: str = "") -> Image.Image:
    """Lines of dark strokes, one page layout with other words."""
    rng = np.random.default_rng(seed)
    image = Image.new("RGB", (240, 320), (248, 248, 244))
    draw = ImageDraw.Draw(image)
    for y in range(20, 290, 10):
        for x in range(24, 210, 5):
            if rng.random() < 0.75:
                draw.rectangle((x, y, x + rng.integers(1, 4), y + rng.integers(2, 6)), fill=(30, 30, 30))
    draw.text((115, 300), number, fill=(20, 20, 20))
    return image


def draw_article(colour: tuple[int, int, int]) -> Image.Image:
    image = Image.new("RGB", (200, 200), "white")
    ImageDraw.Draw(image).polygon(
        [(60, 40), (140, 40), (170, 90), (130, 170), (70, 170), (30, 90)], fill=colour
    )
    return image


COPIES = {
    "the same": lambda image: image,
    "quality 30": lambda image: encode(image, "JPEG", quality=30),
    "WebP": lambda image: encode(image, "WEBP", quality=50),
    "a quarter": lambda image: encode(image.resize((60, 45), Image.Resampling.LANCZOS), "JPEG", quality=90),
    "enlarged": lambda image: image.resize((480, 360), Image.Resampling.BICUBIC),
    "cropped by 5 %": lambda image: image.crop((9, 3, 237, 174)),
    "brighter": lambda image: image.point(lambda value: min(255, round(value * 1.15))),
    "clipped": lambda image: image.point(lambda value: min(255, value + 20)),
    "darker": lambda image: image.point(lambda value: round(value * 0.85)),
    "turned by a degree": lambda image: image.rotate(1, Image.Resampling.BICUBIC).crop((5, 5, 235, 175)),
    "cropped, smaller, darker, compressed": lambda image: encode(
        image.crop((9, 3, 237, 174)).resize((114, 86)).point(lambda value: round(value * 0.85)), "JPEG", quality=50
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", COPIES)
def test_copies_of_photographs_do_not_differ(name: str) -> None:
    for seed in (1, 2):
        image = grainy(seed)
        assert local_excess(image, COPIES[name](image)) <= 1
        assert local_excess(COPIES[name](image), image) <= 1


@pytest.mark.parametrize("side", [9, 16, 40])
@pytest.mark.parametrize("quality", [50, 95])
def test_something_small_in_one_of_them_differs(side: int, quality: int) -> None:
    image = grainy(3)
    other = image.copy()
    ImageDraw.Draw(other).ellipse((150, 60, 150 + side, 60 + side), fill=(20, 16, 12))
    assert local_excess(image, encode(other, "JPEG", quality=quality)) > 1.5


def test_pages_with_other_words_differ_and_a_page_scanned_again_does_not() -> None:
    page = write_page(1)
    assert local_excess(page, write_page(2)) > 2
    assert (
        local_excess(page, encode(page.resize((160, 213), Image.Resampling.BICUBIC), "JPEG", quality=70)) <= 1
    )
    assert local_excess(page, encode(page, "JPEG", quality=30)) <= 1
    assert local_excess(write_page(1, "17"), write_page(1, "18")) > 1


@pytest.mark.parametrize(
    "other", [(30, 120, 40), (40, 40, 190), (20, 20, 20), (100, 100, 100), (235, 225, 220)]
)
def test_an_article_in_another_colour_differs(other: tuple[int, int, int]) -> None:
    assert local_excess(draw_article((60, 60, 60)), draw_article(other)) > 1
    assert local_excess(draw_article(other), encode(draw_article(other), "JPEG", quality=60)) <= 1


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ((0, 0, 0), (3, 3, 3), True), ((255, 255, 255), (252, 252, 252), True), ((0, 0, 0), (110, 110, 110), False),
        ((110, 110, 110), (255, 255, 255), False), ((200, 30, 30), (30, 30, 200), False),
        ((110, 110, 110), (130, 130, 130), False),
    ],
)  # fmt: skip
def test_plain_pictures_are_compared_by_their_colour(one, other, same) -> None:
    first, second = (Image.new("RGB", (128, 96), colour) for colour in (one, other))
    assert (local_excess(first, second) <= 1) == same


def test_few_colours_are_allowed_more_where_they_were_reduced() -> None:
    image = grainy(4)
    reduced = image.quantize(64).convert("RGB")
    assert local_excess(image, reduced) > 1 >= local_excess(image, reduced, is_palette=True)
    assert local_excess(image, grainy(5).quantize(64).convert("RGB"), is_palette=True) > 1


@pytest.mark.parametrize("size", [(8, 8), (1, 30), (30, 1), (3, 400)])
def test_tiny_and_narrow_pictures(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
    image = Image.fromarray(pixels)
    assert local_excess(image, image) <= 1


def draw_sign(shape: str, left: int, top: int, width: int, height: int) -> Image.Image:
    image = Image.new("RGB", (96, 96), "black")
    box = (left, top, left + width, top + height)
    if shape == "wedge":
        ImageDraw.Draw(image).polygon([(48, top), (box[2], box[3]), (left, 88)], fill="white")
    else:
        getattr(ImageDraw.Draw(image), shape)(box, fill="white")
    return image


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("ellipse", 10, 10, 38, 38), ("ellipse", 10, 10, 46, 46)),
        (("rectangle", 48, 20, 42, 41), ("rectangle", 42, 20, 48, 46)),
        (("wedge", 8, 8, 80, 55), ("wedge", 8, 8, 80, 62)),
        (("ellipse", 30, 30, 30, 30), ("ellipse", 40, 30, 30, 30)),
    ],
)
def test_a_drawing_on_plain_ground_is_no_copy_of_a_larger_one_or_one_elsewhere(
    one: tuple[str, int, int, int, int], other: tuple[str, int, int, int, int]
) -> None:
    assert local_excess(draw_sign(*one), draw_sign(*other)) > 1
    assert local_excess(draw_sign(*other), draw_sign(*one)) > 1


def test_a_drawing_on_plain_ground_is_found_cropped_and_compressed() -> None:
    image = draw_article((180, 40, 40))
    assert local_excess(image, encode(image.crop((4, 6, 194, 196)), "JPEG", quality=50)) <= 1
    assert local_excess(image, image.resize((100, 100))) <= 1
