"""Read the exact values or colours of a mask file.

H, W height and width, S samples of a pixel.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.damage.content import content_of
from unpool.images.damage.ends import check_end
from unpool.images.damage.lost_pieces import check_lost_pieces
from unpool.images.masks.orientation import rotate_to_shown
from unpool.images.reading.opening import MAX_PIXELS, Stream, check_size, find_reader, open_image
from unpool.images.reading.upright import read_orientation
from unpool.images.tiff.reader import open_tiff
from unpool.images.values.deep_pixels import load_deep_channels
from unpool.images.values.statements import read_unit

_NUMBERS = frozenset({"1", "L", "P", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_SCALED = frozenset({"L", "LA", "I", "I;16"})  # where readers may have made the numbers larger
LOSSY = frozenset({"JPEG", "WEBP", "AVIF", "HEIF"})


@dataclass(frozen=True)
class Mask:
    """A mask as it is written, upright.

    Args:
        value_HW: Whole numbers, or 0xRRGGBB where `is_coloured`.
        is_coloured: Whether the values are colours.
        palette_P: The colours that a palette gives the numbers, packed likewise; None without one.
        is_lossy: Whether the format does not keep values exactly.
        in_colours: Whether the file has colours, be they all grey.
        clear_HW: Pixels that are transparent: nothing is drawn there. None where there are none.
        void_HW: Pixels that are NaN. None where there are none.
        orientation: EXIF's, 1..8, that was followed.
        num_twice: Pixels that areas of two classes cover, where the mask is drawn.
    """

    value_HW: np.ndarray
    is_coloured: bool
    palette_P: np.ndarray | None = None
    is_lossy: bool = False
    in_colours: bool = False
    clear_HW: np.ndarray | None = None
    void_HW: np.ndarray | None = None
    orientation: int = 1
    num_twice: int = 0

    @property
    def palette_HW(self) -> np.ndarray | None:
        """The colour of each pixel, packed; None without a palette."""
        return None if self.palette_P is None else self.palette_P[self.value_HW]

    @property
    def empty_HW(self) -> np.ndarray | None:
        """Pixels that are transparent or NaN; None without any."""
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
        if image_format == "TIFF":
            return _read_tiff(stream)
        stream.seek(0)
        image = find_reader(image_format)(stream)
        check_size(image.width, image.height, MAX_PIXELS)
        check_end(content_of(stream), image_format)
        check_lost_pieces(content_of(stream), image_format)
        samples_HWC = load_deep_channels(image, stream)
        if samples_HWC is not None:
            return turned(_from_deep_channels(samples_HWC), read_orientation(image))
        image.load()
        is_lossy = image_format in LOSSY and not _is_lossless_webp(stream)
        mask = _from_picture(image, is_lossy)
        if image.mode in _SCALED:
            mask = _with_stored_numbers(mask, read_unit(stream, image_format))
        return turned(mask, read_orientation(image))


def _with_stored_numbers(mask: Mask, unit: float) -> Mask:
    """The numbers that the file has, where the reader has multiplied them."""
    if unit == 1:
        return mask
    return replace(mask, value_HW=np.rint(mask.value_HW / unit).astype(np.int32))


def turned(mask: Mask, orientation: int) -> Mask:
    """Turn a mask that lies as it is stored upright."""

    def rotate(array_HW: np.ndarray | None) -> np.ndarray | None:
        return None if array_HW is None else rotate_to_shown(array_HW, orientation)

    return Mask(
        rotate_to_shown(mask.value_HW, orientation), mask.is_coloured, mask.palette_P, mask.is_lossy,
        mask.in_colours, rotate(mask.clear_HW), rotate(mask.void_HW), orientation,
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
        return Mask(indices_HW, False, palette_P, is_lossy, clear_HW=_clear_entries(image, indices_HW))
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


def _from_deep_channels(value_HWS: np.ndarray) -> Mask:
    alpha_HW = value_HWS[..., -1] if value_HWS.shape[2] in (2, 4) else None
    if value_HWS.shape[2] < 3:
        return _from_numbers(value_HWS[..., 0], alpha_HW=alpha_HW)
    return _from_colours(_colours_of_8_bits(value_HWS[..., :3]), False, alpha_HW)


def _clear_entries(image: Image.Image, indices_HW: np.ndarray) -> np.ndarray | None:
    """Where a palette is transparent though its first entry, the ground, is not.

    255 stays what it is, mostly no class.
    """
    stated = image.info.get("transparency")
    if not isinstance(stated, bytes | int):
        return None
    alpha_P = np.full(256, 255, np.uint8)
    if isinstance(stated, int):
        alpha_P[stated] = 0
    else:
        alpha_P[: len(stated)] = np.frombuffer(stated[:256], np.uint8)
    is_clear_P = alpha_P < 128
    clear_HW: np.ndarray = is_clear_P[indices_HW] & (indices_HW != 255)
    return clear_HW if clear_HW.any() and not clear_HW.all() and not is_clear_P[0] else None


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


def _read_tiff(stream: Stream) -> Mask:
    with open_tiff(stream) as tiff:
        check_size(tiff.width, tiff.height, MAX_PIXELS)
        found = tiff.read_values()
    colours, value_HWS = found.colours, found.value_HWS
    if colours.space not in ("grey", "palette", "rgb"):
        raise UnreadableImageError(
            "unsupported", f"a mask in {colours.space.upper()} has no classes; save it as PNG"
        )
    alpha_HW = value_HWS[..., -1] if colours.alpha != "none" else None
    if colours.space == "rgb":
        rgb_HW3 = value_HWS[..., :3]
        rgb_HW3 = rgb_HW3 if rgb_HW3.dtype == np.uint8 else _colours_of_8_bits(rgb_HW3)
        return turned(_from_colours(rgb_HW3, found.is_lossy, alpha_HW), found.orientation)
    value_HW = value_HWS[..., 0]
    if colours.is_inverted:
        value_HW = black_is_zero(value_HW, colours.bits)
    mask = _from_numbers(value_HW, found.is_lossy, alpha_HW)
    if colours.table_N3 is not None:
        mask = replace(mask, palette_P=pack_rgb(colours.table_N3))
    return turned(mask, found.orientation)


def black_is_zero(value_HW: np.ndarray, bits: int) -> np.ndarray:
    """Read the numbers of a white-is-zero mask.

    What is painted in black and white, and numbers counted down from the highest, are exchanged. Small numbers are
    those of classes or objects, whatever they are displayed in, and stay.

    Args:
        value_HW: The numbers as stored.
        bits: Of a number.

    Returns:
        Numbers of the same type.

    >>> black_is_zero(np.array([0, 255, 255], np.uint8), 8), black_is_zero(np.array([0, 1, 2], np.uint8), 8)
    (array([255,   0,   0], dtype=uint8), array([0, 1, 2], dtype=uint8))
    """
    if value_HW.dtype.kind == "b":
        return ~value_HW
    full = 2**bits - 1
    between = value_HW[(value_HW != 0) & (value_HW != full)]
    is_small = int(between.max()) <= full // 2 if between.size else not value_HW.any()
    if value_HW.dtype.kind != "u" or is_small:
        return value_HW
    inverted: np.ndarray = value_HW.dtype.type(full) - value_HW
    return inverted


def _colours_of_8_bits(rgb_HW3: np.ndarray) -> np.ndarray:
    """Colours of 16 bits that 8 bits can say: 257 or 256 times those, or small already."""
    if rgb_HW3.dtype.kind in "ui" and rgb_HW3.min() >= 0:
        if int(rgb_HW3.max()) <= 255:
            return rgb_HW3.astype(np.uint8)
        for factor in (257, 256):
            if rgb_HW3.dtype == np.uint16 and not (rgb_HW3 % factor).any():
                return (rgb_HW3 // factor).astype(np.uint8)
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
