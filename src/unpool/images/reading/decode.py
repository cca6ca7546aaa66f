"""Decode image files to upright RGB.

Shapes: H, W height and width of the decoded picture, upright.
"""

from __future__ import annotations

import contextlib
import hashlib
import threading
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.reading.notes import Note
from unpool.images.reading.opening import (
    IN_MEMORY_BYTES,
    MAX_PIXELS,
    Stream,
    check_size,
    find_reader,
    open_image,
)
from unpool.images.tiff.reader import read_tiff, tiff_size
from unpool.images.reading.upright import averageable, read_orientation, upright_rgb

LARGE_PIXELS = 30_000_000  # pictures above this are decoded one at a time, however many threads there are
_GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_one_large_picture = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded image.

    `pixels` is (H, W, 3) uint8 RGB, upright, the whole image, perhaps reduced; `width` and `height` are the
    original's, upright; `mode` is Pillow's name for what the file holds (`L`, `RGB`, `CMYK`, `I;16`);
    `grey` means that the file has no colour; `id` is a digest of the file, the same for identical files; `notes`
    say what was assumed or dropped.
    """

    pixels: np.ndarray
    width: int
    height: int
    mode: str
    grey: bool
    id: str
    notes: tuple[Note, ...] = ()


def read_picture(file: Path, *, min_side: int | None = None, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode an image file to upright RGB.

    The first frame or page is read, turned as its EXIF data says, and laid on white where transparent. More
    than 8 bits per value are scaled by the rule of `bit_depth.to_8_bits`; 16-bit colour PNG and TIFF keep their
    upper 8 bits. Colour profiles are not applied. May be called from many threads.

    Args:
        file: The image file.
        min_side: Side in pixels that the picture will be resized to. It may then come reduced, its smaller
            side never below `2 * min_side`: enough for a faithful resize, and several times faster for
            photographs. None decodes the whole.
        max_pixels: Limit of width times height of the original.

    Returns:
        The picture.

    Raises:
        UnreadableImageError: For whatever is wrong with the file, and nothing else is raised. Its `problem` is
            one of `missing broken-link no-permission not-a-file unreadable empty not-an-image unsupported
            needs-heic truncated corrupt too-large`.
    """
    with open_image(file, IN_MEMORY_BYTES) as (stream, image_format):
        stream.seek(0)
        digest = hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
        return _decode(stream, image_format, digest, min_side, max_pixels)


def read_size(file: Path) -> tuple[int, int]:
    """Read the upright width and height without decoding pixels.

    Raises:
        UnreadableImageError: Where the file does not say them.
    """
    with open_image(file, in_memory=0) as (stream, image_format):
        stream.seek(0)
        try:
            image = find_reader(image_format)(stream)
        except SyntaxError:
            if image_format != "TIFF":
                raise
            return tiff_size(stream)
        # Without EXIF in the head, a PNG would be decoded in search of some behind the pixels.
        turned = "exif" in image.info and image_format != "TIFF" and read_orientation(image) >= 5
        return (image.height, image.width) if turned else (image.width, image.height)


def _decode(stream: Stream, image_format: str, digest: str, min_side: int | None, max_pixels: int) -> Picture:
    stream.seek(0)
    try:
        image = find_reader(image_format)(stream)
    except Exception:
        if image_format == "TIFF":
            return _decode_with_tifffile(stream, digest, min_side, max_pixels)
        raise
    check_size(image.width, image.height, max_pixels)
    width, height, mode = image.width, image.height, image.mode
    # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size. The box is where the picture then really ends: its
    # last pixels may be a part of one only, and to overlook that would stretch it.
    drafted = image.draft(None, (2 * min_side, 2 * min_side)) if min_side else None
    with _one_large_picture if image.width * image.height > LARGE_PIXELS else contextlib.nullcontext():
        image.load()
        orientation = read_orientation(image)  # read only now: while loading, Pillow turns TIFFs by itself
        box = drafted[1] if drafted else (0, 0, *image.size)
        pixels = upright_rgb(averageable(image), orientation, min_side, box)
    if orientation >= 5:
        width, height = height, width
    return Picture(pixels, width, height, mode, mode in _GREY_MODES or _has_no_colour(pixels), digest)


def _decode_with_tifffile(stream: Stream, digest: str, min_side: int | None, max_pixels: int) -> Picture:
    try:
        page = read_tiff(stream, max_pixels)
    except ImportError as error:
        detail = 'a damaged TIFF, or a kind that needs: pip install "unpool[tiff]"'
        raise UnreadableImageError("unsupported", detail) from error
    height, width = page.pixels.shape[:2]
    check_size(width, height, max_pixels)
    pixels = upright_rgb(Image.fromarray(page.pixels), page.orientation, min_side, (0, 0, width, height))
    if page.orientation >= 5:
        width, height = height, width
    return Picture(pixels, width, height, page.mode, page.pixels.ndim == 2 or _has_no_colour(pixels), digest)


def _has_no_colour(pixels: np.ndarray) -> bool:
    sample = pixels[:: max(1, len(pixels) // 16)]  # enough to decide for almost every photograph
    return all(bool((part == part[..., :1]).all()) for part in (sample, pixels))
