"""The marker segments of a JPEG: scans and headers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from unpool.images.damage.content import Content

SCAN = 0xDA
NUM_COEFFICIENTS = 64
_MARKER = re.compile(rb"\xff+([\x01-\xcf\xd8-\xfe])")
_SEQUENTIAL, _PROGRESSIVE = frozenset({0xC0, 0xC1, 0xC9}), frozenset({0xC2, 0xCA})
_START, _END, _NO_LENGTH = 0xD8, 0xD9, frozenset({0x01, 0xD8})
_JFIF, _ADOBE = 0xE0, 0xEE


class Segment(NamedTuple):
    """A marker, and where its payload begins and ends."""

    marker: int
    start: int
    end: int


def read_segments(content: Content) -> Iterator[Segment]:
    """Read the marker segments of the first picture.

    What stands between them, the pixels, is passed over.
    """
    at = 2
    while match := _MARKER.search(content, at):
        marker, start = match[1][0], match.end()
        if marker == _END:
            return
        at = start
        if marker not in _NO_LENGTH:
            at = start + max(2, int.from_bytes(content[start : start + 2], "big"))
            yield Segment(marker, start + 2, min(at, len(content)))


def is_progressive_frame(marker: int) -> bool:
    """Return whether a marker begins a picture of progressive scans."""
    return marker in _PROGRESSIVE


def count_incomplete(content: Content) -> int:
    """Count the colour components that lack a scan.

    libjpeg decodes what is there: a progressive picture without its last scans is coarse, or grey. Every coefficient
    of every component must have been sent to its last bit.
    """
    is_progressive = False
    bits: dict[int, list[int | None]] = {}
    for marker, start, end in read_segments(content):
        if marker in _SEQUENTIAL or marker in _PROGRESSIVE:
            is_progressive = marker in _PROGRESSIVE
            bits = {content[at]: [None] * NUM_COEFFICIENTS for at in range(start + 6, end - 2, 3)}
        if marker == SCAN and end - start >= 4:
            first, last, low = content[end - 3], content[end - 2], content[end - 1] & 15
            if not is_progressive:
                first, last, low = 0, NUM_COEFFICIENTS - 1, 0
            for component in content[start + 1 : start + 1 + 2 * content[start] : 2]:
                if component in bits:
                    num = len(bits[component][first : last + 1])
                    bits[component][first : last + 1] = [low] * num
    return sum(any(value != 0 for value in values) for values in bits.values())


def mend_headers(content: Content) -> bytes:
    """Write the usual values where headers hold odd ones.

    Decoders take those for the usual ones, but their warning of them would hide a warning of damage.
    """
    mended = bytearray(content)
    is_sequential = False
    for marker, start, end in read_segments(content):
        is_sequential = is_sequential or marker in _SEQUENTIAL
        if marker == _JFIF and mended[start : start + 5] == b"JFIF\0" and end - start > 6:
            mended[start + 5 : start + 7] = b"\1\1"
        if marker == _ADOBE and mended[start : start + 5] == b"Adobe" and end - start > 11:
            mended[start + 11] = min(mended[start + 11], 2)
        if marker == SCAN and is_sequential and end - start >= 4:
            mended[end - 3 : end] = b"\0\x3f\0"
    return bytes(mended)
