"""Recognise the raw files of cameras among TIFFs.

Most of them are TIFFs whose first picture is a small preview, and hold the photograph as values of the sensor.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from unpool.errors import UnreadableImageError
from unpool.images.reading.formats import RAW_DETAIL

if TYPE_CHECKING:
    import tifffile

MAX_PAGES = 64  # pages and inner pages that are looked at
SENSOR = frozenset({32803, 34892})  # photometric interpretations: a mosaic of colour filters, linear raw
# Compressions that only cameras write: Sony, Nikon, Samsung, Pentax.
COMPRESSIONS = frozenset({32767, 32769, 32770, 32772, 34713, 65535})
# Tags of raw files alone: Canon's slices, Leaf's data, Sony's kind of raw.
TAGS = frozenset({50752, 34310, 28672})
DNG_VERSION, SUBFILE_TYPE = 50706, 254
# Behind the first eight bytes: Canon's CR2, and the camera backs of Phase One.
MARK = re.compile(rb"CR\x02|IIII.waR|MMMMRaw", re.DOTALL)


def check_not_raw(tiff: tifffile.TiffFile) -> None:
    """Check that a TIFF is no camera's raw file.

    Raises:
        UnreadableImageError: `unsupported` for a raw file, whatever its name.
    """
    handle = tiff.filehandle
    handle.seek(8)
    if MARK.match(handle.read(8)) or any(_is_of_sensor(page) for page in walk_pages(tiff.pages)):
        raise UnreadableImageError("unsupported", RAW_DETAIL)


def walk_pages(pages: tifffile.TiffPages, max_pages: int = MAX_PAGES) -> Iterator[tifffile.TiffPage]:
    """Yield pages and the pages inside them, at most `max_pages`."""
    left = [(pages, 0)]
    for _ in range(max_pages):
        if not left:
            return
        chain, index = left.pop()
        try:
            page = chain[index]
        except IndexError:
            continue
        left.append((chain, index + 1))
        if inner := getattr(page, "pages", None):
            left.append((inner, 0))
        yield page


def _is_of_sensor(page: tifffile.TiffPage) -> bool:
    tags = page.tags
    is_preview_of_dng = DNG_VERSION in tags and bool(_number(page, SUBFILE_TYPE) & 1)
    return (
        _number(page, 262) in SENSOR
        or _number(page, 259) in COMPRESSIONS
        or any(tag in tags for tag in TAGS)
        or is_preview_of_dng
    )


def _number(page: tifffile.TiffPage, tag: int) -> int:
    """A tag's value where it is one whole number, else 0."""
    value = page.tags.valueof(tag, 0)
    return int(value) if isinstance(value, int) else 0
