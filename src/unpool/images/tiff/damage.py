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

if TYPE_CHECKING:
    import tifffile

MIN_ZERO_ROWS = 2  # at the end, that count as missing
MIN_FULL_SHARE = 0.99  # of the values around the place where the picture stops, that are not zero
MIN_LEVELS = 8  # different values there, which drawings and masks have not
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
        page: Of 8 bits or more, other pages are passed over.
        values_HWS: Decoded from it.

    Raises:
        UnreadableImageError: `truncated`.
    """
    if page.bitspersample < 8:
        return
    if not page.is_tiled:
        check_tail(values_HWS)
    elif int(page.planarconfig) == 1 and int(page.compression) == 1:
        check_last_tiles(values_HWS, int(page.tilelength), int(page.tilewidth))


def check_tail(values_HWS: np.ndarray) -> None:
    """Check that a picture does not stop within a row.

    Stopped ones are zero from there on. So ends a copy that was broken off on a disk where its space was reserved.
    Black borders begin with a row, and dark grounds lie on either side of what is on them.

    Raises:
        UnreadableImageError: `truncated`.
    """
    height = len(values_HWS)
    rows = values_HWS.reshape(height, -1)
    if rows[-MIN_ZERO_ROWS:].any():
        return
    last = next((row for row in range(height - 1, -1, -1) if rows[row].any()), 0)
    stop = int(np.flatnonzero(rows[last])[-1]) + 1 if rows[last].any() else 0
    if last == 0 or stop < rows.shape[1] // 64 or stop >= rows.shape[1] - values_HWS.shape[-1]:
        return
    around = np.concatenate([rows[last, :stop], rows[last - 1, stop:]])
    is_textured = len(np.unique(around)) >= MIN_LEVELS
    if is_textured and (around != 0).mean() >= MIN_FULL_SHARE:
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

    Its decoders fill what is missing with grey.

    Raises:
        UnreadableImageError: `truncated` or `corrupt`.
    """
    if int(page.compression) not in (JPEG, OTHER_JPEG) or page.bitspersample != 8:
        return
    from unpool.images.damage.jpeg import JpegFile

    tables, handle = page.jpegtables, page.parent.filehandle
    for start, size in zip(page.dataoffsets, page.databytecounts, strict=False):
        handle.seek(start)
        content = handle.read(size)
        if tables and content[:2] == b"\xff\xd8":  # what the strips have in common, without its marks
            content = content[:2] + tables[2:-2] + content[2:]
        with contextlib.suppress(OSError, SyntaxError, ValueError, KeyError):
            JpegFile(io.BytesIO(content)).load()
