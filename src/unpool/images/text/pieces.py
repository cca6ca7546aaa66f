"""Pictures in pieces of a shape that suits reading.

The network that finds text enlarges the shorter side of a picture: of a long strip it would make gigabytes.

Shapes: H, W height and width.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from PIL import Image

MAX_SIDE = 2000  # pixels of the longer side of what is read at once
MIN_SIDE = 400  # pixels; smaller pictures get a margin: letters that fill a picture are overlooked
MAX_RATIO = 4  # of the sides; longer pictures are cut
MARGIN = 0.06  # of the shorter side, for the same reason
OVERLAP = 0.5  # of the shorter side, so that a line of text is whole in one piece


def cut_pieces(pixels: np.ndarray) -> Iterator[np.ndarray]:
    """Cut a picture into pieces.

    Each is read by itself.

    Args:
        pixels: (H, W, 3) uint8.

    Yields:
        Pieces of at most `MAX_SIDE`, from left to right or from the top down; most pictures are one.
    """
    height, width = pixels.shape[:2]
    short, long = sorted((height, width))
    length = MAX_RATIO * max(short, MIN_SIDE)
    step = max(1, length - round(OVERLAP * max(short, MIN_SIDE)))
    for start in range(0, max(1, long - (length - step)), step):
        piece = pixels[:, start : start + length] if width >= height else pixels[start : start + length]
        yield _add_margin(_shrink(piece))


def _shrink(pixels: np.ndarray) -> np.ndarray:
    if max(pixels.shape[:2]) <= MAX_SIDE:
        return pixels
    image = Image.fromarray(np.ascontiguousarray(pixels))
    image.thumbnail((MAX_SIDE, MAX_SIDE), Image.Resampling.BICUBIC)
    return np.asarray(image)


def _add_margin(pixels: np.ndarray) -> np.ndarray:
    """Add a margin in the colour of the picture's edge."""
    height, width = pixels.shape[:2]
    margin = round(MARGIN * min(height, width))
    below, right = (margin + max(0, MIN_SIDE - side) for side in (height, width))
    edge = np.concatenate([pixels[0], pixels[-1], pixels[:, 0], pixels[:, -1]])
    padded = np.empty((height + margin + below, width + margin + right, 3), np.uint8)
    padded[:] = np.median(edge, 0).astype(np.uint8)
    padded[margin : margin + height, margin : margin + width] = pixels
    return padded
