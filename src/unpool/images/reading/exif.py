"""What a photograph's file says of itself beside its pixels: EXIF, as text for people."""

from __future__ import annotations

from pathlib import Path

from PIL import ExifTags

from unpool.errors import UnreadableImageError
from unpool.images.reading.decode import IN_MEMORY_BYTES, opened, reader_of

MOST, LONGEST = 60, 200
_HIDDEN = {"ExifOffset", "GPSInfo", "MakerNote", "UserComment", "PrintImageMatching", "JPEGInterchangeFormat",
           "JPEGInterchangeFormatLength", "InteroperabilityIFD"}  # fmt: skip


def read_metadata(file: Path) -> list[tuple[str, str]]:
    """Name and value of each EXIF tag that can be told in a line; none where the file has no or a broken one.

    Control characters are left out, and long values are cut to 200 characters.
    """
    try:
        with opened(file, IN_MEMORY_BYTES) as (stream, image_format):
            stream.seek(0)
            exif = reader_of(image_format)(stream).getexif()
            tags = dict(exif) | exif.get_ifd(ExifTags.IFD.Exif)
    except UnreadableImageError:
        return []
    told = ((ExifTags.TAGS.get(number, ""), _text(value)) for number, value in tags.items())
    return [(name, text) for name, text in told if name and name not in _HIDDEN and text][:MOST]


def _text(value: object) -> str:
    """A value in a line; bytes that are no text are nothing."""
    if isinstance(value, bytes):
        value = value.rstrip(b"\0").decode("ascii", "ignore") if value.isascii() else ""
    text = "".join(c for c in str(value) if c.isprintable()).strip()
    return text[: LONGEST - 1] + "…" if len(text) > LONGEST else text
