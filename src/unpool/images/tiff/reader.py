"""Read TIFF files whole, as their own tags say.

Pillow reads what it reads rightly: grey and RGB of 8 bits, and a few old kinds that only it knows. Everything else
is tifffile's.

H, W height and width, R rows, C columns, S samples of a pixel.
"""

from __future__ import annotations

import contextlib
import logging
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from PIL import Image, ImageStat, TiffImagePlugin

from unpool.errors import UnreadableImageError
from unpool.images.damage.lost_rows import check_lost_rows
from unpool.images.reading.notes import Note
from unpool.images.reading.orientations import AS_STORED, UPRIGHT
from unpool.images.tiff.camera_raw import check_not_raw
from unpool.images.tiff.colours import CCITT, JPEGS, PHOTOMETRIC, YCBCR, TiffColours, tiff_colours
from unpool.images.tiff.damage import (
    check_codec,
    check_ends,
    check_jpegs,
    check_segments,
    check_stop,
    ends_in_zeros,
)
from unpool.images.tiff.pages import Pages, list_pages
from unpool.images.tiff.subsampling import read_subsampled
from unpool.images.values.scaling import Scaling

if TYPE_CHECKING:
    import tifffile

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # else it writes to stderr

ORIENTATION, X_RESOLUTION, Y_RESOLUTION, XMP, ICC_PROFILE = 274, 282, 283, 700, 34675
# Pages, or frames of an animation, that are looked at where the first may show nothing, from the first to the last.
NUM_SAMPLED = 5
# With one of these contrasts the first is taken: in grey levels, photographs have 30 to 80; of the best one's.
MIN_CONTRAST, MIN_CONTRAST_SHARE = 20.0, 0.5
MAX_SAMPLES = 1_500_000_000  # of all channels, slices and pixels of a page
# Height to width of a pixel; what lies beyond is no truth, below no difference.
MIN_OBLONG, MAX_OBLONG = 1.02, 5.0
# None, faxes and JPEG. Of Deflate and PackBits, Pillow's decoders pass over damage that tifffile's report.
_PILLOWS = frozenset({1, 2, 3, 4, 7})
_PILLOWS_YCBCR = frozenset({5, 8, 32946, 32773})  # of YCbCr that is not JPEG's, which only Pillow reads
_OLD_JPEG = 6
_LOSSY = frozenset({*JPEGS, 22610, 33003, 33004, 33005, 34712, 34934, 50001})  # JPEG's family, and WebP


@dataclass(frozen=True, slots=True)
class TiffPicture:
    """A decoded page.

    `image` has 8 bits, upright, its pixels square, its mode one of L, LA, RGB, RGBA and CMYK; `mode` names what the
    file holds; `is_grey` says that it has no colours.
    """

    image: Image.Image
    mode: str
    is_grey: bool
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class TiffValues:
    """A page's values as the file has them.

    Its pixels are square, and not turned by `orientation`. `value_HWS` has the samples of `colours.used`; `is_lossy`
    says that their compression does not keep them exactly.
    """

    value_HWS: np.ndarray
    colours: TiffColours
    orientation: int
    is_lossy: bool
    notes: tuple[Note, ...]


