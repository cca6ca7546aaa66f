"""Read the exact values or colours of a mask file.

H, W height and width.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.reading.opening import MAX_PIXELS, Stream, check_size, find_reader, open_image
from unpool.images.reading.upright import rotate_upright

_NUMBERS = frozenset({"1", "L", "P", "I", "I;16", "I;16B", "I;16L", "I;16N"})
LOSSY = frozenset({"JPEG", "WEBP", "AVIF", "HEIF"})


@dataclass(frozen=True)
class Mask:
    """A mask as it is written.

    `value_HW` holds whole numbers, or 0xRRGGBB where `is_coloured`. `palette_HW` are the colours that a palette
    gives the numbers, packed likewise; None without one. `is_lossy` says that the format does not keep values
    exactly, `in_colours` that the file has colours, be they all grey.
    """

    value_HW: np.ndarray
    is_coloured: bool
    palette_HW: np.ndarray | None = None
    is_lossy: bool = False
    in_colours: bool = False


def read_mask(file: Path) -> Mask:
    """Read a mask's palette indices, grey values or colours.

    Grey values are read as such also where they are written as RGB. The mask is turned as its EXIF data says, as
    its image is. Transparency is left out.

    Raises:
        UnreadableImageError: As `read_picture` does, and `unsupported` for values that are no whole numbers.
    """
    with open_image(file, in_memory=2**26) as (stream, image_format):
        stream.seek(0)
        image = find_reader(image_format)(stream)
        check_size(image.width, image.height, MAX_PIXELS)
        image.load()
        image = rotate_upright(image)
        is_lossy = image_format in LOSSY and not _is_lossless_webp(stream)
        if image.mode in _NUMBERS:
            palette_HW = pack_rgb(np.asarray(image.convert("RGB"))) if image.mode == "P" else None
            return Mask(_whole(np.asarray(image)), False, palette_HW, is_lossy)
        if image.mode in ("F", "CMYK", "LAB", "HSV", "YCbCr") and not is_lossy:
            raise UnreadableImageError(
                "unsupported", f"a mask of mode {image.mode} has no classes; save it as PNG"
            )
        if image.mode in ("LA", "La"):
            return Mask(np.asarray(image.getchannel(0)), False, None, is_lossy)
        return _coloured(image, is_lossy)


def pack_rgb(rgb_HW3: np.ndarray) -> np.ndarray:
    """Pack (H, W, 3) uint8 as 0xRRGGBB, (H, W) int32."""
    red_HW, green_HW, blue_HW = (rgb_HW3[..., channel].astype(np.int32) for channel in range(3))
    return red_HW << 16 | green_HW << 8 | blue_HW


def _whole(value_HW: np.ndarray) -> np.ndarray:
    return value_HW.astype(np.uint8) if value_HW.dtype == bool else value_HW


def _coloured(image: Image.Image, is_lossy: bool) -> Mask:
    rgb_HW3 = np.asarray(image if image.mode == "RGB" else image.convert("RGBA"))[..., :3]
    if bool((rgb_HW3 == rgb_HW3[..., :1]).all()):
        return Mask(np.ascontiguousarray(rgb_HW3[..., 0]), False, None, is_lossy, in_colours=True)
    return Mask(pack_rgb(rgb_HW3), True, None, is_lossy, in_colours=True)


def _is_lossless_webp(stream: Stream) -> bool:
    stream.seek(0)
    head = stream.read(16)
    return head[:4] == b"RIFF" and head[12:] == b"VP8L"
