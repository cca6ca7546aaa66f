"""Bring the EXIF orientations of images and masks together.

A mask lies as its image is shown, or as it is stored.

H, W height and width.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unpool.errors import UnreadableImageError
from unpool.images.reading.opening import Stream, find_reader, open_image
from unpool.images.reading.upright import read_orientation
from unpool.images.tiff.reader import open_tiff

SHOWN, STORED = "shown", "stored"
NAMES = {
    2: "mirrored", 3: "turned by 180°", 4: "mirrored upside down", 5: "mirrored and turned by 90°",
    6: "turned by 90°", 7: "mirrored and turned by 90°", 8: "turned by 90°",
}  # fmt: skip
_ROTATIONS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    1: lambda array: array,
    2: lambda array: array[:, ::-1],
    3: lambda array: array[::-1, ::-1],
    4: lambda array: array[::-1],
    5: lambda array: array.swapaxes(0, 1),
    6: lambda array: np.rot90(array, -1),
    7: lambda array: array[::-1, ::-1].swapaxes(0, 1),
    8: lambda array: np.rot90(array, 1),
}
_UNDOES = {6: 8, 8: 6}


def rotate_to_shown(array_HW: np.ndarray, orientation: int) -> np.ndarray:
    """Turn an array that lies as it is stored upright.

    Args:
        array_HW: Rows and columns first.
        orientation: EXIF's, 1..8.

    Returns:
        The array as it is shown.

    >>> rotate_to_shown(np.array([[1, 2], [3, 4]]), 6).tolist()
    [[3, 1], [4, 2]]
    """
    return np.ascontiguousarray(_ROTATIONS[orientation](array_HW)) if orientation != 1 else array_HW


def rotate_to_stored(array_HW: np.ndarray, orientation: int) -> np.ndarray:
    """Turn a shown array to how it is stored."""
    return rotate_to_shown(array_HW, _UNDOES.get(orientation, orientation))


@dataclass(frozen=True)
class Orientations:
    """The orientations of an image and its mask.

    They differ.

    Args:
        image, mask: EXIF's orientations.
        fits_shown: Whether their sizes agree where each is turned as its own file says.
        fits_stored: Whether they agree where the mask was drawn on the image as it is stored.
    """

    image: int
    mask: int
    fits_shown: bool
    fits_stored: bool

    @property
    def is_open(self) -> bool:
        """Whether the sizes do not say which was meant."""
        return self.fits_shown and self.fits_stored


def compare_orientation(
    image: Path, mask_size: tuple[int, int], mask_orientation: int
) -> Orientations | None:
    """Compare the orientations of an image and its mask.

    Args:
        image: The image's file; its head alone is read.
        mask_size: Height and width of the mask, turned as its file says.
        mask_orientation: EXIF's, of the mask.

    Returns:
        Both orientations; None where they are the same, or the image cannot be read.
    """
    try:
        orientation, stored = _orientation_and_size(image)
    except UnreadableImageError:
        return None
    if orientation == mask_orientation:
        return None
    shown = stored[::-1] if orientation >= 5 else stored
    mask_stored = mask_size[::-1] if mask_orientation >= 5 else mask_size
    return Orientations(orientation, mask_orientation, mask_size == shown, mask_stored == stored)


def _orientation_and_size(file: Path) -> tuple[int, tuple[int, int]]:
    """EXIF's orientation, and height and width as they are stored."""
    with open_image(file, in_memory=0) as (stream, image_format):
        if image_format == "TIFF":
            with open_tiff(stream) as tiff:
                upright = tiff.height, tiff.width
                return tiff.orientation, upright[::-1] if tiff.orientation >= 5 else upright
        # In search of EXIF data that is not there, Pillow would decode a whole PNG.
        has_exif = image_format != "PNG" or _has_exif(stream)
        stream.seek(0)
        image = find_reader(image_format)(stream)
        return read_orientation(image) if has_exif else 1, (image.height, image.width)


def _has_exif(stream: Stream) -> bool:
    """Whether a PNG has EXIF data, be it behind the pixels."""
    place = 8
    while True:
        stream.seek(place)
        head = stream.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            return False
        if head[4:] == b"eXIf":
            return True
        if head[4:] in (b"tEXt", b"zTXt") and stream.read(21) == b"Raw profile type exif":
            return True
        place += int.from_bytes(head[:4], "big") + 12
