"""Read the exact values or colours of a mask file.

H, W height and width, S samples of a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.masks.turns import turn_upright
from unpool.images.reading.opening import MAX_PIXELS, Stream, check_size, find_reader, open_image
from unpool.images.reading.upright import read_orientation

_NUMBERS = frozenset({"1", "L", "P", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
LOSSY = frozenset({"JPEG", "WEBP", "AVIF", "HEIF"})
PALETTE = 3  # a TIFF's photometric interpretation


@dataclass(frozen=True)
class Mask:
    """A mask as it is written, turned as its EXIF data says.

    Args:
        value_HW: Whole numbers, or 0xRRGGBB where `is_coloured`.
        is_coloured: Whether the values are colours.
        palette_P: The colours that a palette gives the numbers, packed likewise; None without one.
        is_lossy: Whether the format does not keep values exactly.
        in_colours: Whether the file has colours, be they all grey.
        clear_HW: Pixels that are transparent: nothing is drawn there. None where there are none.
        void_HW: Pixels that are NaN. None where there are none.
        orientation: EXIF's, 1..8, that was followed.
    """

    value_HW: np.ndarray
    is_coloured: bool
    palette_P: np.ndarray | None = None
    is_lossy: bool = False
    in_colours: bool = False
    clear_HW: np.ndarray | None = None
    void_HW: np.ndarray | None = None
    orientation: int = 1

    @property
    def palette_HW(self) -> np.ndarray | None:
        """The colour of each pixel, packed; None without a palette."""
        return None if self.palette_P is None else self.palette_P[self.value_HW]

    @property
    def empty_HW(self) -> np.ndarray | None:
        """Pixels without a value: transparent or NaN; None where all have one."""
        if self.clear_HW is None or self.void_HW is None:
            return self.void_HW if self.clear_HW is None else self.clear_HW
        both_HW: np.ndarray = self.clear_HW | self.void_HW
        return both_HW


def read_mask(file: Path) -> Mask:
    """Read a mask's palette indices, grey values or colours.

    Grey values are read as such also where they are written as RGB. The mask is turned as its EXIF data says.
    Colours under transparent pixels are no values, unless all pixels are transparent.

    Raises:
        UnreadableImageError: As `read_picture` does, and `unsupported` for values that are no whole numbers.
    """
    with open_image(file, in_memory=2**26) as (stream, image_format):
        stream.seek(0)
        if image_format == "TIFF" and (found := _read_tiff(stream)) is not None:
            return found
        stream.seek(0)
        image = find_reader(image_format)(stream)
        check_size(image.width, image.height, MAX_PIXELS)
        orientation = (
            read_orientation(image) if image_format == "TIFF" else 0
        )  # Pillow turns TIFFs as it loads
        image.load()
        is_lossy = image_format in LOSSY and not _is_lossless_webp(stream)
        mask = _from_picture(image, is_lossy)
        return mask if orientation else turned(mask, read_orientation(image))


def turned(mask: Mask, orientation: int) -> Mask:
    """Turn a mask that lies as it is stored."""

    def turn(array_HW: np.ndarray | None) -> np.ndarray | None:
        return None if array_HW is None else turn_upright(array_HW, orientation)

    return Mask(
        turn_upright(mask.value_HW, orientation), mask.is_coloured, mask.palette_P, mask.is_lossy,
        mask.in_colours, turn(mask.clear_HW), turn(mask.void_HW), orientation,
    )  # fmt: skip


def pack_rgb(rgb_HW3: np.ndarray) -> np.ndarray:
    """Pack (H, W, 3) uint8 as 0xRRGGBB, (H, W) int32."""
    red_HW, green_HW, blue_HW = (rgb_HW3[..., channel].astype(np.int32) for channel in range(3))
    return red_HW << 16 | green_HW << 8 | blue_HW


def _from_picture(image: Image.Image, is_lossy: bool) -> Mask:
    if image.mode == "P":
        indices_HW, palette = np.asarray(image), image.getpalette("RGB") or []
        palette_P = np.zeros(256, np.int32)
        colours_P3 = np.array(palette, np.uint8).reshape(-1, 3)[:256]
        palette_P[: len(colours_P3)] = pack_rgb(colours_P3)
        return Mask(indices_HW, False, palette_P, is_lossy)
    if image.mode in _NUMBERS:
        return _from_numbers(np.asarray(image), is_lossy)
    if image.mode in ("CMYK", "LAB", "HSV", "YCbCr") and not is_lossy:
        raise UnreadableImageError(
            "unsupported", f"a mask of mode {image.mode} has no classes; save it as PNG"
        )
    alpha_HW = np.asarray(image.getchannel("A")) if image.mode in ("LA", "RGBA", "PA") else None
    if image.mode in ("LA", "La"):
        return _from_numbers(np.asarray(image.getchannel(0)), is_lossy, alpha_HW)
    rgb_HW3 = np.asarray(image if image.mode == "RGB" else image.convert("RGBA"))[..., :3]
    return _from_colours(rgb_HW3, is_lossy, alpha_HW)


def _from_numbers(value_HW: np.ndarray, is_lossy: bool = False, alpha_HW: np.ndarray | None = None) -> Mask:
    if value_HW.dtype == bool:
        value_HW = value_HW.astype(np.uint8)
    void_HW = None
    if value_HW.dtype.kind == "f":
        value_HW, void_HW = _whole_numbers(value_HW)
    return Mask(value_HW, False, None, is_lossy, clear_HW=_clear(alpha_HW), void_HW=void_HW)


def _whole_numbers(value_HW: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Floating-point numbers as whole ones, and where they are NaN."""
    void_HW = np.isnan(value_HW)
    numbers_HW = np.where(void_HW, 0, value_HW)
    strange = numbers_HW[(numbers_HW != np.floor(numbers_HW)) | (np.abs(numbers_HW) > 2**53)]
    if strange.size:
        raise UnreadableImageError(
            "unsupported",
            f"a mask of fractions, such as {strange[0]:.6g} ({strange.size:,} pixels), has no classes; "
            "save whole numbers",
        )
    return numbers_HW.astype(np.int64), void_HW if void_HW.any() else None


