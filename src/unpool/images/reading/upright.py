"""Turn decoded images upright and into RGB."""

from __future__ import annotations

import numpy as np
from PIL import Image

from unpool.images.colour.file_profiles import ColourProfile
from unpool.images.colour.profiles import to_srgb
from unpool.images.colour.transparency import choose_ground, flatten
from unpool.images.damage.jpeg import JpegFile
from unpool.images.reading.bit_depth import DEEP_MODES, to_8_bits
from unpool.images.reading.notes import Note
from unpool.images.reading.orientations import UPRIGHT


def read_orientation(image: Image.Image) -> int:
    """Read EXIF's orientation, 1..8; anything unreadable counts as upright."""
    try:
        value = int(image.getexif().get(0x0112, 1))
    except Exception:  # damaged EXIF data fails in many ways, and the picture is fine without
        return 1
    return value if value in UPRIGHT else 1


def averageable(image: Image.Image) -> Image.Image:
    """Return an image whose values can be averaged.

    It has 8 bits; its modes are L, RGB, RGBA and CMYK.
    """
    if image.mode in DEEP_MODES:
        return Image.fromarray(to_8_bits(np.asarray(image)))
    if image.has_transparency_data:
        return image if image.mode == "RGBA" else image.convert("RGBA")  # which would copy all of it
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB")


def upright_rgb(
    image: Image.Image,
    orientation: int,
    min_side: int | None,
    box: tuple[float, float, float, float],
    profile: ColourProfile | None,
    notes: list[Note],
) -> np.ndarray:
    """Reduce a loaded image, make it RGB and turn it.

    Its colours are converted, and it is laid on a ground. In this order it costs least.

    Args:
        image: In a mode of `averageable`.
        orientation: EXIF's, 1..8.
        min_side: The smaller side of a reduced result is `2 * min_side`; None keeps the size.
        box: The part of the image that is the picture, left, top, right, bottom.
        profile: What its colours mean; None for sRGB.
        notes: Receives what was assumed.

    Returns:
        (H, W, 3) uint8.
    """
    ground = choose_ground(image) if image.mode == "RGBA" else "white"
    if ground != "white":
        notes.append(Note("ground"))
    # Below 4 * min_side a second resize costs more than it saves.
    if min_side and (min(image.size) > 4 * min_side or box[2:] != image.size):
        scale = 2 * min_side / min(box[2:])
        size = round(box[2] * scale), round(box[3] * scale)
        image = image.resize(size, Image.Resampling.BICUBIC, box, reducing_gap=2.0)
    image = to_srgb(image, profile, notes)
    if image.mode == "RGBA":
        image = flatten(image, ground)
    if image.mode != "RGB":  # Pillow would copy even then, and pictures can be large
        image = image.convert("RGB")
    if orientation in UPRIGHT:
        image = image.transpose(UPRIGHT[orientation])
    return _to_array(image)


def _to_array(image: Image.Image) -> np.ndarray:
    """Pixels of an RGB image, packed at once.

    Pillow packs 64 KiB at a time and copies all of it once more.
    """
    if isinstance(image, JpegFile):  # whose pixels need no packing
        return np.asarray(image)
    encoder = Image._getencoder("RGB", "raw", ("RGB",))
    encoder.setimage(image.im, (0, 0, *image.size))
    num_bytes = 3 * image.width * image.height
    packed = encoder.encode(num_bytes)[2]
    if len(packed) != num_bytes:
        return np.asarray(image)
    return np.frombuffer(packed, np.uint8).reshape(image.height, image.width, 3)
