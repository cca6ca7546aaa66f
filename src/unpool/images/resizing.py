"""Derive smaller pictures and measurements from decoded ones.

Shapes: H, W height and width of the picture.
"""

from __future__ import annotations

import io
import math
from typing import Literal

import numpy as np
from PIL import Image

from unpool.images.resampling import resize

SHARPNESS_SIDE = 256  # pixels of the longer side
MAX_ASPECT = 2.55  # long side to short, with the rounding of reduced pictures of 5:2


def square(
    pixels: np.ndarray,
    size: int,
    *,
    crop: Literal["centre", "squash"] = "centre",
    channels: Literal[1, 3] = 3,
) -> np.ndarray:
    """Resize pixels to a square, bicubic and antialiased.

    Args:
        pixels: (H, W, 3) or (H, W, 1) uint8.
        size: Side of the result, pixels.
        crop: `centre` takes the largest centred square as torchvision's Resize and CenterCrop do, of a picture more
            than 2.5 times as long as wide several strips that show all of it (`num_strips`); `squash` takes the whole
            picture.
        channels: Of the result; one channel is the luma of ITU-R 601.

    Returns:
        (size, size, channels) uint8.

    Raises:
        ValueError: For another crop or number of channels.

    >>> square(np.zeros((4, 6, 3), np.uint8), 2, channels=1).shape
    (2, 2, 1)
    """
    if crop not in ("centre", "squash") or channels not in (1, 3):
        raise ValueError(f"crop is '{crop}' and channels {channels}; expected centre or squash, and 1 or 3")
    shown = luma(pixels) if channels == 1 else _colour(pixels)
    if crop == "squash":
        return np.array(resize(shown, size, size))  # a copy, which may be written to
    strips = num_strips(shown.shape[1], shown.shape[0])
    return np.array(_centre(shown, size)) if strips == 1 or strips > size else _fold(shown, size, strips)


def num_strips(width: int, height: int) -> int:
    """Return in how many strips a picture is seen.

    It is 1 up to 5:2, which photographs and the screens of phones keep to, and otherwise the fewest k strips, k times
    as long as wide, that reach from end to end: side by side they make a square.

    Args:
        width: Pixels.
        height: Pixels.

    Returns:
        Number of strips.

    >>> num_strips(200, 100), num_strips(300, 100), num_strips(120, 1950)
    (1, 2, 5)
    """
    aspect = max(width, height) / max(1, min(width, height))
    return 1 if aspect <= MAX_ASPECT else math.ceil(math.sqrt(aspect))


def _fold(pixels: np.ndarray, size: int, strips: int) -> np.ndarray:
    """Lay strips of a long picture side by side, or one above the other; they overlap where they have to."""
    height, width, channels = pixels.shape
    is_tall = height > width
    short, long = sorted((width, height))
    length = min(long, strips * short)
    folded = np.empty((size, size, channels), np.uint8)
    for strip in range(strips):
        start = (long - length) * strip / (strips - 1)
        box = (0, start, short, start + length) if is_tall else (start, 0, start + length, short)
        first, last = size * strip // strips, size * (strip + 1) // strips
        if is_tall:
            folded[:, first:last] = resize(pixels, last - first, size, box)
        else:
            folded[first:last] = resize(pixels, size, last - first, box)
    return folded


def _centre(pixels: np.ndarray, size: int) -> np.ndarray:
    """Resize the shorter side to `size` and cut out the centre, to the pixel as torchvision does.

    Networks notice a shift of a quarter pixel, and published weights were measured with torchvision's Resize and
    CenterCrop. Only the centre is resized.
    """
    height, width = pixels.shape[:2]
    short = min(width, height)
    wide, high = int(size * width / short), int(size * height / short)
    left, top = round((wide - size) / 2), round((high - size) / 2)
    x, y = width / wide, height / high
    right, bottom = min(width, (left + size) * x), min(height, (top + size) * y)
    return resize(pixels, size, size, (left * x, top * y, right, bottom))


def shrink(pixels: np.ndarray, side: int) -> np.ndarray:
    """Resize pixels until the longer side is at most `side`.

    `pixels` is (H, W, 3) or (H, W, 1) uint8. Nothing is enlarged.

    >>> shrink(np.zeros((40, 20, 3), np.uint8), 10).shape
    (10, 5, 3)
    """
    height, width = pixels.shape[:2]
    scale = side / max(width, height)
    if scale >= 1:
        return pixels
    return resize(pixels, max(1, round(width * scale)), max(1, round(height * scale)))


def thumbnail(pixels: np.ndarray, side: int = 160) -> bytes:
    """Encode pixels as a small WebP.

    `pixels` is (H, W, 3) or (H, W, 1) uint8. The longer side gets at most `side` pixels; nothing is enlarged.
    Pictures of up to 32 pixels are kept exactly; larger ones are compressed.
    """
    image = _image(shrink(pixels, side))
    stream = io.BytesIO()
    # Method 0 of 6, the quickest: as true as the default at quality 80, a sixth larger.
    image.save(stream, "WEBP", quality=79, method=0, lossless=max(image.size) <= 32)
    return stream.getvalue()


def luma(pixels: np.ndarray) -> np.ndarray:
    """Compute grey values (H, W, 1) by ITU-R 601.

    `pixels` is (H, W, 3) or (H, W, 1) uint8.
    """
    return pixels if pixels.shape[-1] == 1 else np.asarray(_image(pixels).convert("L"))[..., None]


def sharpness(pixels: np.ndarray) -> float:
    """Return the variance of the luma's Laplacian.

    The luma is 0..255, at a longer side of at most 256 pixels.
    The fixed scale makes photographs of different sizes comparable; the lower, the more blurred.
    `pixels` is (H, W, 3) or (H, W, 1) uint8. Source: Pech-Pacheco et al., ICPR 2000, section 3.

    >>> sharpness(np.full((8, 8, 3), 90, np.uint8))
    0.0
    """
    grey = _repeat_border(luma(shrink(pixels, SHARPNESS_SIDE))[..., 0])
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1]
    laplacian += grey[1:-1, :-2]
    laplacian += grey[1:-1, 2:]
    laplacian -= 4 * grey[1:-1, 1:-1]
    deviation = laplacian.astype(np.float32)  # `var` takes three times as long
    deviation -= deviation.mean()
    return float(np.square(deviation).mean())


def brightness(pixels: np.ndarray) -> float:
    """Return the mean luma, 0 black to 1 white.

    `pixels` is (H, W, 3) or (H, W, 1) uint8.

    >>> brightness(np.full((8, 8, 3), 255, np.uint8))
    1.0
    """
    return float(luma(pixels).mean()) / 255


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)


def _repeat_border(grey: np.ndarray) -> np.ndarray:
    """Grey values as int16 with their outermost pixels repeated, as `np.pad` does in five times the time."""
    padded = np.empty((grey.shape[0] + 2, grey.shape[1] + 2), np.int16)
    padded[1:-1, 1:-1] = grey
    padded[0, 1:-1], padded[-1, 1:-1] = grey[0], grey[-1]
    padded[:, 0], padded[:, -1] = padded[:, 1], padded[:, -2]
    return padded


def _colour(pixels: np.ndarray) -> np.ndarray:
    return pixels if pixels.shape[-1] == 3 else np.repeat(pixels, 3, axis=-1)
