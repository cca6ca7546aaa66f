"""Check the checksums, the rows and the end of PNGs."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from unpool.errors import UnreadableImageError
from unpool.images.damage.content import Content, content_of
from unpool.images.reading.notes import Note

if TYPE_CHECKING:
    from PIL._imaging import ImagingCore, PixelAccess

_HEAD = 8  # bytes of the signature, and of length and name before each chunk
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
# Adam7: first column and row of each pass, and the steps between.
_PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
_MARK = 0xAD  # a value that a row of real pixels hardly ever has throughout


class PngFile(PngImageFile):
    """A reader of PNG that checks checksums and counts rows.

    `load` raises an UnreadableImageError for damage; `notes` are those of the file, once it is loaded.
    """

    notes: tuple[Note, ...] = ()
    _is_checked = False

    def load(self) -> PixelAccess | None:
        """Decode the pixels, where all of them are there.

        Pillow takes compressed data that end with a row for an image that ends there, and leaves the rest black. So
        the last rows are marked before, and the rows are counted where a mark is still there.
        """
        if self._is_checked or not self.tile:
            return super().load()
        self._is_checked = True
        content = content_of(self.fp)
        self.notes = check_png(content)
        first = self.height - (2 if self.info.get("interlace") else 1)  # the last pass has every second row
        rows = [(0, row, self.width, row + 1) for row in range(max(0, first), self.height)]
        memory = Image.new(self.mode, self.size, None).im  # not filled
        mark = _MARK if memory.bands == 1 else (_MARK,) * memory.bands
        for row in rows:
            memory.paste(mark, row)
        self.im = memory
        pixels = super().load()
        if any(_is_marked(self.im.crop(row)) for row in rows):
            _check_pixels(content)
        return pixels


def _is_marked(row: ImagingCore) -> bool:
    extrema: tuple[float, float] = (row if row.bands == 1 else row.getband(0)).getextrema()
    return extrema in ((_MARK, _MARK), (_MARK * 257, _MARK * 257))  # of 16 bits, both bytes are filled


class Chunk(NamedTuple):
    """A chunk of a PNG: its name and its data."""

    name: bytes
    data: memoryview


def check_png(content: Content) -> tuple[Note, ...]:
    """Check the checksum of every chunk, and the end.

    Args:
        content: The file. What follows the last chunk is not looked at.

    Returns:
        A note where all pixels are there but the last chunk is not.

    Raises:
        UnreadableImageError: `truncated` or `corrupt`.
    """
    for chunk in read_chunks(content):
        if chunk.name == b"IEND":
            return ()
    _check_pixels(content)
    return (Note("end-mark", "the chunk that ends a PNG"),)


def read_chunks(content: Content) -> Iterator[Chunk]:
    """Read the chunks of a PNG, as far as whole.

    Raises:
        UnreadableImageError: For a chunk whose checksum is wrong.
    """
    view = memoryview(content)
    at = _HEAD
    while at + 12 <= len(view):
        end = at + _HEAD + int.from_bytes(view[at : at + 4], "big")
        if end + 4 > len(view):
            return
        name = bytes(view[at + 4 : at + 8])
        if zlib.crc32(view[at + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            where = f"in the chunk {name.decode('ascii', 'replace')!r}, at byte {at}"
            raise UnreadableImageError("corrupt", f"the PNG content is damaged (wrong checksum {where})")
        yield Chunk(name, view[at + _HEAD : end])
        if name == b"IEND":
            return
        at = end + 4


def _check_pixels(content: Content) -> None:
    """Check that the compressed data hold every row; takes the time of decompressing."""
    stream, num_bytes, expected = zlib.decompressobj(), 0, 0
    try:
        for name, data in read_chunks(content):
            if name == b"IHDR":
                expected = _count_bytes(data)
            if name == b"IDAT":
                num_bytes += _inflate(stream, data)
    except zlib.error as error:
        raise UnreadableImageError("corrupt", f"the PNG content is damaged ({error})") from error
    if num_bytes < expected or not expected:
        share = f"{num_bytes / max(1, expected):.0%} of its pixels are there"
        raise UnreadableImageError("truncated", f"the file ends before the image does ({share})")


def _inflate(stream: zlib._Decompress, data: memoryview) -> int:
    """Decompress data in pieces, and count the bytes."""
    num_bytes, rest = 0, bytes(data)
    while rest and not stream.eof:
        num_bytes += len(stream.decompress(rest, 2**20))
        rest = stream.unconsumed_tail
    return num_bytes


def _count_bytes(header: memoryview) -> int:
    """Count the bytes that all rows take before compression."""
    width, height = (int.from_bytes(header[at : at + 4], "big") for at in (0, 4))
    depth, colour, is_interlaced = header[8], header[9], header[12]
    bits = depth * _CHANNELS.get(colour, 1)
    total = 0
    for left, top, step_x, step_y in _PASSES if is_interlaced else ((0, 0, 1, 1),):
        columns, rows = -((left - width) // step_x), -((top - height) // step_y)
        total += rows * (1 + (columns * bits + 7) // 8) if columns > 0 and rows > 0 else 0
    return total
