"""Where an image's defects are, read from its mask.

H, W height and width of the mask.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from unpool.errors import UnreadableImageError
from unpool.images.masks.mask_file import read_mask
from unpool.images.reading.scan import ImageFile

MIN_LOSSY = 128  # of 255: a format that does not keep values exactly leaves small ones where nothing is drawn
MAX_STRETCH = 0.02  # by which the shapes of an image and its mask may differ


@dataclass(frozen=True)
class DefectMask:
    """The pixels of defects, a bit each.

    Masks wait in memory for their turn, and a large one takes as much as a picture.

    Args:
        bits: as `numpy.packbits` writes them, row after row.
        height: pixels.
        width: pixels.
        is_lossy: whether the file does not keep values exactly, so that large ones alone count.
    """

    bits: np.ndarray
    height: int
    width: int
    is_lossy: bool

    @property
    def mask_HW(self) -> np.ndarray:
        """Whether each pixel is part of a defect, (H, W) bool."""
        flat = np.unpackbits(self.bits, count=self.height * self.width)
        return flat.view(bool).reshape(self.height, self.width)


def read_defects(file: ImageFile, height: int, width: int) -> DefectMask:
    """Read which pixels are part of a defect.

    Those are all whose value is not 0, nor transparent or NaN.

    Args:
        file: the mask, which may be larger or smaller than its image.
        height: of the image, pixels.
        width: of the image, pixels.

    Returns:
        The pixels of defects, at the size of the mask.

    Raises:
        UnreadableImageError: where the file cannot be used, or is of another shape than the image.
    """
    mask = read_mask(file.file)
    high, wide = mask.value_HW.shape
    # A side of few pixels is rounded, which may be more than the shapes may differ.
    if abs(wide * height - high * width) > max(MAX_STRETCH * high * width, height, width, high, wide):
        raise UnreadableImageError(
            "wrong-size", f"it is {wide}×{high} pixels and its image {width}×{height}: another shape"
        )
    limit = MIN_LOSSY if mask.is_lossy and not mask.is_coloured else 1
    mask_HW = mask.value_HW >= limit
    if mask.empty_HW is not None:
        mask_HW = mask_HW & ~mask.empty_HW
    return DefectMask(np.packbits(mask_HW), high, wide, mask.is_lossy)