class OpenTiff:
    """A TIFF whose page has been chosen, not yet decoded.

    `width` and `height` are those of the upright picture with square pixels.
    """

    def __init__(self, tiff: tifffile.TiffFile, stream: BinaryIO) -> None:
        check_not_raw(tiff)
        self._stream = stream
        self.pages: Pages = list_pages(tiff)
        self.page = self.pages.full[0]
        self.orientation = read_orientation(self.page)
        self.oblong = pixel_height(self.page)
        size = square_size(int(self.page.imagewidth), int(self.page.imagelength), self.oblong)
        self.width, self.height = size[::-1] if self.orientation >= 5 else size

    def read(self, scaling: Scaling) -> TiffPicture:
        """Decode the first page that shows something.

        Args:
            scaling: How values of more than 8 bits are scaled.

        Raises:
            UnreadableImageError: For what cannot be shown rightly.
        """
        page, picture = self.page, self._decode(self.page, scaling)
        if self.pages.num_full > 1:
            page, picture = self._choose(picture, scaling)
        frame = self.pages.describe(page)
        notes = (*((Note("frame", frame),) if frame else ()), *picture.notes)
        return TiffPicture(
            self._squared(picture.image), picture.mode, picture.is_grey, (*notes, *self._oblong_note())
        )

    def _choose(self, first: TiffPicture, scaling: Scaling) -> tuple[tifffile.TiffPage, TiffPicture]:
        """The first page where it shows something, otherwise the best of some; `scaling` becomes that of the page."""
        page, picture, contrast = self.page, first, _measure_contrast(first.image, scaling)
        if scaling.found is None and contrast >= MIN_CONTRAST:
            return page, picture
        contrast /= MIN_CONTRAST_SHARE
        for other in self.pages.sample(NUM_SAMPLED):
            again = Scaling(scaling.rules, scaling.image_format)
            with contextlib.suppress(UnreadableImageError):
                candidate = self._decode(other, again)
                if (found := _measure_contrast(candidate.image, again)) > contrast:
                    page, picture, contrast = other, candidate, found
                    scaling.take(again)
        return page, picture

    def read_values(self) -> TiffValues:
        """Read the page's values unchanged, for masks.

        Raises:
            UnreadableImageError: For what cannot be read rightly.
        """
        page = self.page
        check_segments(page)
        check_jpegs(page)
        check_ends(page)
        if int(page.compression) in CCITT and is_pillows(page):
            self._check_fax(page, self._by_pillow(page))
        colours = tiff_colours(page)
        value_HWS = read_samples(page)[..., list(colours.used)]
        colours = settle_alpha(colours, value_HWS)
        value_HWS = self._squared_values(value_HWS[..., : len(colours.used)])
        frame = self.pages.describe(page)
        notes = (*((Note("frame", frame),) if frame else ()), *colours.notes, *self._oblong_note())
        return TiffValues(value_HWS, colours, self.orientation, int(page.compression) in _LOSSY, notes)

    def _squared_values(self, value_HWS: np.ndarray) -> np.ndarray:
        """The values with square pixels, each one of the file's."""
        height, width = value_HWS.shape[:2]
        wide, high = square_size(width, height, self.oblong)
        if (wide, high) == (width, height):
            return value_HWS
        squared: np.ndarray = value_HWS[np.arange(high) * height // high][:, np.arange(wide) * width // wide]
        return squared

    def _decode(self, page: tifffile.TiffPage, scaling: Scaling) -> TiffPicture:
        check_segments(page)
        check_jpegs(page)
        check_ends(page)
        if not is_pillows(page):
            return self._by_tifffile(page, scaling)
        if int(page.compression) == 1 and ends_in_zeros(page):
            check_stop(page, read_samples(page))
        try:
            picture = self._by_pillow(page)
        except SyntaxError:  # Pillow begins with the first page, which may be of a kind that it does not know
            return self._by_tifffile(page, scaling)
        if int(page.compression) in CCITT:
            self._check_fax(page, picture)
        return picture

    def _by_tifffile(self, page: tifffile.TiffPage, scaling: Scaling) -> TiffPicture:
        colours = tiff_colours(page)
        values_HWS = read_samples(page)[..., list(colours.used)]
        check_stop(page, values_HWS)
        colours = settle_alpha(colours, values_HWS)
        values_HWS = values_HWS[..., : len(colours.used)]
        image = colours.to_image(values_HWS, colours.find_scale(values_HWS, scaling))
        if profile := page.tags.valueof(ICC_PROFILE):
            image.info["icc_profile"] = bytes(profile)
        _check_rows(page, image, colours.table_N3)
        if self.orientation in UPRIGHT:
            image = image.transpose(UPRIGHT[self.orientation])
        return TiffPicture(image, _mode(page, colours), colours.space == "grey", colours.notes)

    def _check_fax(self, page: tifffile.TiffPage, picture: TiffPicture) -> None:
        """Compare two decoders: neither reports damage, but they go on differently behind it."""
        try:
            other = self._by_tifffile(page, Scaling())
        except Exception:  # of a kind that only Pillow knows
            return
        if not np.array_equal(np.asarray(picture.image), np.asarray(other.image)):
            raise UnreadableImageError("corrupt", "two decoders read different images from this fax")

    def _by_pillow(self, page: tifffile.TiffPage) -> TiffPicture:
        self._stream.seek(0)
        image: Image.Image = TiffImagePlugin.TiffImageFile(self._stream)
        if page.index:
            image.seek(page.index)
        mode = image.mode
        image.load()  # and turns it
        if image.mode in ("1", "YCbCr"):
            image = image.convert("L" if image.mode == "1" else "RGB")
        _check_rows(page, image, orientation=self.orientation)
        return TiffPicture(image, mode, mode in ("1", "L", "LA", "La"), ())

    def _squared(self, image: Image.Image) -> Image.Image:
        if self.oblong == 1:
            return image
        info = image.info
        image = image.resize((self.width, self.height), Image.Resampling.BICUBIC)
        image.info = info
        return image

    def _oblong_note(self) -> tuple[Note, ...]:
        if self.oblong == 1:
            return ()
        stored = f"{self.page.imagewidth} × {self.page.imagelength}"
        return (Note("oblong", f"{stored} pixels, {self.oblong:.3g} times as high as wide"),)


@contextlib.contextmanager
def open_tiff(stream: BinaryIO) -> Iterator[OpenTiff]:
    """Open a TIFF and choose its page.

    Yields:
        The open TIFF.

    Raises:
        UnreadableImageError: For raw files of cameras, and for whatever else cannot be read, inside the `with` block
            too. Whatever decoders raise on damaged files is passed on.
    """
    try:
        import tifffile
    except ImportError as error:
        detail = "TIFF files need: pip install tifffile imagecodecs"
        raise UnreadableImageError("unsupported", detail) from error
    stream.seek(0)
    try:
        with tifffile.TiffFile(stream) as tiff:
            tiff.pages.cache = True  # else a page is read again for every look at it
            yield OpenTiff(tiff, stream)
    except UnreadableImageError:
        raise
    except Exception as error:
        check_codec(error)
        raise


def is_pillows(page: tifffile.TiffPage) -> bool:
    """Return whether Pillow reads a page, and rightly.

    It does grey, RGB and RGBA of 8 bits, or of 1, in the ordinary order; and YCbCr that is not JPEG's, and old JPEG.
    """
    compression, photometric = int(page.compression), int(page.photometric)
    is_in_chain = page.treeindex == (page.index,)
    if not is_in_chain or page.parent.is_bigtiff or PHOTOMETRIC not in page.tags or page.imagedepth > 1:
        return False
    if compression == _OLD_JPEG:
        return True
    if photometric == YCBCR and compression not in JPEGS:
        return compression in _PILLOWS_YCBCR and page.bitspersample == 8
    samples, extras = int(page.samplesperpixel), [int(kind) for kind in page.extrasamples]
    kinds = {0: (1,), 1: (1,), 2: (3, 4), YCBCR: (3,)}
    is_ordinary = (
        samples in kinds.get(photometric, ())
        and page.bitspersample in ((1, 8) if photometric in (0, 1) else (8,))
        and page.dtype is not None
        and page.dtype.kind in "ub"
        and (samples == 1 or int(page.planarconfig) == 1)
        and (samples < 4 or extras in ([1], [2]))
    )
    is_in_order = int(page.fillorder) == 1 or compression in CCITT
    return is_ordinary and is_in_order and compression in _PILLOWS and int(page.predictor) == 1


def _check_rows(
    page: tifffile.TiffPage, image: Image.Image, table_N3: np.ndarray | None = None, orientation: int = 1
) -> None:
    """Check that no rows are lost, where they lie in the file as they are; `orientation` is undone for it."""
    if int(page.compression) == 1 and not page.is_tiled:
        if orientation in AS_STORED:
            image = image.transpose(AS_STORED[orientation])
        fills = None if table_N3 is None else table_N3[[0, -1]]
        check_lost_rows(image, "TIFF", fills=fills, is_planar=int(page.planarconfig) == 2)


def read_samples(page: tifffile.TiffPage) -> np.ndarray:
    """Decode a page's samples as the file has them.

    Returns (H, W, S), not turned.
    """
    if math.prod(page.shape) > MAX_SAMPLES:
        raise UnreadableImageError("too-large", f"the image has {math.prod(page.shape):,} values")
    if page.is_subsampled and int(page.compression) == 1:
        return read_subsampled(page)
    values: np.ndarray = page.asarray()
    if "Z" in page.axes:  # a volume: its first slice
        values = np.take(values, 0, axis=page.axes.index("Z"))
    if page.axes.startswith("S"):
        values = np.moveaxis(values, 0, -1)
    return values[..., None] if values.ndim == 2 else values


def settle_alpha(colours: TiffColours, values: np.ndarray) -> TiffColours:
    """Decide whether a fourth channel without a name is transparency.

    Args:
        colours: Whose alpha may be "unsaid".
        values: Samples of the page, or a part of them, the last axis those of `used`.

    Returns:
        The colours with transparency, where the channel is opaque at half of the pixels or has two values alone,
        otherwise without; either with a note.
    """
    if colours.alpha != "unsaid":
        return colours
    channel = values[..., 3]
    white = 1 if colours.dtype.kind == "f" else 2**colours.bits - 1
    is_opaque = channel == white
    is_alpha = bool(is_opaque.mean() >= 0.5 or (is_opaque | (channel == 0)).all())
    return colours.with_alpha(is_alpha)


def read_orientation(page: tifffile.TiffPage) -> int:
    """Return the orientation of EXIF or else XMP, 1..8.

    Nonsense counts as upright.
    """
    value = page.tags.valueof(ORIENTATION)
    if value is None and isinstance(xmp := page.tags.valueof(XMP), bytes):
        found = re.search(rb"tiff:Orientation(?:=[\"']|>)([0-9])", xmp)
        value = int(found[1]) if found else 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def pixel_height(page: tifffile.TiffPage) -> float:
    """Return a pixel's height in widths, by the resolution tags."""
    try:
        x, y = (Fraction(*page.tags.valueof(tag)) for tag in (X_RESOLUTION, Y_RESOLUTION))
        ratio = float(x / y)
    except (TypeError, ValueError, ZeroDivisionError):
        return 1.0
    return ratio if MIN_OBLONG <= max(ratio, 1 / max(ratio, 1e-9)) <= MAX_OBLONG else 1.0


def square_size(width: int, height: int, oblong: float) -> tuple[int, int]:
    """Return a picture's size with square pixels.

    Args:
        width: Pixels a row.
        height: Rows.
        oblong: A pixel's height in widths; the shorter of both is stretched.

    Returns:
        Width and height.

    >>> square_size(1728, 1100, 204 / 98)
    (1728, 2290)
    """
    return (width, round(height * oblong)) if oblong >= 1 else (round(width / oblong), height)


def _measure_contrast(image: Image.Image, scaling: Scaling) -> float:
    """The extent of deep values, whose scale is each page's own; of others the standard deviation of the greys."""
    if scaling.found is not None:
        return scaling.found.extent.high - scaling.found.extent.low
    return float(ImageStat.Stat(image.convert("L")).stddev[0])


def _mode(page: tifffile.TiffPage, colours: TiffColours) -> str:
    """Pillow's name for what the file holds, or a description like `float32×3`."""
    if colours.space in ("palette", "lab", "ycbcr") or (colours.space == "cmyk" and colours.bits == 8):
        return {"palette": "P", "lab": "LAB", "ycbcr": "YCbCr", "cmyk": "CMYK"}[colours.space]
    if colours.space == "grey" and int(page.samplesperpixel) == 1 and colours.bits <= 16:
        return {"b": "1", "u": "L" if colours.bits <= 8 else "I;16"}.get(
            page.dtype.kind, str(page.dtype.name)
        )
    return f"{page.dtype.name}×{page.samplesperpixel}"


def tiff_size(stream: BinaryIO) -> tuple[int, int]:
    """Return the picture's upright width and height.

    Raises as `open_tiff` does.
    """
    with open_tiff(stream) as tiff:
        return tiff.width, tiff.height
