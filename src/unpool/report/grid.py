"""Many images in one picture, a few cells for each.

Such cells are input, corrupted input and output.

Shapes: N images, height H, width W, channels C.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from unpool.report.drawing import FAINT_INK, INK, PAPER, fit, font, paste_centred

MAX_IMAGES = 64
SMALLEST, LARGEST = 96, 256  # side of a cell in pixels
EDGE, GAP, BETWEEN = 28, 4, 24  # around the sheet, within one image's cells, from image to image
TITLE, LINE, HEADING, LABEL = 36, 24, 26, 28  # heights of the lines of text
RIM = (222, 224, 228)
WIDE = 1.25  # the sheet's width for its height

Columns = Mapping[str, NDArray[np.uint8]]


def draw_grid(
    columns: Columns,
    *,
    labels: Sequence[tuple[str, str]] = (),
    title: str = "",
    lines: Sequence[str] = (),
) -> Image.Image:
    """Draw up to 64 images as rows of cells.

    Small images are enlarged by whole factors, so that pixels stay squares.

    Args:
        columns: name → images (N, H, W, C) uint8 of one column.
        labels: two texts under each image, one at the left, shorten where it is long, and one at the right.
        title: a heading.
        lines: lines below the heading.

    Returns:
        The picture.

    >>> cells = np.zeros((3, 8, 8, 1), np.uint8)
    >>> draw_grid({"input": cells, "output": cells}).size
    (444, 730)
    """
    count = min(MAX_IMAGES, *(len(images) for images in columns.values()))
    side = cell_side(max(next(iter(columns.values())).shape[1:3]), count)
    width, height = len(columns) * (side + GAP) - GAP, side + (LABEL if labels else BETWEEN)
    per_row = _per_row(count, width + BETWEEN, height)
    top = EDGE + (TITLE if title else 0) + LINE * len(lines) + HEADING
    grid_width = per_row * (width + BETWEEN) - BETWEEN
    sheet_width = max(grid_width, _text_width(title, lines)) + 2 * EDGE
    sheet = Image.new("RGB", (sheet_width, top + math.ceil(count / per_row) * height + EDGE), PAPER)
    _draw_heading(sheet, title, lines)
    for place in range(count):
        row, column = divmod(place, per_row)
        left, upper = EDGE + column * (width + BETWEEN), top + row * height
        if row == 0:
            _draw_names(sheet, list(columns), left, upper, side)
        _draw_cells(sheet, [images[place] for images in columns.values()], left, upper, side)
        if labels:
            _draw_label(sheet, labels[place], left, upper + side, width)
    return sheet


def cell_side(size: int, count: int) -> int:
    """Choose the side of a cell in pixels.

    The fewer images, the larger. A whole multiple of `size` wherever possible, since other factors blur small
    images or bend their grid.

    >>> cell_side(8, 64), cell_side(28, 64), cell_side(64, 1), cell_side(224, 64), cell_side(512, 64)
    (96, 112, 192, 224, 256)
    """
    target = 2 * SMALLEST if count <= 6 else 128 if count <= 24 else SMALLEST
    for low in (target, SMALLEST):
        side = size * math.ceil(low / size)
        if side <= LARGEST:
            return side
    return LARGEST


def _per_row(count: int, width: int, height: int) -> int:
    """How many images stand side by side: the sheet a little wider than high, the last row nearly full."""
    target = max(1, min(count, round(math.sqrt(WIDE * count * height / width))))
    near = range(min(count, target + 1), max(1, target - 1) - 1, -1)
    return min(near, key=lambda per_row: (-count % per_row + abs(per_row - target), abs(per_row - target)))


def _text_width(title: str, lines: Sequence[str]) -> int:
    widths = [font(15).getlength(line) for line in lines] + [font(22, bold=True).getlength(title)]
    return math.ceil(max(widths))


def _draw_heading(sheet: Image.Image, title: str, lines: Sequence[str]) -> None:
    draw = ImageDraw.Draw(sheet)
    top = EDGE
    if title:
        draw.text((EDGE, top), title, fill=INK, font=font(22, bold=True))
        top += TITLE
    for line in lines:
        draw.text((EDGE, top), line, fill=FAINT_INK, font=font(15))
        top += LINE


def _draw_names(sheet: Image.Image, names: Sequence[str], left: int, top: int, side: int) -> None:
    for column, name in enumerate(names):
        place = (left + column * (side + GAP) + side / 2, top - 6)
        ImageDraw.Draw(sheet).text(place, name, fill=FAINT_INK, font=font(14), anchor="mb")


def _draw_cells(
    sheet: Image.Image, images: Sequence[NDArray[np.uint8]], left: int, top: int, side: int
) -> None:
    for image_HWC in images:
        # The rim keeps white images apart from the paper, and covers nothing of them.
        box = (left - 1, top - 1, left + side, top + side)
        ImageDraw.Draw(sheet).rectangle(box, outline=RIM)
        paste_centred(sheet, fit(_as_image(image_HWC), side), left, top, side)
        left += side + GAP


def _draw_label(sheet: Image.Image, label: tuple[str, str], left: int, top: int, width: int) -> None:
    draw, (name, value) = ImageDraw.Draw(sheet), label
    room = width - font(13).getlength(value) - 8
    draw.text((left, top + 4), shorten(name, room), fill=FAINT_INK, font=font(13))
    draw.text((left + width, top + 4), value, fill=INK, font=font(13), anchor="ra")


def shorten(text: str, width: float, size: int = 13) -> str:
    """Shorten a text to its end, after an ellipsis.

    A path's end distinguishes it best.

    Args:
        text: the text; what cannot be printed becomes �.
        width: room, pixels.
        size: of the font, pixels.

    Returns:
        The text, as much of it as fits.
    """
    text = "".join(letter if letter.isprintable() else "�" for letter in text)
    if font(size).getlength(text) <= width:
        return text
    start = next((i for i in range(1, len(text)) if font(size).getlength("…" + text[i:]) <= width), len(text))
    return "…" + text[start:]


def _as_image(x_HWC: NDArray[np.uint8]) -> Image.Image:
    return Image.fromarray(x_HWC[..., 0] if x_HWC.shape[-1] == 1 else x_HWC[..., :3]).convert("RGB")
