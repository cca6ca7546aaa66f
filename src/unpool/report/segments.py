"""Pictures of label maps, and the page of a training.

N images, H height, W width, R rows, L labels, V values of a channel.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from unpool.report.drawing import FAINT_INK, INK, PAPER, font

GROUND = (0, 0, 0)  # a class of this colour, mostly the background, is not laid over images
NOT_LABELLED = (235, 235, 235)
OPACITY = 0.55
OVERLAY_ROWS = 256  # that are laid over at a time
CELL, GAP, EDGE, HEADING, LEGEND = 320, 8, 20, 30, 26  # pixels
COLUMNS = ("image", "prediction", "truth")

Colours = Sequence[tuple[int, int, int]]
Table = tuple[Sequence[str], Sequence[Sequence[str]]]
Row = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def palette_of(colours: Colours) -> np.ndarray:
    """Make a palette of 256 colours, (256, 3) uint8.

    Values that are no class are light grey.
    """
    table = np.full((256, 3), NOT_LABELLED, np.uint8)
    table[: len(colours)] = np.array(colours, np.uint8).reshape(-1, 3)
    return table


def paint(label_HW: np.ndarray, colours: Colours) -> np.ndarray:
    """Paint a label map (H, W) uint8 as (H, W, 3) uint8."""
    rgb_HW3: np.ndarray = palette_of(colours)[label_HW]
    return rgb_HW3


def overlay(pixels_HW3: np.ndarray, label_HW: np.ndarray, colours: Colours) -> np.ndarray:
    """Lay the classes' colours over an image.

    Args:
        pixels_HW3: the image, uint8.
        label_HW: positions of classes, uint8; pixels of no class, and of a black one, stay as they are.
        colours: RGB of each class, 0 to 255.

    Returns:
        (H, W, 3) uint8.
    """
    overlaid_HW3 = np.empty(pixels_HW3.shape, np.uint8)
    table_LV3 = _mixtures(colours)
    for top in range(0, len(pixels_HW3), OVERLAY_ROWS):
        rows = slice(top, top + OVERLAY_ROWS)
        line_RW = label_HW[rows].astype(np.uint16) << 8
        for channel in range(3):
            place_RW = line_RW | pixels_HW3[rows, :, channel]
            overlaid_HW3[rows, :, channel] = np.take(table_LV3[:, :, channel].ravel(), place_RW)
    return overlaid_HW3


def _mixtures(colours: Colours) -> np.ndarray:
    """What each label makes of each value, (256, 256, 3) uint8: a picture has far more pixels."""
    value_V = np.arange(256, dtype=np.uint8)
    colour_L3 = palette_of(colours).astype(np.float32)
    mixed_LV3 = (1 - OPACITY) * value_V[:, None] + OPACITY * colour_L3[:, None, :]
    return np.where(painted(colours)[:, None, None], mixed_LV3.round(), value_V[:, None]).astype(np.uint8)


def painted(colours: Colours) -> np.ndarray:
    """Tabulate what is laid over images, (256,) bool.

    Black on an image only darkens it, and would hide most of one whose ground is black; it stays as it is.

    >>> painted([(0, 0, 0), (128, 0, 0)])[:3].tolist()
    [False, True, False]
    """
    table = np.zeros(256, bool)
    table[: len(colours)] = [tuple(colour) != GROUND for colour in colours]
    return table


def draw_rows(rows: Sequence[Row], names: Sequence[str], colours: Colours) -> Image.Image:
    """Draw image | prediction | truth, with the classes' legend below.

    Args:
        rows: (pixels (H, W, 3), predicted (H, W), true (H, W) or None) of each image.
        names: of the classes.
        colours: RGB of each class, 0 to 255.

    Returns:
        The picture.
    """
    columns = COLUMNS if any(row[2] is not None for row in rows) else COLUMNS[:2]
    heights = [max(1, round(CELL * row[0].shape[0] / row[0].shape[1])) for row in rows]
    width = 2 * EDGE + len(columns) * (CELL + GAP) - GAP
    places, legend_height = _legend(names, width)
    sheet = Image.new(
        "RGB", (width, 2 * EDGE + HEADING + sum(heights) + GAP * len(rows) + legend_height), PAPER
    )
    draw = ImageDraw.Draw(sheet)
    for place, name in enumerate(columns):
        draw.text((EDGE + place * (CELL + GAP), EDGE), name, fill=FAINT_INK, font=font(16))
    top = EDGE + HEADING
    for (pixels, predicted, true), height in zip(rows, heights, strict=True):
        cells = [pixels, paint(predicted, colours), *([] if true is None else [paint(true, colours)])]
        for place, cell in enumerate(cells):
            method = Image.Resampling.LANCZOS if place == 0 else Image.Resampling.NEAREST
            picture = Image.fromarray(cell).resize((CELL, height), method)
            sheet.paste(picture, (EDGE + place * (CELL + GAP), top))
        top += height + GAP
    for (left, down), name, colour in zip(places, names, colours, strict=True):
        draw.rectangle(
            (left, top + down + 5, left + 14, top + down + 19), fill=tuple(colour), outline=FAINT_INK
        )
        draw.text((left + 20, top + down + 3), name, fill=INK, font=font(14))
    return sheet


def _legend(names: Sequence[str], width: int) -> tuple[list[tuple[int, int]], int]:
    """Where each class's colour stands below the rows, and how much height all of them take."""
    places, left, down = [], EDGE, 0
    for name in names:
        wide = 20 + int(font(14).getlength(name)) + 18
        if left + wide > width - EDGE and left > EDGE:
            left, down = EDGE, down + LEGEND
        places.append((left, down))
        left += wide
    return places, down + LEGEND


def build_segment_page(
    title: str, facts: Mapping[str, object], figures: Sequence[tuple[str, Path]], table: Table
) -> str:
    """Build index.html of a training, all in one file.

    Args:
        title: heading of the page.
        facts: name → value, shown first.
        figures: titles and PNG or JPEG files.
        table: names of the columns, and rows of text.

    Returns:
        HTML.
    """
    listed = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in facts.items())
    columns, rows = table
    head = "".join(f"<th scope=col>{_text(name)}</th>" for name in columns)
    body = "".join("<tr>" + "".join(f"<td>{_text(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    pictures = "".join(
        f"<figure><figcaption>{_text(name)}</figcaption>"
        f"<img loading=lazy alt='{_text(name)}' src='{_data(path)}'></figure>"
        for name, path in figures
    )
    return (
        f"<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{_text(title)}</title><style>{STYLE}</style><main><h1>{_text(title)}</h1><dl>{listed}</dl>"
        f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{pictures}</main></html>\n"
    )


STYLE = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 1100px; margin: 0 auto; padding: 1.5rem 1rem 4rem; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.2rem; }
dt { opacity: .7 } dd { margin: 0 }
table { border-collapse: collapse; margin: 1.5rem 0; }
th, td { text-align: right; padding: .25rem .8rem; border-bottom: 1px solid #8884; 
  font-variant-numeric: tabular-nums; }
th:first-child, td:first-child { text-align: left; }
figure { margin: 1.5rem 0 } figcaption { opacity: .7; margin-bottom: .4rem } img { max-width: 100%; height: auto; }
"""


def _text(value: object) -> str:
    return html.escape(str(value), quote=True)


def _data(path: Path) -> str:
    kind = "png" if path.suffix == ".png" else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
