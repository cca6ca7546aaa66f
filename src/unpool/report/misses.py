"""misses.png: images judged wrongly, beside their heat.

H, W height and width of an image, h, w of its heat map or its mask.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageOps

from unpool.report.drawing import FAINT_INK, INK, PAPER, fit, font
from unpool.report.grid import shorten
from unpool.report.heat import lay_heat_over

SIDE, GAP, BETWEEN, EDGE = 240, 2, 28, 28  # pixels: of a cell, within a pair, between pairs, around the sheet
MARGIN = 3  # pixels around an image, for the outline of a mask that ends with it
PER_ROW = 3  # pairs side by side
TITLE, LINE, SECTION, CAPTION = 36, 24, 40, 48  # heights of the lines of text, pixels
WRONG = (200, 40, 20)
LIGHT, DARK = (255, 255, 255), (0, 0, 0)


@dataclass(frozen=True)
class ShownImage:
    """An image of the sheet.

    Args:
        pixels_HW3: the image, uint8.
        heat_hw: its heat, float32, which covers all of it.
        mask_hw: the pixels of its defects, bool; None where that is not known.
        path: its key.
        kind: good, or the kind of its defect.
        score: larger for worse.
        is_wrong: whether the threshold calls it what it is not.
    """

    pixels_HW3: np.ndarray
    heat_hw: np.ndarray
    mask_hw: np.ndarray | None
    path: str
    kind: str
    score: float
    is_wrong: bool


@dataclass(frozen=True)
class Section:
    """Images under a heading."""

    heading: str
    images: Sequence[ShownImage]


def draw_misses(
    sections: Sequence[Section], *, heat_threshold: float, title: str, lines: Sequence[str] = ()
) -> Image.Image:
    """Draw images in pairs: plain, and under their heat.

    The mask of a defect is outlined in white.

    Args:
        sections: images under headings; empty ones are left out.
        heat_threshold: a heat above it is part of a defect.
        title: heading of the sheet.
        lines: lines below it.

    Returns:
        The picture.
    """
    shown = [section for section in sections if section.images]
    head = EDGE + TITLE + LINE * len(lines)
    heights = [SECTION + math.ceil(len(each.images) / PER_ROW) * (SIDE + CAPTION) for each in shown]
    pair = 2 * SIDE + GAP
    width = 2 * EDGE + PER_ROW * (pair + BETWEEN) - BETWEEN
    sheet = Image.new("RGB", (width, head + sum(heights) + EDGE), PAPER)
    draw = ImageDraw.Draw(sheet)
    draw.text((EDGE, EDGE), title, fill=INK, font=font(22, bold=True))
    for number, line in enumerate(lines):
        draw.text((EDGE, EDGE + TITLE + LINE * number), line, fill=FAINT_INK, font=font(15))
    top = head
    for section, height in zip(shown, heights, strict=True):
        draw.text((EDGE, top + 10), section.heading, fill=INK, font=font(17, bold=True))
        for place, image in enumerate(section.images):
            row, column = divmod(place, PER_ROW)
            left, upper = EDGE + column * (pair + BETWEEN), top + SECTION + row * (SIDE + CAPTION)
            _draw_pair(sheet, image, left, upper, heat_threshold)
        top += height
    return sheet


def _draw_pair(sheet: Image.Image, shown: ShownImage, left: int, top: int, heat_threshold: float) -> None:
    small = fit(Image.fromarray(np.ascontiguousarray(shown.pixels_HW3)), SIDE - 2 * MARGIN)
    heat = Image.fromarray(np.ascontiguousarray(shown.heat_hw, np.float32))
    heat_HW = np.asarray(heat.resize(small.size, Image.Resampling.BILINEAR))
    pictures = [ImageOps.expand(small, MARGIN, PAPER)]
    pictures.append(ImageOps.expand(lay_heat_over(np.asarray(small), heat_HW, heat_threshold), MARGIN, PAPER))
    if shown.mask_hw is not None:
        outline_mask(pictures[1], shown.mask_hw)
    # Side by side, in the middle of both cells.
    start = left + SIDE + GAP // 2 - small.width - 2 * MARGIN - GAP // 2
    for place, picture in enumerate(pictures):
        at = (start + place * (picture.width + GAP), top + (SIDE - picture.height) // 2)
        sheet.paste(picture, at)
    draw, score = ImageDraw.Draw(sheet), f"{shown.score:.4g}"
    right, below = left + 2 * SIDE + GAP, top + SIDE + 5
    ink = WRONG if shown.is_wrong else INK
    draw.text((right, below), score, fill=ink, font=font(14, bold=shown.is_wrong), anchor="ra")
    room = right - left - font(14, bold=True).getlength(score) - 12
    draw.text((left, below), shorten(shown.path, room, 14), fill=FAINT_INK, font=font(14))


def outline_mask(image: Image.Image, mask_hw: np.ndarray) -> None:
    """Draw a line around what a mask marks, in place.

    The line is white with a dark rim, and lies outside, so that it hides nothing of the defect.

    Args:
        image: the picture, with a margin of 3 pixels.
        mask_hw: bool, of any size.
    """
    small = ImageOps.expand(
        _resize_mask(mask_hw, image.width - 2 * MARGIN, image.height - 2 * MARGIN), MARGIN
    )
    inner, outer = (small.filter(ImageFilter.MaxFilter(size)) for size in (5, 7))
    image.paste(DARK, mask=_difference(outer, small))
    image.paste(LIGHT, mask=_difference(inner, small))


def _resize_mask(mask_hw: np.ndarray, width: int, height: int) -> Image.Image:
    """A mask at another size; of a defect that is smaller than a pixel something is left."""
    for axis, length in enumerate((height, width)):
        starts = np.arange(length) * mask_hw.shape[axis] // length
        if mask_hw.shape[axis] > length:
            mask_hw = np.logical_or.reduceat(mask_hw, starts, axis=axis)
        else:
            mask_hw = mask_hw.take(starts, axis=axis)
    return Image.fromarray(np.ascontiguousarray(mask_hw)).convert("L")


def _difference(outer: Image.Image, inner: Image.Image) -> Image.Image:
    return Image.fromarray(np.asarray(outer) & ~np.asarray(inner))
