"""Read an image and its label map.

H, W height and width, K classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from unpool.errors import UnpoolError, UnreadableImageError
from unpool.images.masks.folder_reading import FolderReading
from unpool.images.masks.mask_file import Mask
from unpool.images.masks.orientation import Orientations, rotate_to_shown, rotate_to_stored
from unpool.images.masks.pairs import Pair
from unpool.images.masks.pixel_classes import GREY, IGNORE, PixelClasses, UnknownValueError, pack
from unpool.images.reading.decode import read_picture
from unpool.images.reading.scan import Problem

REMEDY = (
    "add it to --classes, or map what is unknown to ignore with --unknown ignore (or to the nearest class with "
    "--unknown nearest)"
)


@dataclass(frozen=True)
class LabelledPicture:
    """An image and its label map, both upright.

    Args:
        pixels_HW3: The image, uint8.
        label_HW: Positions of classes, uint8, IGNORE where there is none.
        is_grey: Whether the image has no colour.
        unknown: Pixels of each value that is no class.
        by_colour: Whether these values are colours.
    """

    pixels_HW3: np.ndarray
    label_HW: np.ndarray
    is_grey: bool = False
    unknown: Mapping[int, int] = field(default_factory=dict)
    by_colour: bool = False


def read_pair(pair: Pair, reading: FolderReading) -> LabelledPicture:
    """Read an image and its label map.

    Args:
        pair: The two files.
        reading: The meaning of the mask's values.

    Returns:
        Both.

    Raises:
        UnreadableImageError: Where one of the files cannot be used, or their sizes differ.
        UnpoolError: Where a mask holds a refused value; it names file, value and count.
    """
    picture = read_picture(pair.image.file, rules=reading.rules)
    try:
        labels = read_label_map(pair, reading)
    except UnreadableImageError as error:
        raise UnreadableImageError(error.problem, f"its mask {pair.mask.path}: {error.detail}") from error
    label_HW = labels.label_HW
    if label_HW.shape != picture.pixels.shape[:2]:
        raise UnreadableImageError(
            "wrong-size", _sizes_message(pair, picture.width, picture.height, label_HW)
        )
    return replace(labels, pixels_HW3=picture.pixels, is_grey=picture.grey)


def _sizes_message(pair: Pair, width: int, height: int, label_HW: np.ndarray) -> str:
    high, wide = label_HW.shape
    scale = f" (a copy scaled by {wide / width:.3g})" if abs(wide / width - high / height) < 0.01 else ""
    return (
        f"the image is {width}×{height} pixels, its mask {pair.mask.path} is {wide}×{high}{scale}; "
        "they must be of one size"
    )


def try_pair(pair: Pair, reading: FolderReading) -> Problem | LabelledPicture:
    """Read a pair, or return what is wrong with it.

    Args:
        pair: The two files.
        reading: The meaning of the mask's values.

    Returns:
        What `read_pair` returns, or the problem where a file cannot be used.
    """
    try:
        return read_pair(pair, reading)
    except UnreadableImageError as error:
        return Problem(pair.path, error.problem, error.detail)


def name_values(labelled: LabelledPicture) -> dict[str, int]:
    """Count the pixels of each unknown value, by its name."""
    return {
        f"#{value:06x}" if labelled.by_colour else str(value): count
        for value, count in labelled.unknown.items()
    }


def read_label_map(pair: Pair, reading: FolderReading) -> LabelledPicture:
    """Read a mask as positions of classes, without its image.

    Args:
        pair: The two files.
        reading: The meaning of the mask's values.

    Returns:
        The label map; the image is empty.

    Raises:
        UnreadableImageError: Where the mask cannot be used.
        UnpoolError: Where it holds a refused value.
    """
    mask = pair.read_mask()
    meaning = _meaning(mask, reading)
    value_HW, empty_HW = _values(mask, meaning), mask.empty_HW
    if empty_HW is None:
        label_HW, strange = meaning.read(value_HW, reading.unknown)
    else:
        ground = dict(meaning.value_to_class).get(0, IGNORE)
        label_HW = np.full(value_HW.shape, ground, np.uint8)
        label_HW[~empty_HW], strange = meaning.read(value_HW[~empty_HW], reading.unknown)
        if mask.void_HW is not None:
            label_HW[mask.void_HW] = IGNORE
    if strange and reading.unknown == "refuse":
        error = UnknownValueError(list(strange.items()), meaning.by_colour)
        lossy = (
            "; it is of a format that does not keep values exactly: save it as PNG" if mask.is_lossy else ""
        )
        raise UnpoolError(f"the mask {pair.mask.path} holds {error}{lossy}; {REMEDY}")
    both = reading.orientations.get(pair.path)
    if both is not None:
        label_HW = _turned(label_HW, both, reading.is_stored)
    return LabelledPicture(np.zeros((0, 0, 3), np.uint8), label_HW, False, strange, meaning.by_colour)


def _turned(label_HW: np.ndarray, both: Orientations, is_stored: bool) -> np.ndarray:
    """A label map as its image is shown, where it was drawn on the image as stored."""
    if not both.fits_stored or (both.fits_shown and not is_stored):
        return label_HW
    return rotate_to_shown(rotate_to_stored(label_HW, both.mask), both.image)


def _meaning(mask: Mask, reading: FolderReading) -> PixelClasses:
    """The classes as this mask writes them: one in colours may stand among numbered ones that have colours."""
    classes = reading.classes
    if classes.by_colour:
        return classes
    by_palette = reading.palettes_by_colour and mask.palette_P is not None
    if not (by_palette or mask.is_coloured or _greys_are_colours(mask, classes)):
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
