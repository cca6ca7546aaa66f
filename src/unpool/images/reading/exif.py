"""EXIF data of a file, as text and as facts."""

from __future__ import annotations

from pathlib import Path

from PIL import ExifTags

from unpool.errors import UnreadableImageError
from unpool.images.reading.capture import NOTHING, Capture, read_capture, read_tiff_capture
from unpool.images.reading.decode import format_apart, read_picture
from unpool.images.reading.opening import IN_MEMORY_BYTES, find_reader, open_image
from unpool.images.tiff.reader import open_tiff

MAX_TAGS, MAX_LENGTH = 60, 200
_HIDDEN = {"ExifOffset", "GPSInfo", "MakerNote", "UserComment", "PrintImageMatching", "JPEGInterchangeFormat",
           "JPEGInterchangeFormatLength", "InteroperabilityIFD"}  # fmt: skip


def read_metadata(file: Path) -> list[tuple[str, str]]:
    """Read name and value of each EXIF tag.

    Control characters and values that are no text are left out, long values cut to 200 characters. The list is
    empty where the file has no EXIF data, or damaged ones.
    """
    try:
        with open_image(file, IN_MEMORY_BYTES) as (stream, image_format):
            stream.seek(0)
            exif = find_reader(image_format)(stream).getexif()
            tags = dict(exif) | exif.get_ifd(ExifTags.IFD.Exif)
    except UnreadableImageError:
        return []
    lines = ((ExifTags.TAGS.get(number, ""), _text(value)) for number, value in tags.items())
    return [(name, text) for name, text in lines if name and name not in _HIDDEN and text][:MAX_TAGS]


def read_file_capture(file: Path) -> Capture:
    """Read when, with what and where a file was taken.

    Pixels are decoded where no other process may read the head alone. What cannot be read says nothing.
    """
    try:
        if format_apart(file):
            return read_picture(file, min_side=1).capture
        with open_image(file, in_memory=0) as (stream, image_format):
            stream.seek(0)
            if image_format == "TIFF":
                with open_tiff(stream) as tiff:
                    return read_tiff_capture(tiff.page)
            image = find_reader(image_format)(stream)
            # A PNG without EXIF data in its head would be decoded in search of some behind the pixels.
            return read_capture(image) if "exif" in image.info else NOTHING
    except UnreadableImageError:
        return NOTHING


def _text(value: object) -> str:
    """A value in a line; bytes that are no text are nothing."""
    if isinstance(value, bytes):
        value = value.rstrip(b"\0").decode("ascii", "ignore") if value.isascii() else ""
    text = "".join(c for c in str(value) if c.isprintable()).strip()
    return text[: MAX_LENGTH - 1] + "…" if len(text) > MAX_LENGTH else text
