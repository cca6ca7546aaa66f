"""What files themselves say of their values.

That is their full scale, and which values mean "no data".
"""

from __future__ import annotations

import contextlib
import re
import struct
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from unpool.images.reading.bit_depth import Range, full_scales
from unpool.images.reading.opening import Stream
from unpool.images.reading.pam import read_head

if TYPE_CHECKING:
    import tifffile

Tags: TypeAlias = Mapping[int, object]  # of a TIFF, values by number

MIN_SAMPLE, MAX_SAMPLE, S_MIN_SAMPLE, S_MAX_SAMPLE, GDAL_NODATA, DESCRIPTION = 280, 281, 340, 341, 42113, 270
MAX_PNG_CHUNKS = 200  # that are looked at before the pixels
MAX_HEAD = 65_536  # bytes of a chunk that are read
MAX_BOXES = 200  # of a JPEG 2000 that are passed over


@dataclass(frozen=True, slots=True)
class Statement:
    """What a file says of its values.

    Args:
        range: Values of black and white; None where nothing is said.
        nodata: Values that mean "no data".
        is_scaled: Whether the reader has scaled the values by the statement already.
        unit: What the reader has multiplied the values with.
        is_extent: Whether the range may be the extent of this picture's values only, no full scale.
    """

    range: Range | None = None
    nodata: tuple[float, ...] = ()
    is_scaled: bool = False
    unit: float = 1.0
    is_extent: bool = False


NOTHING = Statement()


def read_statement(stream: Stream, image_format: str) -> Statement:
    """Read what a file says of its values, TIFFs excepted.

    Args:
        stream: The file's content, left where it was.
        image_format: By Pillow's name.
    """
    find = _FINDERS.get(image_format)
    if find is None:
        return NOTHING
    place = stream.seek(0, 1)
    try:
        stream.seek(0)
        return find(stream)
    except (struct.error, ValueError, IndexError):  # damage, which the reader reports
        return NOTHING
    finally:
        stream.seek(place)


def read_unit(stream: Stream, image_format: str) -> float:
    """Find what Pillow multiplies grey numbers with.

    Those of PNM, PAM and JPEG 2000 of less than 8 or 16 bits become as large as these allow.

    Args:
        stream: The file's content, left where it was.
        image_format: By Pillow's name.
    """
    find = _UNIT_FINDERS.get(image_format)
    if find is None:
        return 1.0
    place = stream.seek(0, 1)
    try:
        stream.seek(0)
        return find(stream)
    except (ValueError, IndexError, ZeroDivisionError):  # damage, which the reader reports
        return 1.0
    finally:
        stream.seek(place)


def read_chunks(stream: Stream) -> Iterator[tuple[bytes, bytes]]:
    """Read the chunks before the pixels of a PNG.

    Yields:
        Name and content, of at most 64 KiB chunks.
    """
    stream.seek(8)
    for _ in range(MAX_PNG_CHUNKS):
        head = stream.read(8)
        if len(head) < 8 or head[4:] in (b"IDAT", b"IEND"):
            return
        size = int.from_bytes(head[:4], "big")
        yield head[4:], stream.read(size) if size <= MAX_HEAD else b""
        stream.seek(4 if size <= MAX_HEAD else size + 4, 1)


def _png(stream: Stream) -> Statement:
    """The significant bits, and the one grey that is transparent, as GDAL writes "no data"."""
    bits: int | None = None
    nodata: tuple[float, ...] = ()
    kind = 0
    for name, content in read_chunks(stream):
        if name == b"IHDR":
            if content[8] != 16:
                return NOTHING
            kind = content[9]
        elif name == b"sBIT" and content:
            bits = max(content[: 3 if kind & 2 else 1])
        elif name == b"tRNS" and kind == 0 and len(content) == 2:
            nodata = (float(struct.unpack(">H", content)[0]),)
    scale = (0.0, float(2**bits - 1)) if bits is not None and 8 <= bits < 16 else None
    return Statement(scale, nodata)


def _pnm(stream: Stream) -> Statement:
    """The largest value, by which Pillow scales to 65535; a PFM's scale factor says nothing of its range."""
    largest = _largest_of_pnm(stream)
    return Statement((0.0, 65535.0), is_scaled=True, unit=65535 / largest) if largest > 255 else NOTHING


def _largest_of_pnm(stream: Stream) -> int:
    """The largest value of a grey PNM; 255 of another."""
    if stream.read(2) not in (b"P2", b"P5"):
        return 255
    text = re.sub(rb"#[^\n\r]*", b" ", stream.read(4096))
    return int(text.split()[2])


def _unit_of_pnm(stream: Stream) -> float:
    largest = _largest_of_pnm(stream)
    return (255 if largest <= 255 else 65535) / largest


def _unit_of_pam(stream: Stream) -> float:
    head = read_head(stream)
    largest = int(head["MAXVAL"])
    return 255 / largest if largest <= 255 and head.get("TUPLTYPE") != "BLACKANDWHITE" else 1.0


def _unit_of_jpeg2000(stream: Stream) -> float:
    bits = jpeg2000_bits(stream)
    return 2.0 ** ((8 if bits <= 8 else 16) - bits) if 0 < bits < 16 else 1.0


