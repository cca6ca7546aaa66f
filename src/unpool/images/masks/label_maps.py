"""Read an image and its label map.

H, W height and width, K classes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.masks.mask_file import Mask, read_mask
from unpool.images.masks.pairs import Pair
from unpool.images.masks.pixel_classes import GREY, IGNORE, PixelClasses, UnknownValueError, pack
from unpool.images.reading.decode import read_picture
from unpool.images.reading.scan import Problem

REMEDY = "add it to --classes, or map what is unknown to ignore with --unknown ignore"


def read_pair(pair: Pair, classes: PixelClasses, *, unknown: str = "refuse") -> tuple[np.ndarray, np.ndarray]:
    """Read an image and its label map, both upright.

    Args:
        pair: The two files.
        classes: The meaning of the mask's values.
        unknown: "refuse" or "ignore" values that are no class.

    Returns:
        The image (H, W, 3) uint8, and positions of classes (H, W) uint8, IGNORE where there is none.

    Raises:
        UnreadableImageError: Where one of the files cannot be used, or their sizes differ.
        UnpoolError: Where a mask holds a refused value; it names file, value and count.
    """
    picture = read_picture(pair.image.file)
    try:
        label_HW = read_labels(pair, classes, unknown=unknown)
    except UnreadableImageError as error:
        raise UnreadableImageError(error.problem, f"its mask {pair.mask.path}: {error.detail}") from error
    if label_HW.shape != picture.pixels.shape[:2]:
        height, width = label_HW.shape
        raise UnreadableImageError(
            "wrong-size",
            f"the image is {picture.width}×{picture.height} pixels, its mask {pair.mask.path} is {width}×{height}; "
            "they must be of one size",
        )
    return picture.pixels, label_HW


def try_pair(
    pair: Pair, classes: PixelClasses, *, unknown: str = "refuse"
) -> Problem | tuple[np.ndarray, np.ndarray]:
    """Read a pair, or return what is wrong with it.

    Args:
        pair: The two files.
        classes: The meaning of the mask's values.
        unknown: "refuse" or "ignore" values that are no class.

    Returns:
        What `read_pair` returns, or the problem where a file cannot be used.
    """
    try:
        return read_pair(pair, classes, unknown=unknown)
    except UnreadableImageError as error:
        return Problem(pair.path, error.problem, error.detail)


def read_labels(pair: Pair, classes: PixelClasses, *, unknown: str = "refuse") -> np.ndarray:
    """Read a mask as positions of classes.

    Args:
        pair: The two files.
        classes: The meaning of the mask's values.
        unknown: "refuse" or "ignore" values that are no class.

    Returns:
        Positions (H, W) uint8.

    Raises:
        UnreadableImageError: Where the mask cannot be used.
        UnpoolError: Where it holds a refused value.
    """
    mask = read_mask(pair.mask.file)
    meaning = _meaning(mask, classes)
    try:
        return meaning.label_map(_values(mask, meaning), IGNORE if unknown == "ignore" else None)
    except UnknownValueError as error:
        lossy = (
            "; it is of a format that does not keep values exactly: save it as PNG" if mask.is_lossy else ""
        )
        raise UnpoolError(f"the mask {pair.mask.path} holds {error}{lossy}; {REMEDY}") from error


def _meaning(mask: Mask, classes: PixelClasses) -> PixelClasses:
    """The classes as this mask writes them: one in colours may stand among numbered ones that have colours."""
    if classes.by_colour or not (mask.is_coloured or _greys_are_colours(mask, classes)):
        return classes
    painted = {pack(colour): position for position, colour in enumerate(classes.colours)}
    positions = painted | dict(classes.colour_to_class)
    return replace(classes, value_to_class=tuple(sorted(positions.items())), by_colour=True)


def _greys_are_colours(mask: Mask, classes: PixelClasses) -> bool:
    """Whether a mask with colours that are all grey means these, and no numbers: by which it has more of."""
    if not (mask.in_colours and classes.colour_to_class):
        return False
    found = {int(value) for value in np.unique(mask.value_HW)}
    colours = {value * GREY for value in found} & dict(classes.colour_to_class).keys()
    return len(colours) >= len(found & dict(classes.value_to_class).keys())


def _values(mask: Mask, classes: PixelClasses) -> np.ndarray:
    if mask.is_coloured or not classes.by_colour:
        return mask.value_HW
    if mask.palette_HW is not None:
        return mask.palette_HW
    return mask.value_HW.astype(np.int64) * GREY
