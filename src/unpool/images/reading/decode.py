"""Decode image files to upright RGB, and derive smaller pictures.

Shapes: H, W height and width of the decoded picture, upright.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import io
import logging
import stat
import threading
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from PIL import Image

from unpool.errors import UnreadableImageError
from unpool.images.reading.bit_depth import to_8_bits
from unpool.images.reading.formats import (
    ENDINGS,
    HEAD,
    UNSIGNED,
    UNSUPPORTED_ENDINGS,
    ending,
    is_truncated,
    sniff,
)
from unpool.images.reading.notes import Note
from unpool.images.reading.tiff import read_tiff, tiff_size

Stream: TypeAlias = io.BytesIO | io.BufferedReader

# The largest cameras make 200 megapixels. Reading 300 was seen to take 2.9 GB whole (4.0 with transparency)
# and 1.2 GB reduced (3.4): bearable on a laptop with 8 GiB, one picture at a time. A small file that claims
# more is not worth the risk.
MAX_PIXELS = 300_000_000
LARGE_PIXELS = 30_000_000  # pictures above this are decoded one at a time, however many threads there are
IN_MEMORY_BYTES = 64 * 2**20  # larger files are hashed in pieces and decoded from the disk

# Formats by their reader in Pillow. Only these are ever tried, each on content of its kind: among
# Pillow's others are some that start programs (EPS) or accept almost any bytes.
_READERS = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"), "PNG": ("PIL.PngImagePlugin", "PngImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"), "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"), "WEBP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "AVIF": ("PIL.AvifImagePlugin", "AvifImageFile"), "PPM": ("PIL.PpmImagePlugin", "PpmImageFile"),
    "JPEG2000": ("PIL.Jpeg2KImagePlugin", "Jpeg2KImageFile"), "QOI": ("PIL.QoiImagePlugin", "QoiImageFile"),
    "PSD": ("PIL.PsdImagePlugin", "PsdImageFile"), "TGA": ("PIL.TgaImagePlugin", "TgaImageFile"),
    "PCX": ("PIL.PcxImagePlugin", "PcxImageFile"), "ICO": ("PIL.IcoImagePlugin", "IcoImageFile"),
    "HEIF": ("pi_heif", "HeifImageFile"),
}  # fmt: skip
_GREY_MODES = frozenset({"1", "L", "LA", "La", "I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_DEEP_MODES = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}  # fmt: skip

# Pillow's guards belong to the whole process, and warnings cannot be silenced per thread; so both are set
# once. Its limit is only ever raised, to ours, which is checked before anything is decoded.
if Image.MAX_IMAGE_PIXELS is not None:
    Image.MAX_IMAGE_PIXELS = max(Image.MAX_IMAGE_PIXELS, MAX_PIXELS)
warnings.filterwarnings("ignore", category=UserWarning, module=r"PIL\.")
logging.getLogger("PIL").addHandler(logging.NullHandler())
_one_large_picture = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded image.

    `pixels` is (H, W, 3) uint8 RGB, upright, the whole image, perhaps reduced; `width` and `height` are the
    original's, upright; `mode` is Pillow's name for what the file holds (`L`, `RGB`, `CMYK`, `I;16`);
    `grey` means that the file has no colour; `id` is a digest of the file, the same for identical files; `notes`
    say what was assumed or dropped.
    """

    pixels: np.ndarray
    width: int
    height: int
    mode: str
    grey: bool
    id: str
    notes: tuple[Note, ...] = ()


def read_picture(file: Path, *, min_side: int | None = None, max_pixels: int = MAX_PIXELS) -> Picture:
    """Decode an image file to upright RGB.

    The first frame or page is read, turned as its EXIF data says, and laid on white where transparent. More
    than 8 bits per value are scaled by the rule of `bit_depth.to_8_bits`; 16-bit colour PNG and TIFF keep their
    upper 8 bits. Colour profiles are not applied. May be called from many threads.

    Args:
        file: The image file.
        min_side: Side in pixels that the picture will be resized to. It may then come reduced, its smaller
            side never below `2 * min_side`: enough for a faithful resize, and several times faster for
            photographs. None decodes the whole.
        max_pixels: Limit of width times height of the original.

    Returns:
        The picture.

    Raises:
        UnreadableImageError: For whatever is wrong with the file, and nothing else is raised. Its `problem` is
            one of `missing broken-link no-permission not-a-file unreadable empty not-an-image unsupported
            needs-heic truncated corrupt too-large`.
    """
    with open_image(file, IN_MEMORY_BYTES) as (stream, image_format):
        stream.seek(0)
        digest = hashlib.file_digest(stream, lambda: hashlib.blake2b(digest_size=16)).hexdigest()
        return _decode(stream, image_format, digest, min_side, max_pixels)


