"""Decode JPEG, and stop where other decoders only warn.

libjpeg fills what is missing with grey, and Pillow hides its warnings. simplejpeg raises them; its pixels are those of
Pillow to the bit, in every scale.

H, W height and width, C channels.
"""

from __future__ import annotations

import re
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import numpy as np
import simplejpeg
from PIL import Image
from PIL.JpegImagePlugin import JpegImageFile

from unpool.errors import UnreadableImageError
from unpool.images.damage.content import Content, content_of
from unpool.images.damage.jpeg_segments import SCAN, count_incomplete, mend_headers, read_segments
from unpool.images.damage.jpeg_zeros import find_lost_piece
from unpool.images.reading.notes import Note

if TYPE_CHECKING:
    from PIL._imaging import ImagingCore, PixelAccess

# Bytes between the last pixel and the next marker. Some cameras pad; after damage hundreds are left over, or missing.
MAX_SURPLUS = 8
MIN_REDUCED_SIDE = 16  # below, two scales of the decoder can have the same size
_COLOURS = {"L": "GRAY", "RGB": "RGB", "CMYK": "CMYK"}  # by Pillow's mode
_END = b"\xff\xd9"
LOSSLESS = frozenset({0xC3, 0xC7, 0xCB, 0xCF})  # markers of such frames
# libjpeg's words for damage. Whatever else it says is an error that Pillow explains, or says nothing of pixels.
_DAMAGE = re.compile(r"Corrupt JPEG data|Inconsistent progression")
_SURPLUS = re.compile(r"(\d+) extraneous bytes")


class JpegFile(JpegImageFile):
    """A JPEG reader with the pixels of a strict decoder.

    `load` raises an UnreadableImageError for damage; `notes` are those of the file, once it is loaded.
    """

    notes: tuple[Note, ...] = ()
    _pixels: np.ndarray | None = None

    def draft(
        self, mode: str | None, size: tuple[int, int] | None
    ) -> tuple[str, tuple[int, int, float, float]] | None:
        """Have the picture decoded smaller, unless it is lossless.

        libjpeg then writes the whole of it into memory for a reduced one, and past its end.
        """
        headers = takewhile(lambda each: each.marker != SCAN, read_segments(content_of(self.fp)))
        return None if any(each.marker in LOSSLESS for each in headers) else super().draft(mode, size)

    def load(self) -> PixelAccess | None:
        """Decode the pixels; the first time only."""
        if self.tile:
            self._pixels, self.notes = _decode_strictly(content_of(self.fp), self)
            if self._pixels is not None:
                self.tile = []
        return super().load() if self._pixels is None else None

    @property
    def im(self) -> ImagingCore:
        """Pillow's memory, filled when Pillow needs the pixels."""
        if self._im is None and self._pixels is not None:
            self._im, self._pixels = Image.fromarray(self._pixels).im, None
        return super().im

    @im.setter
    def im(self, im: ImagingCore) -> None:
        self._im, self._pixels = im, None

    @property
    def __array_interface__(self) -> dict[str, Any]:
        """The pixels for NumPy."""
        self.load()
        if self._pixels is None:
            return super().__array_interface__
        described: dict[str, Any] = self._pixels.__array_interface__
        return described | {"data": (described["data"][0], True)}


def _decode_strictly(content: Content, image: JpegImageFile) -> tuple[np.ndarray | None, tuple[Note, ...]]:
    """Decode in the mode and size of Pillow's reader.

    Returns:
        (H, W) or (H, W, C) uint8, and notes. None instead of pixels where Pillow is to decode.
    """
    _check_scans(content, image)
    try:
        return _decode(content, image), ()
    except ValueError as error:
        warning = str(error)
    if warning.startswith("Premature end of JPEG file"):
        return _decode_without_end(content, image)
    surplus = _SURPLUS.search(warning)
    if surplus and int(surplus[1]) <= MAX_SURPLUS:
        return None, ()
    if _DAMAGE.search(warning):
        raise UnreadableImageError("corrupt", f"the JPEG content is damaged ({_words(warning)})")
    mended = mend_headers(content)
    return _decode_strictly(mended, image) if mended != content[:] else (None, ())


def _decode(content: Content, image: JpegImageFile) -> np.ndarray | None:
    width, height = image.size
    if image.mode not in _COLOURS:
        return None
    pixels: np.ndarray = simplejpeg.decode_jpeg(
        content, _COLOURS[image.mode], min_height=height, min_width=width
    )
    is_reduced = image.decoderconfig[:1] not in ((), (1,))
    if pixels.shape[:2] != (height, width) or (is_reduced and min(width, height) < MIN_REDUCED_SIDE):
        return None
    if image.mode == "CMYK":  # only checked: Pillow inverts those that Adobe wrote
        return None
    return pixels[..., 0] if image.mode == "L" else pixels


def _decode_without_end(content: Content, image: JpegImageFile) -> tuple[np.ndarray | None, tuple[Note, ...]]:
    """Decode a file without the mark of its end, where all pixels are there."""
    try:
        pixels = _decode(content[:] + _END, image)
    except ValueError as error:
        detail = f"the file ends before the image does ({_words(str(error))})"
        raise UnreadableImageError("truncated", detail) from error
    return pixels, (Note("end-mark", "the marker that ends a JPEG"),)


def _words(warning: str) -> str:
    return warning.removeprefix("Corrupt JPEG data: ")


def _check_scans(content: Content, image: JpegImageFile) -> None:
    """Check that every scan is there and no piece of it is lost, for which decoders do not look."""
    start = image.fp.seek(0, 1) if image.fp else 0  # Pillow stops reading where the first scan begins
    if content[start - 2 : start] != b"\xff\xda":
        start = next((each.start for each in read_segments(content) if each.marker == SCAN), 2) - 2
    is_one_scan = len(content) > start + 2 and content[start + 2] >= image.layers
    if (image.info.get("progressive") or not is_one_scan) and (num := count_incomplete(content)):
        detail = f"{num} of its {image.layers} colour components lack scans"
        raise UnreadableImageError("truncated", f"the file ends before the image does ({detail})")
    if (at := find_lost_piece(content, start)) is not None:
        raise UnreadableImageError("corrupt", f"the JPEG content is damaged (zeros from byte {at} on)")