def _from_colours(rgb_HW3: np.ndarray, is_lossy: bool, alpha_HW: np.ndarray | None) -> Mask:
    clear_HW = _clear(alpha_HW)
    visible = rgb_HW3 if clear_HW is None else rgb_HW3[~clear_HW]
    if bool((visible == visible[..., :1]).all()):
        grey_HW = np.ascontiguousarray(rgb_HW3[..., 0])
        return Mask(grey_HW, False, None, is_lossy, in_colours=True, clear_HW=clear_HW)
    return Mask(pack_rgb(rgb_HW3), True, None, is_lossy, in_colours=True, clear_HW=clear_HW)


def _clear(alpha_HW: np.ndarray | None) -> np.ndarray | None:
    """Where less than half of the mask's highest opacity is left; None where there is no such place."""
    if alpha_HW is None or not alpha_HW.any():
        return None
    clear_HW: np.ndarray = alpha_HW < (int(alpha_HW.max()) + 1) // 2
    return clear_HW if clear_HW.any() else None


def _read_tiff(stream: Stream) -> Mask | None:
    """A TIFF by tifffile, which keeps every value; None where that cannot be."""
    try:
        import tifffile
    except ImportError:
        return None
    with tifffile.TiffFile(stream) as tiff:
        if not len(tiff.pages):
            return None
        page = tiff.pages[0]
        check_size(int(page.imagewidth), int(page.imagelength), MAX_PIXELS)
        if (
            page.axes not in ("YX", "YXS", "SYX")
            or page.dtype is None
            or int(page.photometric) not in (0, 1, 2, 3)
        ):
            return None
        ends = [start + size for start, size in zip(page.dataoffsets, page.databytecounts, strict=False)]
        if not ends or max(ends) > stream.seek(0, 2) or min(page.databytecounts) == 0:
            raise UnreadableImageError("truncated", "the file ends before the image does")
        value_HWS = page.asarray()
        if page.axes == "SYX":
            value_HWS = np.moveaxis(value_HWS, 0, -1)
        return turned(_from_samples(value_HWS, page), read_tiff_orientation(page))


