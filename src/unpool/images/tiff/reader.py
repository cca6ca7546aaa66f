"""Read TIFF files beyond Pillow's reach through tifffile.

These are, among others, floating-point colour, 64-bit values, big-endian BigTIFF.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from unpool.errors import UnreadableImageError
from unpool.images.reading.bit_depth import to_8_bits

if TYPE_CHECKING:
    import tifffile

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # else it writes to stderr


@dataclass(frozen=True, slots=True)
class TiffPage:
    """The first page of a TIFF.

    `pixels` are uint8 (H, W) or (H, W, 3), not yet turned by `orientation` (EXIF's 1..8).
    """

    pixels: np.ndarray
    orientation: int
    mode: str


def read_tiff(stream: BinaryIO, max_pixels: int) -> TiffPage:
    """Read the first page with tifffile.

    Args:
        stream: The file's content.
        max_pixels: Limit of width times height.

    Returns:
        The page, scaled to 8 bits.

    Raises:
        UnreadableImageError: `unsupported`, `truncated` or `too-large`.
        ImportError: Without tifffile. Whatever tifffile raises on a damaged file is passed on.
    """
    import tifffile

    stream.seek(0)
    with tifffile.TiffFile(stream) as tiff:
        if len(tiff.pages) == 0:  # the list of pages lies at the end of most files
            raise UnreadableImageError("truncated", "the file ends before its list of pages")
        page = tiff.pages[0]
        _check(page, stream, max_pixels)
        mode = f"{page.dtype.name}×{page.samplesperpixel}"
        return TiffPage(to_8_bits(_colours_last(page)), _orientation(page), mode)


def tiff_size(stream: BinaryIO) -> tuple[int, int]:
    """Return the first page's upright width and height.

    Raises as `read_tiff` does.
    """
    import tifffile

    stream.seek(0)
    with tifffile.TiffFile(stream) as tiff:
        page = tiff.pages[0]
        width, height = int(page.imagewidth), int(page.imagelength)
        return (height, width) if _orientation(page) >= 5 else (width, height)


def _orientation(page: tifffile.TiffPage) -> int:
    tag = page.tags.get(274)
    return int(tag.value) if tag else 1


def _check(page: tifffile.TiffPage, stream: BinaryIO, max_pixels: int) -> None:
    if page.imagewidth * page.imagelength * page.imagedepth > max_pixels:
        raise UnreadableImageError("too-large", f"the image is {page.imagewidth} × {page.imagelength} pixels")
    if page.axes not in ("YX", "YXS", "SYX") or page.dtype is None or page.dtype.kind not in "uif":
        raise UnreadableImageError("unsupported", f"a TIFF of axes {page.axes} and type {page.dtype}")
    # tifffile fills what is missing with zeros, so the file has to be measured first.
    ends = [start + size for start, size in zip(page.dataoffsets, page.databytecounts, strict=False)]
    if not ends or max(ends) > stream.seek(0, 2):
        raise UnreadableImageError("truncated", "the file ends before the image does")


def _colours_last(page: tifffile.TiffPage) -> np.ndarray:
    """The values as (H, W) or (H, W, 3); channels that are not colours are dropped."""
    values: np.ndarray = page.asarray()
    if page.axes == "SYX":
        values = np.moveaxis(values, 0, -1)
    if values.ndim == 3:
        values = values[..., :3] if values.shape[-1] >= 3 else values[..., 0]
    if page.photometric == 0:  # white is zero
        values = np.iinfo(values.dtype).max - values if values.dtype.kind == "u" else -values
    return np.ascontiguousarray(values)
