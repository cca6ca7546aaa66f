"""Pictures of label maps: painted, laid over the image, and beside the truth; and the page of a training.

N images, H height, W width.
"""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from unpool.images.masks.pixel_classes import IGNORE
from unpool.report.drawing import FAINT_INK, INK, PAPER, font

NOT_LABELLED = (235, 235, 235)
OPACITY = 0.55
CELL, GAP, EDGE, HEADING, LEGEND = 320, 8, 20, 30, 26  # pixels
COLUMNS = ("image", "prediction", "truth")

Colours = Sequence[tuple[int, int, int]]
Row = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def palette_of(colours: Colours) -> np.ndarray:
    """A colour for each of 256 values, (256, 3) uint8; light grey where there is no class."""
    table = np.full((256, 3), NOT_LABELLED, np.uint8)
    table[: len(colours)] = np.array(colours, np.uint8).reshape(-1, 3)
    return table


def painted(label_HW: np.ndarray, colours: Colours) -> np.ndarray:
    """Positions of classes (H, W) uint8 → their colours (H, W, 3) uint8."""
    rgb_HW3: np.ndarray = palette_of(colours)[label_HW]
    return rgb_HW3


def overlay(pixels_HW3: np.ndarray, label_HW: np.ndarray, colours: Colours) -> np.ndarray:
    """The image with each class shining over it, (H, W, 3) uint8; pixels of no class stay as they are."""
    paint = painted(label_HW, colours).astype(np.float32)
    mixed = (1 - OPACITY) * pixels_HW3 + OPACITY * paint
    kept = (label_HW != IGNORE)[..., None]
    return np.where(kept, mixed.round(), pixels_HW3).astype(np.uint8)


def draw_rows(rows: Sequence[Row], names: Sequence[str], colours: Colours) -> Image.Image:
    """Image | prediction | truth, a row for each, and the colours of the classes below.

    A row is (pixels (H, W, 3), predicted (H, W), true (H, W) or None).
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
        cells = [pixels, painted(predicted, colours), *([] if true is None else [painted(true, colours)])]
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
    title: str, facts: Mapping[str, Any], figures: Sequence[tuple[str, Path]], table: Any
) -> str:
    """index.html of a training: facts, the table of classes, and pictures, all in one file.

    `figures` are titles and PNG or JPEG files; `table` is (names of the columns, rows of text).
    """
    told = "".join(f"<dt>{_text(name)}</dt><dd>{_text(value)}</dd>" for name, value in facts.items())
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
        f"<title>{_text(title)}</title><style>{STYLE}</style><main><h1>{_text(title)}</h1><dl>{told}</dl>"
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


def _text(value: Any) -> str:
    return html.escape(str(value), quote=True)


def _data(path: Path) -> str:
    kind = "png" if path.suffix == ".png" else "jpeg"
    return f"data:image/{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
