"""Find the colour profile that a file embeds or names."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PIL import Image

from unpool.images.colour.icc import ADOBE_RGB, BT2020, D65, P3, SRGB, rgb_profile, srgb_curve
from unpool.images.reading.notes import Note
from unpool.images.reading.opening import Stream
from unpool.images.values.statements import read_chunks

if TYPE_CHECKING:
    import tifffile

ICC_PROFILE = 34675  # the tag of a TIFF
MAX_HEAD = 65_536  # bytes in which the profile of a GIF or JPEG 2000 begins
SRGB_GAMMA = 1 / 2.2
GAMMA_TOLERANCE = 0.03  # of 1/gamma, within which sRGB is meant
POINT_TOLERANCE = 0.005  # of chromaticities
_PRIMARIES = {1: SRGB, 9: BT2020, 12: P3}  # of cICP: ITU-T H.273, table 2
_SRGB_TRANSFERS, _LINEAR, _GAMMA_22, _HDR = (1, 6, 13, 14, 15), 8, 4, (16, 18)


@dataclass(frozen=True, slots=True)
class ColourProfile:
    """A colour profile of a file.

    `content` is the ICC profile, empty where it is damaged; `is_named` means that the file only names it, so that it
    serves grey pixels too.
    """

    content: bytes
    is_named: bool = False


def find_profile(
    image: Image.Image, stream: Stream, image_format: str, notes: list[Note]
) -> ColourProfile | None:
    """Find the colour profile of an opened image.

    Args:
        image: Opened by Pillow.
        stream: Its file.
        image_format: By Pillow's name.
        notes: Receives colours that cannot be converted.

    Returns:
        The profile; None where the colours are sRGB, or nothing is said of them.
    """
    info = image.info
    if image_format == "PNG" and (named := _png_colours(info, stream, notes)) is not None:
        return named
    if "icc_profile" in info:
        return ColourProfile(info["icc_profile"] or b"")
    if image_format == "PNG":
        return _png_gamma(info)
    if image_format == "JPEG":
        return _adobe_rgb(image)
    find = _FINDERS.get(image_format)
    content = find(stream) if find is not None else None
    return None if content is None else ColourProfile(content)


def find_tiff_profile(page: tifffile.TiffPage) -> ColourProfile | None:
    """Find the colour profile of a tifffile page."""
    if ICC_PROFILE not in page.tags:
        return None
    content = page.tags.valueof(ICC_PROFILE)
    return ColourProfile(bytes(content) if content else b"")


def _adobe_rgb(image: Image.Image) -> ColourProfile | None:
    """Adobe RGB where a camera says it the short way: by the interoperability index R03 of EXIF.

    Source: DCF 2.0 (JEITA CP-3461B), section 5.
    """
    exif = image.info.get("exif", b"")
    if b"R03" not in exif:  # to parse EXIF takes time, and few pictures are so
        return None
    try:
        index = image.getexif().get_ifd(0xA005).get(1, "")
    except Exception:  # damaged EXIF data fails in many ways, and the picture is fine without
        return None
    if (index.decode("ascii", "replace") if isinstance(index, bytes) else str(index)).strip("\0 ") != "R03":
        return None
    return ColourProfile(rgb_profile(ADOBE_RGB, D65, 563 / 256), is_named=True)


def _png_colours(
    info: dict[str | tuple[int, int], object], stream: Stream, notes: list[Note]
) -> ColourProfile | None:
    """The profile that a PNG's cICP chunk names, which comes before all others."""
    content = next((content for name, content in read_chunks(stream) if name == b"cICP"), b"")
    if len(content) < 4:
        return None
    primaries, transfer = _PRIMARIES.get(content[0]), content[1]
    if primaries is None or transfer in _HDR:
        notes.append(Note("profile", f"colours of cICP {content[0]}, {transfer}, read as sRGB"))
        return None
    if transfer == _LINEAR:
        return ColourProfile(rgb_profile(primaries, D65, 1.0), is_named=True)
    if transfer == _GAMMA_22:
        return ColourProfile(rgb_profile(primaries, D65, 2.2), is_named=True)
    if transfer in _SRGB_TRANSFERS:
        # Also for sRGB itself: the chunk overrides a profile.
        return ColourProfile(rgb_profile(primaries, D65, srgb_curve()), is_named=True)
    return None


def _png_gamma(info: dict[str | tuple[int, int], object]) -> ColourProfile | None:
    """The profile that a PNG's gamma and chromaticities amount to, where they are not sRGB's."""
    if "srgb" in info or ("gamma" not in info and "chromaticity" not in info):
        return None
    gamma, points = info.get("gamma"), info.get("chromaticity")
    exponent = 1 / gamma if isinstance(gamma, float) and gamma > 0 else None
    white, primaries = D65, SRGB
    if isinstance(points, tuple) and len(points) == 8:
        white, red, green, blue = ((points[at], points[at + 1]) for at in range(0, 8, 2))
        primaries = (red, green, blue)
    own, expected = (*primaries, white), (*SRGB, D65)
    is_srgb = all(
        abs(one - other) <= POINT_TOLERANCE
        for point, reference in zip(own, expected, strict=True)
        for one, other in zip(point, reference, strict=True)
    )
    is_usual = exponent is None or abs(1 / exponent - SRGB_GAMMA) <= GAMMA_TOLERANCE
    if is_srgb and is_usual:
        return None
    curve = srgb_curve() if is_usual or exponent is None else exponent
    try:
        return ColourProfile(rgb_profile(primaries, white, curve), is_named=True)
    except (ValueError, OverflowError, struct.error):  # values of a damaged file
        return ColourProfile(b"")


def _bmp(stream: Stream) -> bytes | None:
    """The embedded profile of a version 5 header."""
    stream.seek(14)
    header = stream.read(124)
    if len(header) < 124 or int.from_bytes(header[:4], "little") < 124 or header[56:60] != b"DEBM":
        return None
    offset, size = struct.unpack("<II", header[112:120])
    return _part(stream, 14 + offset, size)


def _gif(stream: Stream) -> bytes | None:
    """The profile of the application extension ICCRGBG1012."""
    stream.seek(0)
    start = stream.read(MAX_HEAD).find(b"\x21\xff\x0bICCRGBG1012")
    if start < 0:
        return None
    stream.seek(start + 14)
    content = b""
    while size := stream.read(1):
        if not size[0]:
            return content
        content += stream.read(size[0])
    return b""


def _jpeg2000(stream: Stream) -> bytes | None:
    """The restricted or whole profile of a JP2's colour box."""
    stream.seek(0)
    head = stream.read(MAX_HEAD)
    start = head.find(b"colr", 0, 1024)
    if not head.startswith(b"\0\0\0\x0cjP") or start < 4 or head[start + 4 : start + 5] not in (b"\2", b"\3"):
        return None
    size = int.from_bytes(head[start - 4 : start], "big")
    return _part(stream, start + 7, size - 11)


def _part(stream: Stream, offset: int, size: int) -> bytes:
    """Bytes of a file, none where it ends before."""
    if size <= 0 or offset + size > stream.seek(0, 2):
        return b""
    stream.seek(offset)
    return stream.read(size)


_FINDERS: dict[str, Callable[[Stream], bytes | None]] = {"BMP": _bmp, "GIF": _gif, "JPEG2000": _jpeg2000}
