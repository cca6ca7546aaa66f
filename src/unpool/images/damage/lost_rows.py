"""Lost rows, where pixels are stored as they are.

Such formats have no redundancy: zeros of an interrupted copy are pixels like any others. But they begin within a row,
below one that is filled, and reach over whole rows.

H, W height and width, C channels.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from unpool.errors import UnreadableImageError

STORED = frozenset({"BMP", "PPM", "TGA", "PSD", "QOI", "PCX", "ICO", "TIFF"})
MIN_ROWS = 3  # that a piece has to cover
MIN_FILLED_SHARE = 0.9  # of the row above, from where the piece begins, that looks different
MIN_COLUMNS = 2  # of it
MIN_DIFFERENCE = 16  # grey levels; the edge of a black frame below a dark picture is not sharp
_BY_CHANNEL = frozenset({"PSD", "PCX"})  # PCX row by row, the others pixel by pixel
_BOTTOM_UP = frozenset({"BMP", "TGA", "ICO"})


def check_lost_rows(image: Image.Image, image_format: str) -> None:
    """Check that no rows are lost.

    Args:
        image: Loaded.
        image_format: By Pillow's name.

    Raises:
        UnreadableImageError: `corrupt`, where they have one only from within a row on.
    """
    if image_format not in STORED or image.height <= MIN_ROWS:
        return
    values = np.asarray(image)
    if values.dtype not in (np.uint8, np.bool_):
        return
    values_HWC = values.reshape(*values.shape[:2], -1).astype(np.uint8, copy=False)
    pieces = [values_HWC]
    if image_format in _BY_CHANNEL:
        pieces = [values_HWC[..., channel : channel + 1] for channel in range(values_HWC.shape[2])]
    difference = 1 if image.mode in ("1", "P") else MIN_DIFFERENCE
    for piece_HWC in pieces:
        is_lost = has_lost_rows(piece_HWC, difference)
        if is_lost or (image_format in _BOTTOM_UP and has_lost_rows(piece_HWC[::-1], difference)):
            detail = "from within a row on, the pixels have one value only"
            raise UnreadableImageError("corrupt", f"the {image_format} content is damaged ({detail})")


def has_lost_rows(values_HWC: np.ndarray, difference: int = MIN_DIFFERENCE) -> bool:
    """Return whether rows of one value begin within a row.

    Args:
        values_HWC: uint8, in the order in which they are stored.
        difference: Grey levels that a filled row differs by.
    """
    width = values_HWC.shape[1]
    flat_NC = values_HWC.reshape(-1, values_HWC.shape[2])
    changes = np.flatnonzero((flat_NC[1:] != flat_NC[:-1]).any(axis=1)) + 1
    lengths = np.diff(changes, append=len(flat_NC))
    for start in changes[lengths >= MIN_ROWS * width].tolist():
        row, column = divmod(start, width)
        if row < 1 or not 0 < column <= width - MIN_COLUMNS:
            continue
        above = values_HWC[row - 1, max(0, column - MIN_COLUMNS) :].astype(np.int16)
        is_filled = np.abs(above - flat_NC[start]).max(axis=1) >= difference
        if is_filled.mean() >= MIN_FILLED_SHARE:
            return True
    return False
