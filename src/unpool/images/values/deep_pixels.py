"""Load pictures of more than 8 bits whole.

Pillow would drop bits of some.

H, W height and width, C channels.
"""

from __future__ import annotations

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngImageFile

from unpool.errors import UnreadableImageError
from unpool.images.reading.bit_depth import DEEP_MODES
from unpool.images.reading.opening import Stream
from unpool.images.reading.pam import PamFile
from unpool.images.values.scaling import Scaling
from unpool.images.values.statements import NOTHING, Statement, jpeg2000_bits, read_statement

_DEEP_PNG = frozenset({"RGB;16B", "RGBA;16B", "LA;16B"})  # Pillow's raw modes that keep the upper bytes only
_JPEG2000_MODES = frozenset({"LA", "RGB", "RGBA"})


def load_scaled(image: Image.Image, stream: Stream, scaling: Scaling) -> Image.Image:
    """Load an opened image, its values scaled to 8 bits.

    Args:
        image: Opened, perhaps loaded already.
        stream: Its file.
        scaling: How deep values are scaled.

    Returns:
        The image itself where it has 8 bits; otherwise a new one in L, LA, RGB or RGBA.
    """
    samples_HWC = load_deep_channels(image, stream)
    if samples_HWC is not None:
        stated = read_statement(stream, str(image.format))
        return _scale_channels(samples_HWC, image.info.get("transparency"), stated, scaling)
    image.load()
    if scaling.image_format == "JPEG2000" and image.mode not in DEEP_MODES:
        bits = jpeg2000_bits(stream)
        return image if bits <= 8 else _load_jpeg2000(image, stream, bits, scaling)
    if image.mode not in DEEP_MODES:
        return image
    grey_HW = np.asarray(image)
    if image.mode == "I" and scaling.image_format in ("PPM", "PNG"):  # 16 bits that Pillow widens
        grey_HW = grey_HW.astype(np.uint16)
    scaled = Image.fromarray(scaling.to_8_bits(grey_HW, read_statement(stream, scaling.image_format)))
    if isinstance(clear := image.info.get("transparency"), int):
        scaled.putalpha(_opaque(grey_HW != clear))
    return scaled


def load_deep_channels(image: Image.Image, stream: Stream) -> np.ndarray | None:
    """Load samples of which Pillow drops 8 bits.

    Args:
        image: Opened, not loaded.
        stream: Its file.

    Returns:
        (H, W, C) uint16, of PNG and PAM in colour or with alpha; None for all other images, which are left as they are.
    """
    if isinstance(image, PngImageFile) and _is_deep(image):
        return _load_png(image, stream)
    if isinstance(image, PamFile) and image.is_deep_colour and image.tile:
        return image.read_values()
    return None


def _load_jpeg2000(image: Image.Image, stream: Stream, bits: int, scaling: Scaling) -> Image.Image:
    """A JPEG 2000 of several channels, of which Pillow drops bits and turns white to black."""
    try:
        import imagecodecs
    except ImportError:
        reason = f"JPEG 2000 in {image.mode} of {bits} bits needs: pip install imagecodecs"
        raise UnreadableImageError("unsupported", reason) from None
    stream.seek(0)
    values_HWC = np.asarray(imagecodecs.jpeg2k_decode(stream.read()))
    expected = (image.height, image.width, len(image.getbands()))
    if image.mode not in _JPEG2000_MODES or values_HWC.shape != expected or values_HWC.dtype != np.uint16:
        reason = f"JPEG 2000 in {image.mode} of {bits} bits cannot be read; save it as TIFF or PNG"
        raise UnreadableImageError("unsupported", reason)
    stated = Statement((0.0, float(2**bits - 1))) if bits < 16 else NOTHING
    return _scale_channels(values_HWC, None, stated, scaling)


def _is_deep(image: PngImageFile) -> bool:
    """Whether Pillow would drop bits; of animations it may."""
    return bool(image.tile) and image.tile[0].args in _DEEP_PNG and image.n_frames == 1


def _load_png(image: PngImageFile, stream: Stream) -> np.ndarray:
    """The samples (H, W, C) uint16 of a PNG in colour or with alpha, which Pillow has no mode for.

    The file is read as if samples were bytes; or twice, once for the upper bytes and once for the lower.
    """
    raw = str(image.tile[0].args)
    if raw == "LA;16B":
        bytes_HW4 = _load_as(image, "RGBA", "RGBA")
        samples_HW2: np.ndarray = (bytes_HW4[..., ::2] << 8) | bytes_HW4[..., 1::2]
        return samples_HW2
    mode = raw.partition(";")[0]
    upper_HWC = _load_as(image, mode, raw)
    stream.seek(0)
    # Pillow takes the second byte of each sample for the upper one in this raw mode.
    lower_HWC = _load_as(PngImageFile(stream), mode, f"{mode};16L")
    samples_HWC: np.ndarray = (upper_HWC << 8) | lower_HWC
    return samples_HWC


def _load_as(image: PngImageFile, mode: str, raw: str) -> np.ndarray:
    image.tile = [each._replace(args=raw) for each in image.tile]
    image._mode = mode
    image.load()
    return np.asarray(image).astype(np.uint16)


def _scale_channels(
    values_HWC: np.ndarray, clear: object, stated: Statement, scaling: Scaling
) -> Image.Image:
    has_alpha = values_HWC.shape[2] in (2, 4)
    colours_HWC = values_HWC[..., :-1] if has_alpha else values_HWC
    eight_HWC = scaling.to_8_bits(colours_HWC[..., 0] if colours_HWC.shape[2] == 1 else colours_HWC, stated)
    scaled = Image.fromarray(eight_HWC)
    if has_alpha:
        alpha_HW = values_HWC[..., -1]
        scaled.putalpha(Image.fromarray(scaling.alpha_to_8_bits(alpha_HW)))
    elif isinstance(clear, tuple) and len(clear) == 3:
        scaled.putalpha(_opaque((values_HWC != np.array(clear, np.uint16)).any(axis=2)))
    return scaled


def _opaque(is_seen_HW: np.ndarray) -> Image.Image:
    return Image.fromarray(np.where(is_seen_HW, 255, 0).astype(np.uint8))
