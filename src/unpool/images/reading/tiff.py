"""TIFF files beyond Pillow, through tifffile where it is installed.

These are, among others, floating-point colour, 64-bit values, big-endian BigTIFF.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from unpool.errors import UnreadableImageError
from unpool.images.reading.bit_depth import to_8_bits

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # else it speaks up on stderr


@dataclass(frozen=True, slots=True)
class TiffPage:
    """The first page of a TIFF: `pixels` uint8 (H, W) or (H, W, 3), still as they lie in the file."""

    pixels: np.ndarray
    orientation: int
    mode: str


def read_tiff(stream: BinaryIO, max_pixels: int) -> TiffPage:
    """Read the first page with tifffile.

    Raises UnreadableImageError (`unsupported`, `truncated`, `too-large`), ImportError without tifffile, and
    whatever tifffile raises on a damaged file.
    """
    import tifffile

    stream.seek(0)
    with tifffile.TiffFile(stream) as tiff:
        if len(tiff.pages) == 0:  # the list of pages lies at the end of most files
            raise UnreadableImageError("truncated", "the file ends before its list of pages")
        page: Any = tiff.pages[0]
        _check(page, stream, max_pixels)
        mode = f"{page.dtype.name}×{page.samplesperpixel}"
        return TiffPage(to_8_bits(_colours_last(page)), _orientation(page), mode)


def tiff_size(stream: BinaryIO) -> tuple[int, int]:
    """Width and height of the first page, upright. Raises as `read_tiff` does."""
    import tifffile

    stream.seek(0)
    with tifffile.TiffFile(stream) as tiff:
        page: Any = tiff.pages[0]
        width, height = int(page.imagewidth), int(page.imagelength)
        return (height, width) if _orientation(page) >= 5 else (width, height)


def _orientation(page: Any) -> int:
    tag = page.tags.get(274)
    return int(tag.value) if tag else 1


def _check(page: Any, stream: BinaryIO, max_pixels: int) -> None:
    if page.imagewidth * page.imagelength * page.imagedepth > max_pixels:
        raise UnreadableImageError("too-large", f"the image is {page.imagewidth} × {page.imagelength} pixels")
    if page.axes not in ("YX", "YXS", "SYX") or page.dtype is None or page.dtype.kind not in "uif":
        raise UnreadableImageError("unsupported", f"a TIFF of axes {page.axes} and type {page.dtype}")
    # tifffile fills what is missing with zeros, so the file has to be measured first.
    ends = [start + size for start, size in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if not ends or max(ends) > stream.seek(0, 2):
        raise UnreadableImageError("truncated", "the file ends before the image does")


def _colours_last(page: Any) -> np.ndarray:
    """The values as (H, W) or (H, W, 3); channels that are not colours are dropped."""
    values: np.ndarray = page.asarray()
    if page.axes == "SYX":
        values = np.moveaxis(values, 0, -1)
    if values.ndim == 3:
        values = values[..., :3] if values.shape[-1] >= 3 else values[..., 0]
    if page.photometric == 0:  # white is zero
        values = np.iinfo(values.dtype).max - values if values.dtype.kind == "u" else -values
    return np.ascontiguousarray(values)
