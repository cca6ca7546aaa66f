"""A large TIFF read some rows at a time: what is decoded at once is a few strips or tiles, not the image.

H, W height and width.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.depth import full_range, scaled

MAX_TIFF_PIXELS = 10_000_000_000  # 100,000 × 100,000
MAX_SEGMENT_PIXELS = 100_000_000  # of one strip or tile, which is decoded whole
SAMPLED = 16  # strips or tiles that are looked at to find the range of deep pixels


@contextlib.contextmanager
def open_rows(file: Path) -> Iterator[TiffRows]:
    """A TIFF opened for reading by rows.

    Raises UnreadableImageError for what cannot be read so, `UnpoolError` without tifffile.
    """
    try:
        import tifffile
    except ImportError as error:
        raise UnpoolError(
            f'{file} is too large to be read at once, and by strips needs: pip install "unpool[tiff]"'
        ) from error
    with tifffile.TiffFile(file) as tiff:
        if not len(tiff.pages):
            raise UnreadableImageError("truncated", "the file ends before its list of pages")
        yield TiffRows(tiff.pages[0])


class TiffRows:
    """The first page of an open TIFF, by rows of pixels (rows, W, 3) uint8.

    Grey becomes three equal channels; more than 8 bits are scaled by the rule of `depth.to_8_bits`, its range taken
    from some strips all over the image.
    """

    def __init__(self, page: Any) -> None:
        self.page = page
        self.height, self.width = int(page.imagelength), int(page.imagewidth)
        self._check()
        self.high = int(page.tilelength if page.is_tiled else min(page.rowsperstrip, self.height))
        self.wide = int(page.tilewidth if page.is_tiled else self.width)
        self.across = -(-self.width // self.wide)
        self.down = -(-self.height // self.high)
        if self.high * self.wide > MAX_SEGMENT_PIXELS:
            raise UnreadableImageError(
                "unsupported", "the TIFF holds the image as one piece; save it anew in strips or tiles"
            )
        self.planes = int(page.samplesperpixel) if int(page.planarconfig) == 2 else 1
        self._range = None if page.dtype == np.uint8 else self._sampled_range()

    def read(self, top: int, bottom: int) -> np.ndarray:
        """Rows from `top` up to, not including, `bottom`."""
        first, last = top // self.high, -(-bottom // self.high)
        rows = np.zeros(((last - first) * self.high, self.across * self.wide, 3), np.uint8)
        for down in range(first, last):
            for across in range(self.across):
                piece = self._eight_bits(self._piece(down, across))
                high, wide = piece.shape[:2]
                above, left = (down - first) * self.high, across * self.wide
                rows[above : above + high, left : left + wide] = piece
        start = top - first * self.high
        return rows[start : start + bottom - top, : self.width]

    def _piece(self, down: int, across: int) -> np.ndarray:
        """One strip or tile, (rows, columns, channels) as the file has them."""
        place, each = down * self.across + across, self.across * self.down
        planes = [self._segment(place + plane * each) for plane in range(min(self.planes, 3))]
        return planes[0] if self.planes == 1 else np.concatenate(planes, axis=-1)

    def _segment(self, index: int) -> np.ndarray:
        page = self.page
        handle = page.parent.filehandle
        handle.seek(page.dataoffsets[index])
        data = handle.read(page.databytecounts[index])
        if len(data) < page.databytecounts[index]:
            raise UnreadableImageError("truncated", "the file ends before the image does")
        segment, _, shape = page.decode(data, index, jpegtables=page.jpegtables)
        if segment is None:  # an empty piece, left out by the writer
            return np.zeros((shape[1], shape[2], 1), page.dtype)
        piece: np.ndarray = segment[0]
        return piece

    def _eight_bits(self, piece: np.ndarray) -> np.ndarray:
        values = piece if self._range is None else scaled(piece, *self._range)
        if self.page.photometric == 0:  # white is zero
            values = 255 - values
        return values[..., :3] if values.shape[-1] >= 3 else values[..., :1]

    def _sampled_range(self) -> tuple[float, float]:
        places = np.unique(np.linspace(0, self.down * self.across - 1, SAMPLED).astype(int))
        pieces = [self._piece(*divmod(int(place), self.across)).reshape(-1) for place in places]
        return full_range(np.concatenate([piece[:: max(1, piece.size // 100_000)] for piece in pieces]))

    def _check(self) -> None:
        page, tag = self.page, self.page.tags.get(274)
        if self.height * self.width > MAX_TIFF_PIXELS:
            raise UnreadableImageError("too-large", f"the image is {self.width} × {self.height} pixels")
        if tag is not None and int(tag.value) != 1:
            raise UnreadableImageError(
                "unsupported", "large TIFFs are read as they lie, and this one is turned"
            )
        if page.axes not in ("YX", "YXS", "SYX") or page.dtype is None or page.dtype.kind not in "uif":
            raise UnreadableImageError("unsupported", f"a TIFF of axes {page.axes} and type {page.dtype}")
        if int(page.photometric) == 3:
            raise UnreadableImageError("unsupported", "a large TIFF with a palette; save it anew as RGB")
