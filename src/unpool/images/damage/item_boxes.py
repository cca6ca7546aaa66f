"""Where the coded pictures of an AVIF or HEIC lie. Source: ISO/IEC 14496-12, sections 8.11.3 and 8.11.6."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from unpool.images.damage.content import Content

CODED_TYPES = frozenset({b"av01", b"hvc1", b"hev1", b"avc1", b"j2k1", b"vvc1"})
MAX_EXTENTS = 100_000
_FULL = 4  # bytes of version and flags


class Box(NamedTuple):
    """A type, and where the payload begins and ends."""

    kind: bytes
    start: int
    end: int


def find_coded_parts(content: Content) -> list[tuple[int, int]]:
    """Find the beginning and end of every coded picture.

    Metadata such as EXIF lie beside them. Without a list of items, as in sequences, all media data count.
    """
    boxes = list(read_boxes(content, 0, len(content)))
    meta = next((box for box in boxes if box.kind == b"meta"), None)
    if any(box.kind == b"moov" for box in boxes) or meta is None:
        return [(box.start, box.end) for box in boxes if box.kind == b"mdat"]
    inner = {box.kind: box for box in read_boxes(content, meta.start + _FULL, meta.end)}
    if b"iinf" not in inner or b"iloc" not in inner:
        return []
    coded = _find_coded_items(content, inner[b"iinf"])
    parts = [part for number, part in _read_locations(content, inner[b"iloc"]) if number in coded]
    return [(start, end) for start, end in parts if 0 <= start < end <= len(content)]


def read_boxes(content: Content, start: int, end: int) -> Iterator[Box]:
    """Read the boxes of a part of a file.

    Args:
        content: The file.
        start: Where the first box begins.
        end: Where the part ends.

    Yields:
        Each box, not those inside it.
    """
    while start + 8 <= end:
        size, kind, head = _number(content, start, 4), content[start + 4 : start + 8], 8
        if size == 1:
            size, head = _number(content, start + 8, 8), 16
        stop = end if size == 0 else start + size
        if stop < start + head:
            return
        yield Box(kind, start + head, min(stop, end))
        start = stop


def _number(content: Content, start: int, size: int) -> int:
    return int.from_bytes(content[start : start + size], "big")


def _find_coded_items(content: Content, box: Box) -> set[int]:
    wide = content[box.start] > 0
    found = set()
    for entry in read_boxes(content, box.start + _FULL + (4 if wide else 2), box.end):
        version = content[entry.start]
        if entry.kind == b"infe" and version >= 2:
            size = 4 if version > 2 else 2
            at = entry.start + _FULL
            if content[at + size + 2 : at + size + 6] in CODED_TYPES:
                found.add(_number(content, at, size))
    return found


def _read_locations(content: Content, box: Box) -> Iterator[tuple[int, tuple[int, int]]]:
    """Number, beginning and end of each extent of each item that lies in the file itself."""
    version, sizes = content[box.start], content[box.start + _FULL : box.start + _FULL + 2]
    if len(sizes) < 2 or version > 2:
        return
    offset_size, length_size, base_size = sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4
    index_size = sizes[1] & 15 if version else 0
    wide = 4 if version == 2 else 2
    at = box.start + _FULL + 2
    num_items, at = _number(content, at, wide), at + wide
    num_extents = 0
    for _ in range(num_items):
        number, at = _number(content, at, wide), at + wide
        method = 0
        if version:
            method, at = _number(content, at, 2) & 15, at + 2
        base, at = _number(content, at + 2, base_size), at + 2 + base_size
        num, at = _number(content, at, 2), at + 2
        num_extents += num
        if at > box.end or num_extents > MAX_EXTENTS:
            return
        for _ in range(num):
            at += index_size
            start, length = _number(content, at, offset_size), _number(content, at + offset_size, length_size)
            at += offset_size + length_size
            if method == 0:
                yield number, (base + start, base + start + length)
