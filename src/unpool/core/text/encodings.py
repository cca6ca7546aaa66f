"""Text of files that other programs wrote, in whatever encoding."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

# A mark at the start of a file, the longer of two with one beginning first.
MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
NUM_EXAMINED = 4096  # bytes that show whether a file without a mark is UTF-16
GUESSED = "cp1252"  # of files that are neither UTF-8 nor UTF-16: what Windows programs write


@dataclass(frozen=True, slots=True)
class DecodedText:
    """The text of a file, without its byte order mark.

    `encoding` is Python's name of the encoding; `is_guessed` says that nothing in the file named or proved it.
    """

    text: str
    encoding: str
    is_guessed: bool = False


def decode_text(content: bytes) -> DecodedText:
    """Decode text by its mark, else by its bytes.

    Args:
        content: A file.

    Raises:
        UnicodeDecodeError: It is text in no encoding that is tried.

    >>> decode_text("é".encode("utf-16")).text, decode_text(b"\\xe9").encoding
    ('é', 'cp1252')
    """
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return DecodedText(content[len(mark) :].decode(encoding), encoding)
    if encoding := _utf16_without_mark(content[:NUM_EXAMINED]):
        return DecodedText(content.decode(encoding), encoding)
    try:
        return DecodedText(content.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        return DecodedText(content.decode(GUESSED), GUESSED, is_guessed=True)


def _utf16_without_mark(start: bytes) -> str:
    """The kind of UTF-16 in which every second byte of mostly Latin text is zero; empty for other files."""
    pairs = len(start) // 2
    if not pairs or b"\0" not in start:
        return ""
    for encoding, offset in (("utf-16-le", 1), ("utf-16-be", 0)):
        zeros, others = start[offset::2].count(0), start[1 - offset :: 2].count(0)
        if zeros > pairs // 2 and not others:
            return encoding
    return ""
