"""Damage of TIFFs that decoders pass over.

H, W height and width, S samples of a pixel.
"""

from __future__ import annotations

import contextlib
import io
import math
from typing import TYPE_CHECKING

import numpy as np

from unpool.errors import UnreadableImageError
from unpool.images.damage.lost_rows import MIN_DIFFERENCE, breaks_off, is_ground

if TYPE_CHECKING:
    import tifffile

MIN_ZERO_ROWS = 2  # at the end, that count as missing
NUM_LAST_BYTES = 16
MIN_COMPRESSED = 64  # bytes of a strip from which on it is looked at
JPEG, OTHER_JPEG = 7, 33007
ZEROLESS = frozenset({2, 3, 4, 33003, 33005, 34712, 50000, 50001})  # faxes, JPEG 2000, Zstandard, WebP


def check_segments(page: tifffile.TiffPage) -> None:
    """Check that all strips or tiles lie inside the file.

    tifffile and Pillow fill what is missing with zeros. Strips and tiles of which offset and length are 0 were left
    out by their writer, as GDAL does where there is no data.

    Raises:
        UnreadableImageError: `truncated`.
    """
    starts, sizes = page.dataoffsets, page.databytecounts
    end = page.parent.filehandle.size
    is_short = any(
        start + size > end or (start > 0 and size == 0) for start, size in zip(starts, sizes, strict=False)
    )
    if is_short or not any(starts) or not any(sizes):
        raise UnreadableImageError("truncated", "the file ends before the image does")
    if len(starts) < math.prod(page.chunked) or len(sizes) < len(starts):
        raise UnreadableImageError(
            "truncated", f"the TIFF lists {len(starts)} parts, but its picture has {math.prod(page.chunked)}"
        )


def check_ends(page: tifffile.TiffPage) -> None:
    """Check that no compressed strip or tile ends in zeros.

    Decoders of these compressions fill what they do not find, and none of them writes so many zeros.

    Raises:
        UnreadableImageError: `truncated`.
    """
    if int(page.compression) not in ZEROLESS:
        return
    handle = page.parent.filehandle
    for start, size in zip(page.dataoffsets, page.databytecounts, strict=False):
        handle.seek(start + max(0, size - NUM_LAST_BYTES))
        if size >= MIN_COMPRESSED and not any(handle.read(NUM_LAST_BYTES)):
            raise UnreadableImageError("truncated", "the compressed image stops, and only zeros follow")


def ends_in_zeros(page: tifffile.TiffPage) -> bool:
    """Return whether the last strip ends in zeros, undecoded."""
    handle = page.parent.filehandle
    handle.seek(page.dataoffsets[-1] + max(0, page.databytecounts[-1] - NUM_LAST_BYTES))
    return not any(handle.read(min(NUM_LAST_BYTES, page.databytecounts[-1])))


def check_stop(page: tifffile.TiffPage, values_HWS: np.ndarray) -> None:
    """Check that a page does not stop within a row.

    Args:
        page: Of 8 bits or more, not compressed, other pages are passed over.
        values_HWS: Decoded from it.

    Raises:
        UnreadableImageError: `truncated`.
    """
    if page.bitspersample < 8 or int(page.compression) != 1:
        return
    if not page.is_tiled:
        check_tail(values_HWS)
    elif int(page.planarconfig) == 1:
        check_last_tiles(values_HWS, int(page.tilelength), int(page.tilewidth))


def check_tail(values_HWS: np.ndarray) -> None:
    """Check that a picture does not stop within a row.

    Stopped ones are zero from there on. So ends a copy that was broken off on a disk where its space was reserved.
    Black borders begin with a row, and dark grounds lie on either side of what is on them.

    Raises:
        UnreadableImageError: `truncated`.
    """
    height, width = values_HWS.shape[:2]
    if values_HWS[-MIN_ZERO_ROWS:].any():
        return
    last = next((row for row in range(height - 1, -1, -1) if values_HWS[row].any()), 0)
    columns = np.flatnonzero(values_HWS[last].any(axis=-1))
    start = last * width + (int(columns[-1]) + 1 if columns.size else 0)
    min_difference: float = MIN_DIFFERENCE
    if values_HWS.dtype != np.uint8:  # whose values may be few of many
        around = np.nan_to_num(values_HWS[max(0, last - 1) : last + 1].astype(np.float64))
        min_difference = float(np.median(np.abs(around))) / MIN_DIFFERENCE or 1.0
    empty_S = np.zeros(values_HWS.shape[-1], values_HWS.dtype)
    is_stopped = breaks_off(values_HWS, start, min_difference)
    if is_stopped and not is_ground(values_HWS, empty_S, [(start, height * width)]):
        raise UnreadableImageError(
            "truncated",
            f"the image stops in row {last + 1} of {height}, and only zeros follow",
        )


def check_last_tiles(values_HWS: np.ndarray, tile_height: int, tile_width: int) -> None:
    """Check that the tiles do not stop within a row.

    Args:
        values_HWS: Of a page whose tiles follow each other row by row.
        tile_height: Rows of a tile.
        tile_width: Pixels of its rows.

    Raises:
        UnreadableImageError: `truncated`, where the last tiles are zero from there on.
    """
    height, width = values_HWS.shape[:2]
    places = [(top, left) for top in range(0, height, tile_height) for left in range(0, width, tile_width)]
    for number, (top, left) in enumerate(reversed(places)):
        tile_HWS = values_HWS[top : top + tile_height, left : left + tile_width]
        if tile_HWS.any():
            empty = np.zeros((MIN_ZERO_ROWS if number else 0, *tile_HWS.shape[1:]), tile_HWS.dtype)
            return check_tail(np.concatenate([tile_HWS, empty]))
    return None


def check_jpegs(page: tifffile.TiffPage) -> None:
    """Check strips or tiles that are JPEG.

    Raises as `check_jpeg` does.
    """
    if int(page.compression) not in (JPEG, OTHER_JPEG):
        return
    handle = page.parent.filehandle
    for start, size in zip(page.dataoffsets, page.databytecounts, strict=False):
        handle.seek(start)
        check_jpeg(page, handle.read(size))


def check_jpeg(page: tifffile.TiffPage, content: bytes) -> None:
    """Check a strip or tile, if it is JPEG.

    Its decoders fill what is missing with grey.

    Args:
        page: What the strip belongs to; pages of other compressions are passed over.
        content: The strip.

    Raises:
        UnreadableImageError: `truncated` or `corrupt`.
    """
    if int(page.compression) not in (JPEG, OTHER_JPEG) or page.bitspersample != 8:
        return
    from unpool.images.damage.jpeg import JpegFile

    if page.jpegtables and content[:2] == b"\xff\xd8":  # what the strips have in common, without its marks
        content = content[:2] + page.jpegtables[2:-2] + content[2:]
    with contextlib.suppress(OSError, SyntaxError, ValueError, KeyError):
        JpegFile(io.BytesIO(content)).load()


def check_codec(error: Exception) -> None:
    """Check that no decoder is missing.

    Args:
        error: What tifffile raised.

    Raises:
        UnreadableImageError: `unsupported`, with what to install.
    """
    reason = " ".join(str(error).split())
    if "imagecodecs" in reason:
        detail = f"this kind of TIFF needs: pip install tifffile imagecodecs ({reason})"
        raise UnreadableImageError("unsupported", detail) from error