def read_tiff_orientation(page: object) -> int:
    """Read the orientation tag of a page of tifffile, 1..8."""
    tag = getattr(page, "tags", {}).get(274)
    value = int(tag.value) if tag else 1
    return value if 1 <= value <= 8 else 1


def _from_samples(value_HWS: np.ndarray, page: object) -> Mask:
    photometric, bits = int(getattr(page, "photometric", 1)), getattr(page, "bitspersample", 8)
    extra = [int(kind) for kind in getattr(page, "extrasamples", ())]
    num_colours = 3 if photometric == 2 else 1
    alpha_HW = None
    if value_HWS.ndim == 3:
        place = next((place for place, kind in enumerate(extra) if kind in (1, 2)), None)
        alpha_HW = None if place is None else value_HWS[..., num_colours + place]
        value_HWS = value_HWS[..., :num_colours] if num_colours == 3 else value_HWS[..., 0]
    if photometric == 0:
        value_HWS = _inverted(value_HWS, bits)
    if num_colours == 3:
        if value_HWS.dtype != np.uint8:
            value_HWS = _colours_of_8_bits(value_HWS)
        return _from_colours(value_HWS, False, alpha_HW)
    mask = _from_numbers(value_HWS, False, alpha_HW)
    table = getattr(page, "colormap", None)
    if photometric != PALETTE or table is None:
        return mask
    scale = 257 if int(np.max(table)) > 255 else 1  # some programs write a table of 8 bits
    return Mask(mask.value_HW, False, pack_rgb((np.asarray(table).T // scale).astype(np.uint8)))


def _inverted(value_HW: np.ndarray, bits: int) -> np.ndarray:
    """White-is-zero as black-is-zero."""
    if value_HW.dtype.kind == "b":
        return ~value_HW
    if value_HW.dtype.kind == "u":
        inverted: np.ndarray = (2**bits - 1 - value_HW.astype(np.int64)).astype(value_HW.dtype)
        return inverted
    return value_HW


def _colours_of_8_bits(rgb_HW3: np.ndarray) -> np.ndarray:
    """Colours of 16 bits that 8 bits can say: 257 times those, or small already."""
    if rgb_HW3.dtype.kind in "ui" and rgb_HW3.min() >= 0:
        if int(rgb_HW3.max()) <= 255:
            return rgb_HW3.astype(np.uint8)
        if rgb_HW3.dtype == np.uint16 and not (rgb_HW3 % 257).any():
            return (rgb_HW3 // 257).astype(np.uint8)
    raise UnreadableImageError(
        "unsupported", f"a mask of colours of type {rgb_HW3.dtype} has no classes; save it as PNG of 8 bits"
    )


def _is_lossless_webp(stream: Stream) -> bool:
    stream.seek(0)
    head = stream.read(32)
    return head[:4] == b"RIFF" and (head[12:16] == b"VP8L" or _is_extended_lossless(stream, head))


def _is_extended_lossless(stream: Stream, head: bytes) -> bool:
    """Whether the picture behind the chunks of an extended WebP, such as a profile, is kept exactly."""
    if head[12:16] != b"VP8X":
        return False
    place = 12
    while len(chunk := _chunk_at(stream, place)) == 8:
        name, size = chunk[:4], int.from_bytes(chunk[4:], "little")
        if name in (b"VP8L", b"VP8 ", b"ALPH", b"ANMF"):
            return name == b"VP8L"
        place += 8 + size + size % 2
    return False


def _chunk_at(stream: Stream, place: int) -> bytes:
    stream.seek(place)
    return stream.read(8)
