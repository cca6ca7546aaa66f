"""Find files of more than 8 bits.

Their first bytes say it.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from unpool.errors import UnreadableImageError
from unpool.images.reading.opening import Stream, open_image
from unpool.images.reading.scan import ImageFile
from unpool.images.remote.fetching import IN_PLACE, Fetcher
from unpool.images.values.statements import jpeg2000_bits

MIN_PICTURES, MAX_PICTURES = 16, 256  # of each format that are decoded to find the range
MAX_BYTES = 2e9  # of their files together, beyond the first few
NEVER_DEEP = (
    ".jpg",
    ".jpeg",
    ".jpe",
    ".jfif",
    ".gif",
    ".webp",
    ".bmp",
    ".heic",
    ".heif",
    ".avif",
    ".ico",
    ".tga",
)
MAX_TAGS = 4096
_SUBFILE_TYPE, _OLD_SUBFILE_TYPE, _BITS_PER_SAMPLE, _SAMPLE_FORMAT = 254, 255, 258, 339
_READ_TAGS = frozenset({_SUBFILE_TYPE, _OLD_SUBFILE_TYPE, _BITS_PER_SAMPLE, _SAMPLE_FORMAT})
_TYPE_SIZES = {3: "H", 4: "I", 16: "Q"}


def find_deep_files(files: Sequence[ImageFile], fetcher: Fetcher = IN_PLACE) -> dict[str, list[ImageFile]]:
    """List the files of more than 8 bits, by format.

    Only their first bytes are read, and those of JPEGs and the like not even looked at.

    Args:
        files: Images.
        fetcher: Gives paths to them.

    Returns:
        The files of more than 8 bits, by the name of their format.
    """
    some = [file for file in files if file.file.suffix.lower() not in NEVER_DEEP]
    deep: dict[str, list[ImageFile]] = {}
    with ThreadPoolExecutor(fetcher.num_fetchers) as pool:
        formats = pool.map(lambda file: _deep_format(file, fetcher), some)
        for file, image_format in zip(some, formats, strict=True):
            if image_format is not None:
                deep.setdefault(image_format, []).append(file)
    return deep


def _deep_format(file: ImageFile, fetcher: Fetcher) -> str | None:
    """The format of a file of more than 8 bits, None for any other."""
    try:
        with fetcher.fetch_head(file) as path, open_image(path, in_memory=0) as (stream, image_format):
            is_deep = image_format in _CHECKS and _CHECKS[image_format](stream)
            return image_format if is_deep else None
    except (UnreadableImageError, OSError):  # reported when it is embedded
        return None


def pick_some(files: Sequence[ImageFile]) -> list[ImageFile]:
    """Pick files at even distances.

    They are up to 256, fewer of large ones.
    """
    mean_bytes = sum(file.bytes for file in files) / max(1, len(files))
    count = min(MAX_PICTURES, max(MIN_PICTURES, int(MAX_BYTES / max(1, mean_bytes))))
    step = max(1, -(-len(files) // count))
    return list(files[::step])


def _png(stream: Stream) -> bool:
    stream.seek(24)
    return stream.read(1) == b"\x10"


def _pnm(stream: Stream) -> bool:
    stream.seek(0)
    return stream.read(2) in (b"Pf", b"PF")


def _jpeg2000(stream: Stream) -> bool:
    return jpeg2000_bits(stream) > 8


def _tiff(stream: Stream) -> bool:
    """Whether the first page has samples of more than 8 bits or signed ones, or is a companion of other pages.

    Without tifffile, which takes longer.
    """
    try:
        tags = _tiff_tags(stream)
    except (struct.error, KeyError, IndexError):  # damage, which the reader reports
        return False
    is_companion = bool(tags.get(_SUBFILE_TYPE, 0) & 1) or tags.get(_OLD_SUBFILE_TYPE) == 2
    return tags.get(_BITS_PER_SAMPLE, 1) > 8 or tags.get(_SAMPLE_FORMAT) == 2 or is_companion


def _tiff_tags(stream: Stream) -> dict[int, int]:
    """Read the first number of each tag of `_READ_TAGS`."""
    stream.seek(0)
    head = stream.read(16)
    order = "<" if head[:2] == b"II" else ">"
    is_big = struct.unpack(order + "H", head[2:4])[0] == 43
    (start,) = struct.unpack(order + ("Q" if is_big else "I"), head[8:16] if is_big else head[4:8])
    stream.seek(start)
    counter, size, inline = ("Q", 20, 8) if is_big else ("H", 12, 4)
    (count,) = struct.unpack(order + counter, stream.read(struct.calcsize(counter)))
    entries = stream.read(min(count, MAX_TAGS) * size)
    tags: dict[int, int] = {}
    for at in range(0, len(entries) - size + 1, size):
        number, kind = struct.unpack(order + "HH", entries[at : at + 4])
        if number not in _READ_TAGS:
            continue
        (values,) = struct.unpack(order + ("Q" if is_big else "I"), entries[at + 4 : at + 4 + inline])
        code = _TYPE_SIZES[kind]
        content = entries[at + size - inline : at + size]
        if values * struct.calcsize(code) > inline:
            stream.seek(struct.unpack(order + ("Q" if is_big else "I"), content)[0])
            content = stream.read(struct.calcsize(code))
        tags[number] = int(struct.unpack(order + code, content[: struct.calcsize(code)])[0])
    return tags


_CHECKS: dict[str, Callable[[Stream], bool]] = {
    "PNG": _png,
    "PPM": _pnm,
    "JPEG2000": _jpeg2000,
    "TIFF": _tiff,
}
