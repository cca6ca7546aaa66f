"""Images as Python programs hold them: paths, pictures, arrays, tensors.

Shapes: H, W height and width, C channels.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from unpool.core.calls.signatures import shorten
from unpool.core.file_names import find_typed
from unpool.errors import UnpoolError, UnreadableImageError, UsageError
from unpool.images.colour.file_profiles import find_profile
from unpool.images.reading.bit_depth import DEEP_MODES
from unpool.images.reading.decode import Picture, decode_stream, read_picture
from unpool.images.values.rules import NO_RULES, ValueRules

EXPECTED = (
    "the path of an image, a picture of Pillow, an array (H, W), (H, W, 3) or (H, W, 4), or a tensor (C, H, W), of "
    "uint8, or of floats from 0 to 1"
)
_TIFF_MODES = frozenset({"CMYK", "F", "I"})  # which no PNG holds as they are
_PLAIN_MODES = {"La": "LA", "RGBa": "RGBA", "PA": "RGBA"}
_PNG_MODES = frozenset({"1", "L", "LA", "P", "RGB", "RGBA", "I;16"})


@runtime_checkable
class TensorLike(Protocol):
    """A tensor, described without importing torch."""

    def detach(self) -> TensorLike:
        """Return it without its history."""

    def cpu(self) -> TensorLike:
        """Return it in the memory of the CPU."""

    def numpy(self) -> np.ndarray:
        """Return it as an array."""


ImageLike: TypeAlias = str | os.PathLike[str] | Image.Image | np.ndarray | TensorLike


def read_any(image: ImageLike, *, min_side: int | None = None, rules: ValueRules = NO_RULES) -> Picture:
    """Read an image, however a program holds it.

    A picture of Pillow is read as a file of it would be: turned as its EXIF data says, and by its profile.

    Args:
        image: the path of an image; a picture of Pillow; an array (H, W), (H, W, 1), (H, W, 3) or (H, W, 4); or a
            tensor (H, W) or (C, H, W). Numbers are uint8, or floats from 0 to 1.
        min_side: side in pixels that it will be resized to; files may then come reduced. None reads the whole.
        rules: by which more than 8 bits per value are scaled.

    Returns:
        The picture.

    Raises:
        UnpoolError: there is no such file, or it cannot be read.
        UsageError: it is something else; the error says what was expected.

    >>> read_any(np.zeros((4, 6), np.uint8)).pixels.shape
    (4, 6, 3)
    """
    if isinstance(image, str | os.PathLike):
        return _read_file(Path(image), min_side, rules)
    if isinstance(image, Image.Image):
        return _read_pillow(image, min_side, rules)
    if isinstance(image, np.ndarray):
        return _read_pillow(Image.fromarray(_as_rows(image)), min_side, rules)
    if isinstance(image, TensorLike):
        return _read_pillow(Image.fromarray(_as_rows(_channels_last(image))), min_side, rules)
    raise UsageError(f"{shorten(image)} is no image; give {EXPECTED}")


def list_images(images: ImageLike | Iterable[ImageLike]) -> list[ImageLike]:
    """Make a list of one image or several.

    Args:
        images: one image, or a list, tuple, column or generator of them, or an array or tensor of four dimensions.

    Raises:
        UsageError: there is none.

    >>> list_images("a.png"), list_images(name for name in ("a.png", "b.png"))
    (['a.png'], ['a.png', 'b.png'])
    """
    is_one = isinstance(images, str | os.PathLike | Image.Image)
    if isinstance(images, np.ndarray | TensorLike):
        is_one = getattr(images, "ndim", 4) <= 3 and not _are_paths(images)
    if not is_one and not isinstance(images, Iterable):
        raise UsageError(f"{shorten(images)} is no image; give {EXPECTED}, or a list of these")
    listed: list[ImageLike] = [images] if is_one else list(images)  # type: ignore[arg-type, list-item]
    if not listed:
        raise UsageError(f"there is no image in an empty list; give one at least: {EXPECTED}")
    return listed


def _are_paths(images: object) -> bool:
    return isinstance(images, np.ndarray) and images.ndim == 1 and images.dtype.kind in "OUT"


def find_image(path: Path) -> Path:
    """Find the file of one image.

    Raises:
        UsageError: the path is a folder.
        UnpoolError: there is none.
    """
    file = find_typed(path)
    if file.is_dir():
        raise UsageError(f"{path} is a folder; give one image, such as {path / 'IMAGE.jpg'}")
    if not os.path.lexists(file):
        raise UnpoolError(f"there is no file {path}; check the path")
    return file


def _read_file(path: Path, min_side: int | None, rules: ValueRules) -> Picture:
    try:
        return read_picture(find_image(path), min_side=min_side, rules=rules)
    except UnreadableImageError as error:
        raise UnpoolError(f"{path} cannot be read as an image: {error.detail}") from error


def _read_pillow(image: Image.Image, min_side: int | None, rules: ValueRules) -> Picture:
    """By way of a file in memory: so that no step of reading is done in two ways."""
    stream = io.BytesIO()
    try:
        image.load()  # turns a TIFF, whose EXIF data say so no longer
        shown = _storable(image)
        stored_as = "TIFF" if shown.mode in _TIFF_MODES else "PNG"
        kept = {"exif": image.getexif().tobytes(), "icc_profile": _profile_of(image)}
        chunks = _colour_chunks(image)
        options = {"compress_level": 1, "pnginfo": chunks} if stored_as == "PNG" else {}
        shown.save(stream, stored_as, **{name: value for name, value in kept.items() if value}, **options)
        return decode_stream(stream, stored_as, min_side=min_side, rules=rules)
    except UnreadableImageError as error:
        raise UnpoolError(f"{shorten(image)} cannot be read as an image: {error.detail}") from error
    except (OSError, ValueError) as error:
        raise UnpoolError(f"{shorten(image)} cannot be read as an image: {error}") from error


def _profile_of(image: Image.Image) -> bytes | None:
    """The profile of an opened picture; that of a camera's JPEG may only be named, in its EXIF data."""
    if image.mode != "RGB" or image.format not in ("JPEG", "MPO"):
        return image.info.get("icc_profile")
    profile = find_profile(image, io.BytesIO(), "JPEG", [])
    return None if profile is None else profile.content