def read_size(file: Path) -> tuple[int, int]:
    """Read the upright width and height without decoding pixels.

    Raises:
        UnreadableImageError: Where the file does not say them.
    """
    with open_image(file, in_memory=0) as (stream, image_format):
        stream.seek(0)
        try:
            image = find_reader(image_format)(stream)
        except SyntaxError:
            if image_format != "TIFF":
                raise
            return tiff_size(stream)
        # Without EXIF in the head, a PNG would be decoded in search of some behind the pixels.
        turned = "exif" in image.info and image_format != "TIFF" and _orientation(image) >= 5
        return (image.height, image.width) if turned else (image.width, image.height)


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
    with stream:
        image_format = _format_of(stream.read(HEAD), file.name)
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
    if found is None and ENDINGS.get(suffix) in UNSIGNED:
        return ENDINGS[suffix]
    if found is None:
        raise UnreadableImageError(
            "not-an-image", f"the content is no known image; it begins with {head[:12]!r}"
        )
    return found


def _decode(stream: Stream, image_format: str, digest: str, min_side: int | None, max_pixels: int) -> Picture:
    stream.seek(0)
    try:
        image = find_reader(image_format)(stream)
    except Exception:
        if image_format == "TIFF":
            return _decode_with_tifffile(stream, digest, min_side, max_pixels)
        raise
    check_size(image.width, image.height, max_pixels)
    width, height, mode = image.width, image.height, image.mode
    # A JPEG can be decoded at 1/2, 1/4 or 1/8 of its size. The box is where the picture then really ends: its
    # last pixels may be a part of one only, and to overlook that would stretch it.
    drafted = image.draft(None, (2 * min_side, 2 * min_side)) if min_side else None
    with _one_large_picture if image.width * image.height > LARGE_PIXELS else contextlib.nullcontext():
        image.load()
        orientation = _orientation(image)  # read only now: while loading, Pillow turns TIFFs by itself
        box = drafted[1] if drafted else (0, 0, *image.size)
        pixels = _upright_rgb(_averageable(image), orientation, min_side, box)
    if orientation >= 5:
        width, height = height, width
    return Picture(pixels, width, height, mode, mode in _GREY_MODES or _has_no_colour(pixels), digest)


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


def _decode_with_tifffile(stream: Stream, digest: str, min_side: int | None, max_pixels: int) -> Picture:
    try:
        page = read_tiff(stream, max_pixels)
    except ImportError as error:
        detail = 'a damaged TIFF, or a kind that needs: pip install "unpool[tiff]"'
        raise UnreadableImageError("unsupported", detail) from error
    height, width = page.pixels.shape[:2]
    check_size(width, height, max_pixels)
    pixels = _upright_rgb(Image.fromarray(page.pixels), page.orientation, min_side, (0, 0, width, height))
    if page.orientation >= 5:
        width, height = height, width
    return Picture(pixels, width, height, page.mode, page.pixels.ndim == 2 or _has_no_colour(pixels), digest)


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


def _orientation(image: Image.Image) -> int:
    """EXIF's 1..8; anything unreadable counts as upright."""
    try:
        value = int(image.getexif().get(0x0112, 1))
    except Exception:  # damaged EXIF data fails in many ways, and the picture is fine without
        return 1
    return value if value in _UPRIGHT else 1


def rotate_upright(image: Image.Image) -> Image.Image:
    """Turn a loaded image as its EXIF data says."""
    orientation = _orientation(image)
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _averageable(image: Image.Image) -> Image.Image:
    """The image in a mode whose values may be averaged and that has 8 bits: L, RGB, RGBA or CMYK."""
    if image.mode in _DEEP_MODES:
        return Image.fromarray(to_8_bits(np.asarray(image)))
    if image.has_transparency_data:
        return image.convert("RGBA")
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def _upright_rgb(
    image: Image.Image, orientation: int, min_side: int | None, box: tuple[float, float, float, float]
) -> np.ndarray:
    """(H, W, 3) uint8, first reduced, then put on white and turned: in the order that costs least."""
    # Below 4 * min_side a second resize costs more than it saves.
    if min_side and (min(image.size) > 4 * min_side or box[2:] != image.size):
        scale = 2 * min_side / min(box[2:])
        size = round(box[2] * scale), round(box[3] * scale)
        image = image.resize(size, Image.Resampling.BICUBIC, box, reducing_gap=2.0)
    if image.mode == "RGBA":
        white = Image.new("RGB", image.size, "white")
        white.paste(image, mask=image.getchannel("A"))
        image = white
    if image.mode != "RGB":  # Pillow would copy even then, and pictures can be large
        image = image.convert("RGB")
    if orientation in _UPRIGHT:
        image = image.transpose(_UPRIGHT[orientation])
    return np.asarray(image)


