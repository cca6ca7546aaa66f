"""Read a large TIFF by rows, few strips at once.

H, W height and width, R rows, C columns, S samples of a pixel in the file.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.colour.file_profiles import find_tiff_profile
from unpool.images.colour.profiles import to_srgb
from unpool.images.colour.transparency import Ground, flatten, ground_of, without_empty_alpha
from unpool.images.reading.notes import Note
from unpool.images.tiff.camera_raw import check_not_raw
from unpool.images.tiff.colours import JPEGS, tiff_colours
from unpool.images.tiff.damage import check_codec, check_ends, check_jpeg, check_segments
from unpool.images.tiff.pages import list_pages
from unpool.images.tiff.reader import pixel_height, read_orientation, settle_alpha
from unpool.images.values.rules import NO_RULES, ValueRules
from unpool.images.values.scaling import Scaling

if TYPE_CHECKING:
    import tifffile

MAX_TIFF_PIXELS = 10_000_000_000  # 100,000 × 100,000
MAX_SEGMENT_PIXELS = 100_000_000  # of one compressed strip or tile, which is decoded whole
NUM_SAMPLED_SEGMENTS = 16  # strips or tiles that the range of deep pixels is found in
NUM_SAMPLED_ROWS = 256  # the same of rows, where they can be read alone
MAX_SAMPLED_PIXELS = 2_000_000


@contextlib.contextmanager
def open_rows(file: Path, rules: ValueRules = NO_RULES) -> Iterator[TiffRows]:
    """Open a TIFF for reading by rows.

    Raises:
        UnreadableImageError: For what cannot be read so.
        UnpoolError: Without tifffile.
    """
    try:
        import tifffile
    except ImportError as error:
        raise UnpoolError(
            f"{file} is too large to be read at once, and by strips needs: pip install tifffile imagecodecs"
        ) from error
    with _explain_damage():
        tiff = tifffile.TiffFile(file)
    with tiff:
        with _explain_damage():
            check_not_raw(tiff)
            page = list_pages(tiff).full[0]
            check_segments(page)
            check_ends(page)
            rows = TiffRows(page, rules)
        yield rows


@contextlib.contextmanager
def _explain_damage() -> Iterator[None]:
    """Raise UnreadableImageError for whatever tifffile and its decoders raise, which is almost anything."""
    try:
        yield
    except UnreadableImageError:
        raise
    except MemoryError as error:
        raise UnreadableImageError("too-large", "a part of the TIFF does not fit into memory") from error
    except Exception as error:
        check_codec(error)
        reason = " ".join(str(error).split()) or type(error).__name__
        raise UnreadableImageError("corrupt", f"the TIFF content is damaged ({reason})") from error


class TiffRows:
    """The rows of a page of an open TIFF.

    Rows are (rows, W, 3) uint8, their colours those of `reader.open_tiff`. Uncompressed strips are read by rows, so
    one strip may be the whole image. Grey becomes three equal channels; the range of more than 8 bits is found at
    places all over the image.
    """

    def __init__(self, page: tifffile.TiffPage, rules: ValueRules) -> None:
        self.page = page
        self.notes: list[Note] = []
        self.height, self.width = int(page.imagelength), int(page.imagewidth)
        self._check()
        self.colours = tiff_colours(page)
        self.high = int(page.tilelength if page.is_tiled else min(page.rowsperstrip, self.height))
        self.wide = int(page.tilewidth if page.is_tiled else self.width)
        self.across = -(-self.width // self.wide)
        self.down = -(-self.height // self.high)
        self.is_plain = _is_plain(page)
        if self.high * self.wide > MAX_SEGMENT_PIXELS and not self.is_plain:
            raise UnreadableImageError(
                "unsupported",
                "the TIFF holds the image as one compressed piece; save it again in strips or tiles",
            )
        self.planes = int(page.samplesperpixel) if int(page.planarconfig) == 2 else 1
        self._decoded: dict[int, np.ndarray] = {}
        sample_NS = (
            self._sample()
            if self.colours.needs_sample or self.colours.alpha != "none"
            else np.zeros((1, len(self.colours.used)), page.dtype)
        )
        self.colours = settle_alpha(self.colours, sample_NS)
        sample_NS = sample_NS[:, : len(self.colours.used)]
        self._scale = self.colours.find_scale(sample_NS, Scaling(rules, "TIFF", self.notes))
        self._profile = find_tiff_profile(page)
        self._has_alpha, self._ground = self._choose_ground(sample_NS)

    @_explain_damage()
    def read(self, top: int, bottom: int) -> np.ndarray:
        """Decode the rows from `top` up to, not including, `bottom`.

        Raises:
            UnreadableImageError: Where the file is damaged there.
        """
        rows = np.zeros((bottom - top, self.width, 3), np.uint8)
        for down in range(top // self.high, -(-bottom // self.high)):
            begin = down * self.high
            first, last = max(0, top - begin), min(self.high, bottom - begin)
            for across in range(self.across):
                left = across * self.wide
                piece = self._to_rgb(self._piece(down, across, first, last))
                high, wide = piece.shape[:2]
                above = begin + first - top
                rows[above : above + high, left : left + wide] = piece
        return rows

    def _piece(self, down: int, across: int, first: int, last: int) -> np.ndarray:
        """Rows of one strip or tile, (R, C, S) as the file has them, without what lies beyond the image."""
        place, each = down * self.across + across, self.across * self.down
        used, wide = list(self.colours.used), self.width - across * self.wide
        if self.planes == 1:
            return self._rows(place, first, last)[:, :wide, used]
        planes = [self._rows(place + plane * each, first, last)[:, :wide] for plane in used]
        return planes[0] if len(planes) == 1 else np.concatenate(planes, axis=-1)

    def _to_rgb(self, values_RCS: np.ndarray) -> np.ndarray:
        image = self.colours.to_image(values_RCS, self._scale)
        if image.mode in ("LA", "RGBA"):
            image = image.convert("RGBA" if self._has_alpha else image.mode[:-1])
        image = to_srgb(image, self._profile, [])  # whose note was made once
        if image.mode == "RGBA":
            image = flatten(image, self._ground)
        return np.asarray(image.convert("RGB"))

    def _choose_ground(self, sample_NS: np.ndarray) -> tuple[bool, Ground]:
        """Whether the alpha channel means anything, and the ground of transparent pixels."""
        image = self.colours.to_image(sample_NS[None], self._scale)
        if image.mode not in ("LA", "RGBA") or without_empty_alpha(image) is not image:
            return False, "white"
        pixels_NC = np.asarray(image)[0]
        return True, ground_of(pixels_NC[:, :-1], pixels_NC[:, -1])

    def _rows(self, index: int, first: int, last: int) -> np.ndarray:
        if self.is_plain:
            return self._plain(index, first, last)
        # A row of windows often ends inside a strip, which the next one begins with.
        if index not in self._decoded:
            while len(self._decoded) >= self.planes:
                del self._decoded[next(iter(self._decoded))]
            self._decoded[index] = self._segment(index)
        return self._decoded[index][first:last]

    def _plain(self, index: int, first: int, last: int) -> np.ndarray:
        page = self.page
        shape = (last - first, self.width, 1 if self.planes > 1 else int(page.samplesperpixel))
        if not page.dataoffsets[index]:  # an empty piece, left out by the writer
            return np.full(shape, page.nodata, page.dtype)
        row_bytes = shape[1] * shape[2] * page.dtype.itemsize
        data = self._bytes(page.dataoffsets[index] + first * row_bytes, shape[0] * row_bytes)
        return np.frombuffer(data, page.dtype.newbyteorder(page.parent.byteorder)).reshape(shape)

    def _segment(self, index: int) -> np.ndarray:
        page = self.page
        offset, count = page.dataoffsets[index], page.databytecounts[index]
        data = self._bytes(offset, count) if offset and count else None
        if data is not None:
            check_jpeg(page, data)
        segment, _, shape = page.decode(data, index, jpegtables=page.jpegtables)
        if segment is None:
            return np.full(shape[1:], page.nodata, page.dtype)
        piece: np.ndarray = segment[0]
        return piece

    def _bytes(self, offset: int, count: int) -> bytes:
        handle = self.page.parent.filehandle
        handle.seek(offset)
        data: bytes = handle.read(count)
        if len(data) < count:
            raise UnreadableImageError("truncated", "the file ends before the image does")
        return data

    def _sample(self) -> np.ndarray:
        """Samples of pixels from all over the image, (N, S)."""
        if self.is_plain:
            rows = (divmod(row, self.high) for row in _spaced_indices(self.height, NUM_SAMPLED_ROWS))
            pieces = [self._piece(down, 0, row, row + 1) for down, row in rows]
        else:
            places = (
                divmod(place, self.across)
                for place in _spaced_indices(self.down * self.across, NUM_SAMPLED_SEGMENTS)
            )
            pieces = [
                self._piece(down, across, 0, min(self.high, self.height - down * self.high))
                for down, across in places
            ]
        flat = [piece.reshape(-1, piece.shape[-1]) for piece in pieces]
        max_pixels = MAX_SAMPLED_PIXELS // len(flat)
        return np.concatenate([each[:: max(1, len(each) // max_pixels)] for each in flat])

    def _check(self) -> None:
        if self.height * self.width > MAX_TIFF_PIXELS:
            raise UnreadableImageError("too-large", f"the image is {self.width} × {self.height} pixels")
        if read_orientation(self.page) != 1:
            reason = "is turned; save it again upright"
        elif pixel_height(self.page) != 1:
            reason = "has oblong pixels; save it again with one resolution"
        elif self.page.imagedepth > 1 or (
            self.page.is_subsampled and int(self.page.compression) not in JPEGS
        ):
            reason = "is a volume, or its colours have fewer pixels; save it again as RGB"
        else:
            return
        raise UnreadableImageError("unsupported", f"large TIFFs are read as they lie, and this one {reason}")


def _spaced_indices(count: int, max_indices: int) -> list[int]:
    """Up to `max_indices` of the numbers below `count`, the first and the last among them."""
    places: list[int] = np.unique(np.linspace(0, count - 1, max_indices).astype(int)).tolist()
    return places


def _is_plain(page: tifffile.TiffPage) -> bool:
    """Whether a strip's rows lie in the file as they are, one after the other."""
    is_regular = page.bitspersample in (8, 16, 32, 64) and page.dtype.kind in "uif" and not page.is_subsampled
    is_as_it_is = int(page.compression) == 1 and int(page.predictor) == 1 and int(page.fillorder) == 1
    return bool(is_regular and is_as_it_is and not page.is_tiled)
