"""map.png: images at their places, some with thumbnails.

Shapes: N images; 2 is x and y.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from unpool.report.drawing import FAINT_INK, PAPER, cut_end, draw_label, fit, font, label_box, open_thumbnail
from unpool.report.items import Items, middle_image
from unpool.report.palette import group_colours, rgb_of
from unpool.report.thinning import level_for

SIZE = (2000, 1600)
MARGIN = 90
BORDER = 3
SHARE_COVERED = 1.0  # of the picture, by thumbnails, were they spread evenly
SMALLEST, LARGEST, SMALLEST_IN_ROWS = 52, 180, 20
MAX_SIGNS = 32  # of a group's name on its tag
EDGE = 8  # pixels between a tag and the end of the picture

Box: TypeAlias = tuple[float, float, float, float]  # left, top, right, bottom


def draw_map(items: Items, level_N: NDArray[np.int64], names: Mapping[int, str] | None = None) -> Image.Image:
    """Draw the map, 2000 × 1600 pixels.

    Args:
        items: the images, their places and groups.
        level_N: the level of each image (`report.thinning.assign_levels`); low ones show as pictures first.
        names: group number → name; by default the number.

    Returns:
        The picture.
    """
    pixel_N2, scale = _to_pixels(items.place_N2)
    colours = group_colours(list(items.groups()))
    canvas = np.full((SIZE[1], SIZE[0], 3), PAPER, dtype=np.float32)
    _stamp_dots(canvas, pixel_N2, _colour_rows(items, colours))
    picture = Image.fromarray(canvas.round().astype(np.uint8))
    side = _thumbnail_side(len(items))
    shown = np.flatnonzero(level_N <= finest_level(items))
    if items.row_step is not None and items.row_step * scale > SMALLEST_IN_ROWS:
        side, shown = min(LARGEST, int(0.92 * items.row_step * scale)), np.arange(len(items))
    for index in shown[np.argsort(-level_N[shown], kind="stable")].tolist():
        _paste(picture, items.thumbnails[index], pixel_N2[index], side, colours[int(items.group_N[index])])
    draw = ImageDraw.Draw(picture)
    places = [_tag_places(items, pixel_N2, sign * (side / 2 + 14), shown) for sign in (-1, 1)]
    _draw_labels(draw, items, places, colours, names or {})
    if not items.mapped:
        note = "There is no map yet: the images in order of their groups"
        draw.text((SIZE[0] / 2, 40), note, fill=FAINT_INK, font=font(26), anchor="mm")
    return picture


def finest_level(items: Items) -> int:
    """Return the finest level whose images `draw_map` shows as pictures."""
    return level_for((_thumbnail_side(len(items)) + 4) / _to_pixels(items.place_N2)[1])


def _to_pixels(place_N2: NDArray[np.float64]) -> tuple[NDArray[np.float64], float]:
    known = place_N2[np.isfinite(place_N2[:, 0])]
    low, extent = (known.min(axis=0), np.ptp(known, axis=0)) if len(known) else (np.zeros(2), np.zeros(2))
    room = np.array(SIZE) - 2 * MARGIN
    scale = float(min((room / np.maximum(extent, 1e-9)).min(), max(room)))
    return (place_N2 - low) * scale + (np.array(SIZE) - extent * scale) / 2, scale


def _thumbnail_side(num_images: int) -> int:
    return int(np.clip(np.sqrt(SHARE_COVERED * SIZE[0] * SIZE[1] / max(1, num_images)), SMALLEST, LARGEST))


def _colour_rows(items: Items, colours: dict[int, str]) -> NDArray[np.float32]:
    numbers, place_N = np.unique(items.group_N, return_inverse=True)
    rows = np.array([rgb_of(colours[group]) * 255 for group in numbers.tolist()], dtype=np.float32)
    return rows.reshape(-1, 3)[place_N]


def _stamp_dots(
    canvas: NDArray[np.float32], pixel_N2: NDArray[np.float64], colour_N3: NDArray[np.float32]
) -> None:
    """A soft-edged disc for each image, with a darker rim that lets pale colours stand out from the paper."""
    on_map_N = np.isfinite(pixel_N2[:, 0])
    colour_N3 = colour_N3[on_map_N]
    column_N, row_N = pixel_N2[on_map_N].round().astype(np.int64).T
    radius = float(np.clip(220 / np.sqrt(max(1, len(colour_N3))), 2.0, 6.0))
    for extra, shade in ((1.0, 0.72), (0.0, 1.0)):
        reach = int(np.ceil(radius + extra))
        for dy, dx in np.ndindex(2 * reach + 1, 2 * reach + 1):
            cover = float(np.clip(radius + extra + 0.5 - np.hypot(dy - reach, dx - reach), 0, 1))
            if cover > 0:
                at = (row_N + dy - reach, column_N + dx - reach)
                canvas[at] = canvas[at] * (1 - cover) + colour_N3 * (shade * cover)


def _paste(
    picture: Image.Image, content: bytes | None, centre: NDArray[np.float64], side: int, colour: str
) -> None:
    thumbnail = open_thumbnail(content)
    if thumbnail is None:
        return
    thumbnail = fit(thumbnail, side - 2 * BORDER)
    framed = Image.new("RGB", (thumbnail.width + 2 * BORDER, thumbnail.height + 2 * BORDER), colour)
    framed.paste(thumbnail, (BORDER, BORDER))
    left, top = round(centre[0] - framed.width / 2), round(centre[1] - framed.height / 2)
    picture.paste(framed, (left, top))


def _tag_places(
    items: Items, pixel_N2: NDArray[np.float64], shift: float, shown: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Where an image's tag goes: above or below its thumbnail, just touching it, or on its dot."""
    place_N2 = pixel_N2.copy()
    place_N2[[index for index in shown.tolist() if items.thumbnails[index]], 1] += shift
    return place_N2


def _draw_labels(
    draw: ImageDraw.ImageDraw,
    items: Items,
    places: Sequence[NDArray[np.float64]],
    colours: dict[int, str],
    names: Mapping[int, str],
) -> None:
    """The name or number of each group at its middle image; where no place is free, that of the larger ones."""
    groups = {group: members for group, members in items.groups().items() if group >= 0}
    size = 30 if len(groups) <= 40 else 22
    taken: list[Box] = []
    for group, members in sorted(groups.items(), key=lambda entry: -len(entry[1])):
        middle = middle_image(items.place_N2, members)
        if middle is None:
            continue
        name = cut_end(names.get(group, str(group)), MAX_SIGNS)
        for place_N2 in places:
            centre = _inside(label_box((place_N2[middle, 0], place_N2[middle, 1]), name, size))
            box = label_box(centre, name, size)
            if not any(_overlap(box, other) for other in taken):
                taken.append(box)
                draw_label(draw, centre, name, colours[group], size)
                break


def _inside(box: Box) -> tuple[float, float]:
    """The centre of a box that is moved as far as it needs to lie in the picture."""
    half = (box[2] - box[0]) / 2 + EDGE
    return float(np.clip((box[0] + box[2]) / 2, half, SIZE[0] - half)), (box[1] + box[3]) / 2


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
