"""Whether an image file was stored without losses."""

from __future__ import annotations

from pathlib import Path
from typing import Any, cast

from unpool.errors import UnreadableImageError
from unpool.images.reading.opening import Stream, find_reader, open_image

LOSSY_FORMATS = frozenset({"JPEG", "AVIF", "HEIF"})
COMPRESSION = 259  # the TIFF tag
# JPEG of two kinds, JPEG of camera raw files, JPEG 2000 of two kinds, WebP.
LOSSY_TIFFS = frozenset({6, 7, 34892, 33003, 33005, 50001})
HEAD = 4096  # bytes that say how a file is compressed


def is_lossless(file: Path) -> bool | None:
    """Whether a file keeps every pixel as it was.

    Files with a palette count as lossless; what the palette lost is not known here.

    Returns:
        None where the file cannot be opened.
    """
    try:
        with open_image(file, in_memory=0) as (stream, image_format):
            return _is_lossless(stream, image_format)
    except UnreadableImageError:
        return None


def _is_lossless(stream: Stream, image_format: str) -> bool:
    stream.seek(0)
    if image_format == "TIFF":
        return _tiff_compression(stream) not in LOSSY_TIFFS
    head = stream.read(HEAD)
    if image_format == "WEBP":
        return b"VP8L" in head and b"VP8 " not in head
    if image_format == "JPEG2000":
        return _is_reversible(head)
    return image_format not in LOSSY_FORMATS


def _tiff_compression(stream: Stream) -> int:
    try:
        image = cast(Any, find_reader("TIFF")(stream))
    except SyntaxError:  # of a kind that Pillow does not know
        return 0
    return int(image.tag_v2.get(COMPRESSION, 1))


def _is_reversible(head: bytes) -> bool:
    """Whether JPEG 2000 uses the wavelet of whole numbers: the transformation of its first COD segment."""
    start = head.find(b"\xff\x52")
    return start >= 0 and head[start + 13 : start + 14] == b"\x01"