def _has_no_colour(pixels: np.ndarray) -> bool:
    sample = pixels[:: max(1, len(pixels) // 16)]  # enough to decide for almost every photograph
    return all(bool((part == part[..., :1]).all()) for part in (sample, pixels))


def _explain_error(error: Exception, stream: Stream, image_format: str) -> UnreadableImageError:
    """Translate a reader's exception, which may be of almost any kind, for the user."""
    if isinstance(error, UnreadableImageError):
        return error
    if isinstance(error, (MemoryError, Image.DecompressionBombError)):
        return UnreadableImageError("too-large", "the image does not fit into memory")
    reason = " ".join(str(error).split()) or type(error).__name__
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


def square(
    pixels: np.ndarray,
    size: int,
    *,
    crop: Literal["centre", "squash"] = "centre",
    channels: Literal[1, 3] = 3,
) -> np.ndarray:
    """Resize pixels to a square, bicubic and antialiased.

    Args:
        pixels: (H, W, 3) or (H, W, 1) uint8.
        size: Side of the result, pixels.
        crop: `centre` takes the largest centred square as torchvision's Resize and CenterCrop do, `squash` the
            whole picture.
        channels: Of the result; one channel is the luma of ITU-R 601.

    Returns:
        (size, size, channels) uint8.

    Raises:
        ValueError: For another crop or number of channels.

    >>> square(np.zeros((4, 6, 3), np.uint8), 2, channels=1).shape
    (2, 2, 1)
    """
    if crop not in ("centre", "squash") or channels not in (1, 3):
        raise ValueError(f"crop is '{crop}' and channels {channels}; expected centre or squash, and 1 or 3")
    image = _image(pixels).convert("L" if channels == 1 else "RGB")
    if crop == "squash":
        return np.array(image.resize((size, size), Image.Resampling.BICUBIC)).reshape(size, size, channels)
    return np.array(_centre(image, size)).reshape(size, size, channels)


def _centre(image: Image.Image, size: int) -> Image.Image:
    """Resize the shorter side to `size` and cut out the centre, to the pixel as torchvision does.

    Networks notice a shift of a quarter pixel, and published weights were measured with torchvision's Resize and
    CenterCrop.
    """
    short = min(image.size)
    wide, high = (int(size * side / short) for side in image.size)
    left, top = round((wide - size) / 2), round((high - size) / 2)
    box = (left, top, left + size, top + size)
    if wide * high <= 4 * size * size:
        return image.resize((wide, high), Image.Resampling.BICUBIC).crop(box)
    # Of a panorama only the middle is resized: the same but for rounding between the two passes.
    x, y = image.width / wide, image.height / high
    part = (left * x, top * y, min(image.width, box[2] * x), min(image.height, box[3] * y))
    return image.resize((size, size), Image.Resampling.BICUBIC, box=part)


def thumbnail(pixels: np.ndarray, side: int = 160) -> bytes:
    """Encode pixels as a small WebP.

    `pixels` is (H, W, 3) or (H, W, 1) uint8. The longer side gets at most `side` pixels; nothing is enlarged.
    Pictures of up to 32 pixels are kept exactly; larger ones are compressed at quality 80.
    """
    image = _within(_image(pixels), side)
    stream = io.BytesIO()
    # Method 2 of 6: half the time of the default, 3 % larger files.
    image.save(stream, "WEBP", quality=80, method=2, lossless=max(image.size) <= 32)
    return stream.getvalue()


def sharpness(pixels: np.ndarray) -> float:
    """Return the variance of the luma's Laplacian.

    The luma is 0..255, at a longer side of at most 256 pixels.
    The fixed scale makes photographs of different sizes comparable; the lower, the more blurred.
    `pixels` is (H, W, 3) or (H, W, 1) uint8. Source: Pech-Pacheco et al., ICPR 2000, section 3.

    >>> sharpness(np.full((8, 8, 3), 90, np.uint8))
    0.0
    """
    image = _within(_image(pixels).convert("L"), 256)
    grey = np.pad(np.asarray(image, np.float32), 1, mode="edge")
    centre = grey[1:-1, 1:-1]
    laplacian = grey[:-2, 1:-1] + grey[2:, 1:-1] + grey[1:-1, :-2] + grey[1:-1, 2:] - 4 * centre
    return float(laplacian.var())


def _within(image: Image.Image, side: int) -> Image.Image:
    """The image with its longer side at most `side`; a cheap reduction first where it is much larger."""
    scale = side / max(image.size)
    if scale >= 1:
        return image
    smaller = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    return image.resize(smaller, Image.Resampling.BICUBIC, reducing_gap=2.0)


def brightness(pixels: np.ndarray) -> float:
    """Return the mean luma, 0 black to 1 white.

    `pixels` is (H, W, 3) or (H, W, 1) uint8.

    >>> brightness(np.full((8, 8, 3), 255, np.uint8))
    1.0
    """
    return float(np.asarray(_image(pixels).convert("L")).mean()) / 255


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
