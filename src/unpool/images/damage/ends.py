"""Check the ends of files that readers pass over."""

from __future__ import annotations

from unpool.errors import UnreadableImageError
from unpool.images.damage.content import Content
from unpool.images.reading.notes import Note

_QOI_END = b"\0\0\0\0\0\0\0\1"
_QOI_LOST = bytes(8)  # what encoders write has six at most: of two equal pixels, the second is a run
_TRAILER, _EXTENSION, _FRAME = 0x3B, 0x21, 0x2C  # of a GIF


def check_end(content: Content, image_format: str) -> tuple[Note, ...]:
    """Check the end of a GIF or a QOI.

    Args:
        content: The file. What follows the end is not looked at.
        image_format: By Pillow's name; others are passed over.

    Returns:
        A note where a GIF ends between two of its parts.

    Raises:
        UnreadableImageError: `truncated`, or `corrupt` where a QOI has zeros among its pixels.
    """
    if image_format == "QOI":
        _check_qoi(content)
    if image_format != "GIF":
        return ()
    end = _find_gif_end(content)
    if end is None:
        raise UnreadableImageError("truncated", "the file ends before its last frame does")
    return () if end < len(content) else (Note("end-mark", "the byte that ends a GIF"),)


def _check_qoi(content: Content) -> None:
    end = content.find(_QOI_END, 14)
    if end < 0:
        raise UnreadableImageError("truncated", "the file ends before the image does (no end marker)")
    if 0 <= content.find(_QOI_LOST, 14) < end - 4:
        raise UnreadableImageError(
            "corrupt", "a piece of the compressed image is lost, zeros stand in its place"
        )


def _find_gif_end(content: Content) -> int | None:
    """Where the trailer is, or the file ends before it; None where it ends within a part.

    Bytes that belong to no part end the file, as they do for readers.
    """
    at = 13 + _table_size(content[10:11])
    while at < len(content) and content[at] in (_EXTENSION, _FRAME):
        if content[at] == _FRAME:
            at += 10 + _table_size(content[at + 9 : at + 10]) + 1
        else:
            at += 2
        while at < len(content) and content[at] > 0:
            at += 1 + content[at]
        if at >= len(content):
            return None
        at += 1
    return min(at, len(content))


def _table_size(flags: bytes) -> int:
    return 3 << (flags[0] & 7) + 1 if flags and flags[0] & 0x80 else 0
