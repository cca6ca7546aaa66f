"""Read YCbCr of few colours, stored without compression.

It has fewer samples of colour than of light. Neither Pillow nor tifffile reads it.

R rows, C columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from unpool.errors import UnreadableImageError

if TYPE_CHECKING:
    import tifffile

SUBSAMPLING = 530


def read_subsampled(page: tifffile.TiffPage) -> np.ndarray:
    """Read the strips of a page.

    Returns:
        (H, W, 3) uint8, Y, Cb and Cr, the colours repeated.

    Raises:
        UnreadableImageError: `unsupported` for tiles and other depths, `truncated` where data are missing.
    """
    wide, high = (int(each) for each in page.tags.valueof(SUBSAMPLING, (2, 2)))
    if page.is_tiled or page.dtype != np.uint8 or int(page.planarconfig) != 1 or not (wide and high):
        raise UnreadableImageError("unsupported", "a TIFF in subsampled YCbCr; save it again as RGB")
    strips, left = [], int(page.imagelength)
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        rows = min(int(page.rowsperstrip), left)
        left -= rows
        page.parent.filehandle.seek(offset)
        strips.append(_unpack(page.parent.filehandle.read(count), rows, int(page.imagewidth), wide, high))
    values: np.ndarray = np.concatenate(strips)
    return values


def _unpack(data: bytes, rows: int, columns: int, wide: int, high: int) -> np.ndarray:
    """Blocks of `high` × `wide` values of Y, one Cb and one Cr, to (R, C, 3)."""
    down, across = -(-rows // high), -(-columns // wide)
    size = high * wide + 2
    if len(data) < down * across * size:
        raise UnreadableImageError("truncated", "the file ends before the image does")
    blocks = np.frombuffer(data, np.uint8, down * across * size).reshape(down, across, size)
    light = (
        blocks[..., :-2].reshape(down, across, high, wide).swapaxes(1, 2).reshape(down * high, across * wide)
    )
    colours = blocks[..., -2:].repeat(high, axis=0).repeat(wide, axis=1)
    return np.concatenate([light[..., None], colours], axis=-1)[:rows, :columns]
