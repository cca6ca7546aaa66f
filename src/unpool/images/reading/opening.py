"""Open image files, with one kind of error for all."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
import stat
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.reading.formats import (
    ENDINGS,
    HEAD,
    RAW,
    RAW_DETAIL,
    UNSIGNED,
    UNSUPPORTED_ENDINGS,
    ending,
    is_truncated,
    sniff,
)

Stream: TypeAlias = io.BytesIO | io.BufferedReader

# The largest cameras make 200 megapixels. Reading 300 was seen to take 2.9 GB whole (4.0 with transparency)
# and 1.2 GB reduced (3.4): bearable on a laptop with 8 GiB, one picture at a time. A small file that claims
# more is not worth the risk.
MAX_PIXELS = 300_000_000
IN_MEMORY_BYTES = 64 * 2**20  # larger files are hashed in pieces and decoded from the disk

# Formats by their reader: Pillow's, or a stricter one of ours. Only these are ever tried, each on content of
# its kind: among Pillow's others are some that start programs (EPS) or accept almost any bytes.
_READERS = {
    "JPEG": ("unpool.images.damage.jpeg", "JpegFile"), "PNG": ("unpool.images.damage.png", "PngFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"), "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"), "WEBP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"), "PPM": ("PIL.PpmImagePlugin", "PpmImageFile"),
    "JPEG2000": ("PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile"), "QOI": ("PIL.QoiImagePlugin", "QoiImageFile"),
    "PSD": ("PIL.PsdImagePlugin", "PsdImageFile"), "TGA": ("PIL.TgaImagePlugin", "TgaImageFile"),
    "PCX": ("PIL.PcxImagePlugin", "PcxImageFile"), "ICO": ("PIL.IcoImagePlugin", "IcoImageFile"),
    "HEIF": ("pi_heif", "HeifImageFile"), "PAM": ("unpool.images.reading.pam", "PamFile"),
}  # fmt: skip
# Pillow's guards belong to the whole process, and warnings cannot be silenced per thread; so both are set
# once. Its limit is only ever raised, to ours, which is checked before anything is decoded.
if Image.MAX_IMAGE_PIXELS is not None:
    Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, MAX_PIXELS)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())


@contextlib.contextmanager
def open_image(file: Path, in_memory: int) -> Iterator[tuple[Stream, str]]:
    """Open an image file and recognise its format.

    Args:
        file: The image file.
        in_memory: Size in bytes up to which a file is read at once; larger ones are read as needed.

    Yields:
        The content as a stream, and the format by Pillow's name.

    Raises:
        UnreadableImageError: For whatever goes wrong, inside the `with` block too.
    """
    try:
        status = file.stat()
        if not stat.S_ISREG(status.st_mode):  # opening a pipe would block for ever
            raise UnreadableImageError("not-a-file", "it is a folder, a pipe, a socket or a device")
        if status.st_size == 0:
            raise UnreadableImageError("empty", "the file is empty")
        whole = status.st_size <= in_memory
        stream = io.BytesIO(file.read_bytes()) if whole else file.open("rb")
    except OSError as error:
        raise _explain_os_error(error, file) from error
    with open_stream(stream, file.name) as opened:
        yield opened


@contextlib.contextmanager
def open_stream(stream: Stream, name: str) -> Iterator[tuple[Stream, str]]:
    """Recognise the format of the content of an image file.

    Args:
        stream: The content; it is closed at the end.
        name: Of the file.

    Yields:
        The content, and the format by Pillow's name.

    Raises:
        UnreadableImageError: For whatever goes wrong, inside the `with` block too.
    """
    with stream:
        image_format = _format_of(stream.read(HEAD), name)
        try:
            yield stream, image_format
        except Exception as error:
            raise _explain_error(error, stream, image_format) from error


def _format_of(head: bytes, name: str) -> str:
    found, suffix = sniff(head), ending(name)
    # Camera raw files are TIFFs by their first bytes, but what Pillow finds in them is the small preview.
    if suffix in UNSUPPORTED_ENDINGS and found in (None, "TIFF"):
        raise UnreadableImageError(
            "unsupported", f"{suffix} files cannot be read; export them as JPEG, PNG or TIFF"
        )
    if found == RAW:
        raise UnreadableImageError("unsupported", RAW_DETAIL)
    if found is None and ENDINGS.get(suffix) in UNSIGNED:
        return ENDINGS[suffix]
    if found is None:
        raise UnreadableImageError(
            "not-an-image", f"the content is no known image; it begins with {head[:12]!r}"
        )
    return found


def find_reader(image_format: str) -> Callable[[Stream], Image.Image]:
    """Return Pillow's reader class for a format.

    It is called directly, for `Image.open` would warn of large photographs.
    """
    module, name = _READERS[image_format]
    try:
        reader: Callable[[Stream], Image.Image] = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        if image_format == "HEIF":
            raise UnreadableImageError(
                "needs-heic", 'HEIC images need: pip install "unpool[heic]"'
            ) from error
        raise UnreadableImageError(
            "unsupported", f"this Pillow cannot read {image_format}; upgrade it"
        ) from error
    return reader


def check_size(width: int, height: int, max_pixels: int) -> None:
    """Check that an image is small enough to be decoded.

    Args:
        width: Pixels a row.
        height: Rows.
        max_pixels: The most that width times height may be.

    Raises:
        UnreadableImageError: For a larger image.
    """
    if width * height > max_pixels:
        limit = f"{max_pixels / 1e6:g} million"
        raise UnreadableImageError(
            "too-large", f"the image is {width} × {height} pixels, above the limit of {limit}"
        )


def _explain_error(error: Exception, stream: Stream, image_format: str) -> UnreadableImageError:
    """Translate a reader's exception, which may be of almost any kind, for the user."""
    if isinstance(error, UnreadableImageError):
        return error
    if isinstance(error, (MemoryError, Image.DecompressionBombError)):
        return UnreadableImageError("too-large", "the image does not fit into memory")
    reason = " ".join(str(error).split()) or type(error).__name__
    if reason == "cannot handle 12-bit layers":
        return UnreadableImageError(
            "unsupported", "JPEG files of 12 bits cannot be read; export it with 8 bits"
        )
    with contextlib.suppress(OSError, ValueError):  # the stream may have been closed by the reader
        if "truncated" in reason.lower() or is_truncated(stream, image_format):
            return UnreadableImageError("truncated", f"the file ends before the image does ({reason})")
    return UnreadableImageError("corrupt", f"the {image_format} content is damaged ({reason})")


def _explain_os_error(error: OSError, file: Path) -> UnreadableImageError:
    if isinstance(error, PermissionError):
        return UnreadableImageError("no-permission", "the file may not be read by this user")
    if isinstance(error, FileNotFoundError):
        if file.is_symlink():
            return UnreadableImageError("broken-link", "the link leads to nothing")
        return UnreadableImageError("missing", "there is no such file")
    return UnreadableImageError("unreadable", f"the file cannot be read ({error.strerror or error})")
