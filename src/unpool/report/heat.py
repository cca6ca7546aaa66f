"""Pictures of heat maps, alone and over the image.

H, W height and width of a picture, R rows of it.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw

MAX_SIDE = 2048  # pixels, of a picture
FULL_SCALE = 2.0  # the last colour, times the heat that is a defect: so two pictures compare
SHOWN = (
    0.5,
    1.5,
)  # times the same: up to the first an image is left as it is, from the second on it is covered most
OPACITY = 0.6  # over an image, at most
STRIP_PIXELS = 8_000_000  # that are reduced at a time
BOX, BOX_EDGE = (255, 255, 255), (20, 20, 20)

# Of matplotlib's inferno, whose lightness rises evenly: at even distances.
_STOPS = (
    (0, 0, 4), (17, 10, 48), (50, 10, 94), (87, 16, 110), (120, 28, 109), (154, 40, 101),
    (188, 55, 84), (216, 76, 62), (237, 105, 37), (249, 140, 10), (252, 180, 24), (244, 223, 83),
    (252, 255, 164),
)  # fmt: skip

ReadRows = Callable[[int, int], np.ndarray]
Box = tuple[int, int, int, int]


def heat_palette() -> np.ndarray:
    """Tabulate the colours of heat, (256, 3) uint8.

    >>> heat_palette()[[0, 255]].tolist()
    [[0, 0, 4], [252, 255, 164]]
    """
    stops, place = np.array(_STOPS, np.float64), np.linspace(0, 1, len(_STOPS))
    channels = [np.interp(np.linspace(0, 1, 256), place, stops[:, channel]) for channel in range(3)]
    return np.round(np.stack(channels, axis=1)).astype(np.uint8)


def reduced_size(height: int, width: int, max_side: int = MAX_SIDE) -> tuple[int, int]:
    """Compute the size of a reduced picture.

    Args:
        height: Of the picture, pixels.
        width: Of the picture, pixels.
        max_side: The longest side that it may have, pixels.

    Returns:
        Height and width, divided by the same whole number and rounded up.

    >>> reduced_size(373, 248), reduced_size(12_000, 9_001)
    ((373, 248), (2000, 1501))
    """
    step = -(-max(height, width) // max_side)
    return -(-height // step), -(-width // step)


def reduce_rows(read: ReadRows, height: int, width: int, max_side: int = MAX_SIDE) -> np.ndarray:
    """Reduce a picture that is read by rows.

    Args:
        read: Reads rows from, up to: (R, W, 3) uint8.
        height: Of the picture, pixels.
        width: Of the picture, pixels.
        max_side: Longest side of the result, pixels.

    Returns:
        Means of squares of pixels, of the size that `reduced_size` says, uint8.
    """
    step = -(-max(height, width) // max_side)
    if step == 1:
        return read(0, height)
    rows = max(1, STRIP_PIXELS // (step * width)) * step
    strips = []
    for top in range(0, height, rows):
        strip_RW3 = np.ascontiguousarray(read(top, min(height, top + rows)))
        strips.append(np.asarray(Image.fromarray(strip_RW3).reduce(step)))
    return np.concatenate(strips)


def paint_heat(heat_HW: np.ndarray, threshold: float) -> Image.Image:
    """Paint a heat map.

    Args:
        heat_HW: The heat.
        threshold: A heat above it is part of a defect; the colours go from 0 to twice of it.

    Returns:
        A picture with a palette.
    """
    image = Image.fromarray(_levels(heat_HW, threshold), "P")
    image.putpalette(heat_palette().ravel().tolist())
    return image


def lay_heat_over(
    pixels_HW3: np.ndarray, heat_HW: np.ndarray, threshold: float, box: Box | None = None
) -> Image.Image:
    """Lay a heat map over an image.

    Args:
        pixels_HW3: The image, uint8.
        heat_HW: The heat, of the same size.
        threshold: As for `paint_heat`; heat below half of it leaves the image as it is.
        box: Left, top, right and bottom of the worst region in this picture; None for no box.

    Returns:
        The picture.
    """
    level_HW = _levels(heat_HW, threshold)
    alpha_256 = OPACITY * np.interp(np.linspace(0, FULL_SCALE, 256), SHOWN, (0, 1))
    mask = Image.fromarray(np.round(255 * alpha_256).astype(np.uint8)[level_HW])
    colours = Image.fromarray(heat_palette()[level_HW])
    overlaid = Image.composite(colours, Image.fromarray(np.ascontiguousarray(pixels_HW3)), mask)
    if box is not None:
        _draw_box(overlaid, box)
    return overlaid


def _levels(heat_HW: np.ndarray, threshold: float) -> np.ndarray:
    """The place of each heat on the scale, uint8."""
    full = FULL_SCALE * threshold
    if not full > 0:
        return np.where(heat_HW > threshold, 255, 0).astype(np.uint8)
    level_HW: np.ndarray = np.clip(np.round(heat_HW * (255 / full)), 0, 255).astype(np.uint8)
    return level_HW


def _draw_box(image: Image.Image, box: Box) -> None:
    """A light line and a dark one outside of the box, or as far out as there is room."""
    line, (left, top, right, bottom) = max(1, round(max(image.size) / 400)), box
    outer = 2 * line
    left, top = max(0, left - outer), max(0, top - outer)
    right, bottom = min(image.width, right + outer) - 1, min(image.height, bottom + outer) - 1
    draw = ImageDraw.Draw(image)
    draw.rectangle((left, top, right, bottom), outline=BOX_EDGE, width=line)
    if min(right - left, bottom - top) > 2 * line:
        draw.rectangle((left + line, top + line, right - line, bottom - line), outline=BOX, width=line)
