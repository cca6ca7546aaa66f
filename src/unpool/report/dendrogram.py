"""dendrogram.png: the tree of groups, with their typical images.

K groups; a hierarchy has K − 1 rows of (a, b, height, images).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from unpool.report.drawing import (
    FAINT_INK,
    INK,
    PAPER,
    draw_label,
    fit,
    font,
    label_box,
    open_thumbnail,
    paste_centred,
    png_bytes,
)
from unpool.report.palette import group_colours

MAX_GROUPS = 60  # groups on one picture
ROW, THUMBNAIL = 58, 44  # pixels
LEFT, TREE, FOOT = 40, 820, 78  # pixels: margin, width of the tree, room for its axis
PICTURE, LABEL, SIZE = 40, 76, 190  # pixels to the right of the tree
TEXT = 16  # pixels
MAX_TICKS = 6


def draw_dendrogram(
    merges: Sequence[Sequence[float]] | NDArray[np.float64],
    groups: Sequence[int],
    sizes: Sequence[int],
    thumbnails: Mapping[int, bytes | None],
) -> bytes | None:
    """Draw the tree of groups, from top to bottom.

    Args:
        merges: (K − 1, 4) rows of (a, b, height, images), as SciPy's linkage matrices.
        groups: numbers of the groups, in the order in which `merges` counts them.
        sizes: images in each group, in the same order.
        thumbnails: group number → WebP bytes of its typical image.

    Returns:
        A PNG file; None for fewer than 2 or more than 60 groups.
    """
    if not 2 <= len(groups) <= MAX_GROUPS:
        return None
    from scipy.cluster.hierarchy import dendrogram

    drawn = dendrogram(_counting_groups(merges, len(groups)), orientation="left", no_plot=True)
    height = ROW * len(groups)
    sheet = Image.new("RGB", (LEFT + TREE + SIZE + 90, height + FOOT), PAPER)
    draw = ImageDraw.Draw(sheet)
    scale = TREE / max(max(max(far) for far in drawn["dcoord"]), 1e-12)
    for near, far in zip(drawn["icoord"], drawn["dcoord"], strict=True):
        # SciPy counts ten to a leaf, from the bottom up.
        corners = [(LEFT + TREE - x * scale, height - y * ROW / 10) for y, x in zip(near, far, strict=True)]
        draw.line(corners, fill=FAINT_INK, width=3, joint="curve")
    colours = group_colours(list(groups))
    for place, leaf in enumerate(drawn["leaves"] or []):
        middle, number = round(height - (place + 0.5) * ROW), groups[leaf]
        _draw_leaf(sheet, middle, f"group {number}", sizes[leaf], colours[number], thumbnails.get(number))
    _draw_axis(draw, height, scale)
    return png_bytes(sheet)


def _counting_groups(
    merges: Sequence[Sequence[float]] | NDArray[np.float64], num_groups: int
) -> NDArray[np.float64]:
    """The same rows with groups counted in the last column, as SciPy expects them, instead of images."""
    rows = np.array(merges, float)
    counted = [1] * num_groups
    for row in rows:
        counted.append(counted[int(row[0])] + counted[int(row[1])])
        row[3] = counted[-1]
    return rows


def _draw_leaf(
    sheet: Image.Image, middle: int, name: str, size: int, colour: str, thumbnail: bytes | None
) -> None:
    """Picture, name and size to the right of the tree's end."""
    draw, end = ImageDraw.Draw(sheet), LEFT + TREE
    if (image := open_thumbnail(thumbnail)) is not None:
        left, top = end + PICTURE - THUMBNAIL // 2, middle - THUMBNAIL // 2
        paste_centred(sheet, fit(image, THUMBNAIL), left, top, THUMBNAIL)
    half_width = label_box((0, 0), name, TEXT)[2]
    draw_label(draw, (end + LABEL + half_width, middle), name, colour, TEXT)
    draw.text((end + SIZE, middle), f"{size:,}", fill=FAINT_INK, font=font(TEXT), anchor="lm")


def _draw_axis(draw: ImageDraw.ImageDraw, top: int, scale: float) -> None:
    """The height at which groups are joined, from 0 at the right."""
    draw.line(((LEFT, top), (LEFT + TREE, top)), fill=INK, width=1)
    step = _round_step(TREE / scale)
    for tick in range(int(TREE / scale / step + 1e-9) + 1):
        x = LEFT + TREE - tick * step * scale
        draw.line(((x, top), (x, top + 6)), fill=INK, width=1)
        draw.text((x, top + 10), f"{tick * step:g}", fill=INK, font=font(TEXT), anchor="mt")
    title = "how far groups are apart where they are joined (Ward)"
    draw.text((LEFT + TREE / 2, top + 40), title, fill=INK, font=font(TEXT), anchor="mt")


def _round_step(length: float) -> float:
    """The smallest step of 1, 2 or 5 times a power of ten that needs no more than six ticks.

    >>> _round_step(11), _round_step(0.4)
    (2.0, 0.1)
    """
    power: float = 10.0 ** math.floor(math.log10(max(length / MAX_TICKS, 1e-12)))
    return next(each * power for each in (1, 2, 5, 10) if length / (each * power) <= MAX_TICKS)