def _pam(stream: Stream) -> Statement:
    largest = int(read_head(stream)["MAXVAL"])
    return Statement((0.0, float(largest))) if largest > 255 else NOTHING


def jpeg2000_bits(stream: Stream) -> int:
    """Read the bits of a sample of a JPEG 2000.

    0 where it does not say them.

    Source: ITU-T T.800, annex A.5.1.
    """
    stream.seek(_find_code_stream(stream))
    content = stream.read(43)
    is_one = content.startswith(b"\xff\x4f\xff\x51") and len(content) == 43
    return (content[42] & 0x7F) + 1 if is_one else 0


def _find_code_stream(stream: Stream) -> int:
    """Where the code stream of a JPEG 2000 begins: behind boxes of any size, or at once."""
    place = 0
    for _ in range(MAX_BOXES):
        stream.seek(place)
        head = stream.read(16)
        size, name = int.from_bytes(head[:4], "big"), head[4:8]
        skipped = 16 if size == 1 else 8
        if name == b"jp2c":
            return place + skipped
        size = int.from_bytes(head[8:], "big") if size == 1 else size
        if size < skipped or len(head) < 16:
            break
        place += size
    return 0


def _jpeg2000(stream: Stream) -> Statement:
    """The precision, by which Pillow scales grey to 16 bits."""
    bits = jpeg2000_bits(stream)
    return Statement((0.0, 65535.0), is_scaled=True, unit=2.0 ** (16 - bits)) if 8 < bits < 16 else NOTHING


_UNIT_FINDERS: dict[str, Callable[[Stream], float]] = {
    "PPM": _unit_of_pnm,
    "PAM": _unit_of_pam,
    "JPEG2000": _unit_of_jpeg2000,
}

_FINDERS: dict[str, Callable[[Stream], Statement]] = {
    "PNG": _png,
    "PPM": _pnm,
    "PAM": _pam,
    "JPEG2000": _jpeg2000,
}


def page_statement(page: tifffile.TiffPage) -> Statement:
    """Read what a tifffile page says of its values."""
    numbers = (GDAL_NODATA, DESCRIPTION, S_MIN_SAMPLE, S_MAX_SAMPLE, MIN_SAMPLE, MAX_SAMPLE)
    tags = {number: page.tags.valueof(number) for number in numbers if number in page.tags}
    return tiff_statement(tags, int(page.bitspersample), page.dtype)


def tiff_statement(tags: Tags, bits: int, dtype: np.dtype) -> Statement:
    """Read what the tags of a TIFF say of values.

    Args:
        tags: By number, as tifffile or Pillow give them.
        bits: Of a sample.
        dtype: Of a sample.

    Returns:
        The statement.

    >>> tiff_statement({42113: "-9999"}, 32, np.dtype(np.float32)).nodata
    (-9999.0,)
    >>> tiff_statement({}, 12, np.dtype(np.uint16)).range
    (0.0, 4095.0)
    """
    nodata = tuple(_numbers(tags.get(GDAL_NODATA)))
    if dtype.kind == "u" and 8 < bits < dtype.itemsize * 8:
        return Statement((0.0, float(2**bits - 1)), nodata)
    significant = _significant_bits(tags.get(DESCRIPTION))
    if significant and dtype.kind == "u" and significant < dtype.itemsize * 8:
        return Statement((0.0, float(2**significant - 1)), nodata)
    low, high = _sample_extent(tags)
    if high is None or not low < high or _is_whole_type(low, high, dtype):
        return Statement(nodata=nodata)
    is_full_scale = low == 0 and high in full_scales(dtype)
    return Statement((low, high), nodata, is_extent=not is_full_scale)


def _significant_bits(description: object) -> int | None:
    """OME-XML's number of significant bits."""
    text = (
        description.decode("utf-8", "replace") if isinstance(description, bytes) else str(description or "")
    )
    found = re.search(r'<(?:\w+:)?Pixels[^>]*\bSignificantBits="(\d+)"', text[:100_000])
    bits = int(found[1]) if found else 0
    return bits if 8 < bits <= 32 else None


def _sample_extent(tags: Tags) -> tuple[float, float | None]:
    lows = _numbers(tags.get(S_MIN_SAMPLE, tags.get(MIN_SAMPLE)))
    highs = _numbers(tags.get(S_MAX_SAMPLE, tags.get(MAX_SAMPLE)))
    return (min(lows) if lows else 0.0), (max(highs) if highs else None)


def _is_whole_type(low: float, high: float, dtype: np.dtype) -> bool:
    """Whether a range only repeats the type of the values."""
    if dtype.kind not in "iu":
        return abs(high) > 1e37 or abs(low) > 1e37
    limits = np.iinfo(dtype)
    return high >= limits.max and low <= max(0, limits.min)


def _numbers(value: object) -> list[float]:
    """The numbers of a tag, which may be a number, several, or text."""
    if value is None:
        return []
    if isinstance(value, bytes):
        value = value.decode("ascii", "replace")
    if isinstance(value, str):
        value = re.split(r"[\s,]+", value.strip("\0 \t\r\n"))
    found: list[float] = []
    for each in value if isinstance(value, (list, tuple, np.ndarray)) else [value]:
        with contextlib.suppress(TypeError, ValueError):
            found.append(float(str(each)))
    return [each for each in found if np.isfinite(each)]