def _colour_chunks(image: Image.Image) -> PngInfo:
    """Gamma and chromaticities of an opened PNG, which Pillow would not write again."""
    chunks = PngInfo()
    for chunk, name in ((b"gAMA", "gamma"), (b"cHRM", "chromaticity")):
        if name in image.info and "srgb" not in image.info:
            numbers = np.rint(np.ravel(image.info[name]) * 100_000)
            chunks.add(chunk, numbers.astype(">u4").tobytes())
    return chunks


def _storable(image: Image.Image) -> Image.Image:
    """The same picture in a mode that PNG or TIFF holds."""
    if image.mode in DEEP_MODES - _PNG_MODES - _TIFF_MODES:  # big-endian: Pillow clips them
        return Image.fromarray(np.asarray(image).astype(np.uint16))
    mode = _PLAIN_MODES.get(image.mode, image.mode)
    mode = mode if mode in _PNG_MODES | _TIFF_MODES else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _as_rows(pixels: np.ndarray) -> np.ndarray:
    """Pixels as Pillow takes them, (H, W) or (H, W, C) uint8, or (H, W) uint16."""
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[..., 0]
    is_grey = pixels.ndim == 2
    if not (is_grey or (pixels.ndim == 3 and pixels.shape[2] in (3, 4))) or 0 in pixels.shape:
        hint = "; numpy.moveaxis(image, 0, -1) puts the channels last" if _is_channels_first(pixels) else ""
        raise UsageError(
            f"an array of shape {pixels.shape} is no image; give (H, W), (H, W, 3) or (H, W, 4){hint}"
        )
    if pixels.dtype == np.bool_:
        return pixels.astype(np.uint8) * np.uint8(255)
    if np.issubdtype(pixels.dtype, np.floating):
        return _as_bytes(pixels)
    if pixels.dtype == np.uint8 or (pixels.dtype == np.uint16 and is_grey):
        return np.ascontiguousarray(pixels)
    raise UsageError(
        f"an array of {pixels.dtype} has no known black and white; give uint8, floats from 0 to 1, or uint16 without "
        "colours"
    )


def _is_channels_first(pixels: np.ndarray) -> bool:
    return pixels.ndim == 3 and pixels.shape[0] in (1, 3, 4) and pixels.shape[2] not in (1, 3, 4)


def _as_bytes(pixels: np.ndarray) -> np.ndarray:
    """Floats from 0 to 1 as uint8."""
    low, high = (float(pixels.min()), float(pixels.max()))
    if not 0 <= low <= high <= 1:
        raise UsageError(
            f"an array of floats from {low:g} to {high:g} has no known black and white; give floats from 0 to 1, or "
            "uint8"
        )
    return np.ascontiguousarray(np.rint(pixels * 255), np.uint8)


def _channels_last(image: TensorLike) -> np.ndarray:
    pixels = image.detach().cpu().numpy()
    if pixels.ndim == 3 and pixels.shape[0] in (1, 3, 4):
        return np.moveaxis(pixels, 0, -1)
    if pixels.ndim == 2:
        return pixels
    raise UsageError(
        f"a tensor of shape {pixels.shape} is no image; give (H, W), (1, H, W), (3, H, W) or (4, H, W), of uint8 or of "
        "floats from 0 to 1"
    )
