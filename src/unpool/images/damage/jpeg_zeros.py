"""Zeros among the pixels of a JPEG, for lost ones.

No encoder writes them. A decoder that reads the zeros of a lost piece may be in step again afterwards, and silent.
"""

from __future__ import annotations

from unpool.images.damage.content import Content
from unpool.images.damage.jpeg_segments import SCAN, is_progressive_frame, read_segments

MIN_ZEROS = 64  # bytes; lost pieces are sectors or clusters, of 512 at least
_TABLES = 0xC4
_END = b"\xff\xd9"


def find_lost_piece(content: Content, start: int) -> int | None:
    """Find zeros that stand for lost pixels.

    The shortest code of a table is all zeros. Where that means "the rest is empty", flat pictures are zeros for long;
    where it means a value, they would be the same value again and again, at every frequency.

    Args:
        content: The file.
        start: Where its first scan begins.

    Returns:
        Where the zeros begin; None where there are none, or they can be pixels.
    """
    at = content.find(bytes(MIN_ZEROS), start)
    if at < 0 or content.find(_END, start, at) >= 0:
        return None
    shortest: dict[int, int] = {}  # class and number of a table → what its shortest code means
    is_progressive, scan = False, b""
    for marker, begin, end in read_segments(content):
        if begin > at:
            break
        is_progressive = is_progressive or is_progressive_frame(marker)
        if marker == _TABLES:
            shortest |= _read_tables(content[begin:end])
        if marker == SCAN:
            scan = content[begin:end]
    return None if _can_be_zeros(scan, shortest, is_progressive) else at


def _read_tables(payload: bytes) -> dict[int, int]:
    found, at = {}, 0
    while at + 17 < len(payload):
        found[payload[at]] = payload[at + 17]
        at += 17 + sum(payload[at + 1 : at + 17])
    return found


def _can_be_zeros(scan: bytes, shortest: dict[int, int], is_progressive: bool) -> bool:
    """Whether a flat picture can be zeros in a scan: number of components, their tables, spectrum, bits."""
    if len(scan) < 6:
        return True
    tables = scan[2 : 1 + 2 * scan[0] : 2]
    if is_progressive and scan[-3] == 0:  # the mean of each block: differences, or their next bit
        return scan[-1] >> 4 > 0 or all(shortest.get(table >> 4, 0) == 0 for table in tables)
    # The lower half of a symbol is the size of a value, 0 for none. Without tables those of the standard hold.
    return all(shortest.get(0x10 | table & 15, 1) & 15 == 0 for table in tables)
