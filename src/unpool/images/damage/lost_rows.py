"""Lost rows, where pixels are stored as they are.

Such formats have no redundancy: zeros of an interrupted copy, or 255 of an erased card, are pixels like any others.
But they begin within a row, right beside pixels that go on as the rows above do, and reach over whole rows. Shapes,
pages and frames with such an edge are flat, blend into it, do not fill the row on both sides of it, or lie on a ground
that is seen elsewhere too. In doubt, a picture is whole.

H, W height and width, C channels.
"""

from __future__ import annotations

import numpy as np
from PIL import Image

from unpool.errors import UnreadableImageError

STORED = frozenset({"BMP", "PPM", "PAM", "TGA", "PSD", "QOI", "PCX", "ICO", "TIFF"})
MIN_ROWS = 3  # that a piece has to cover
MIN_PART = 64  # of a row, that is left on either side of where the piece begins: one part of so many, and
MIN_COLUMNS = 2  # pixels
MIN_FILLED_SHARE = 0.9  # of the last row, on either side, that differs from the piece
MIN_DIFFERENCE = 16  # grey levels; the edge of a black frame below a dark picture is not sharp
MIN_LEVELS = 8  # different values of the last row, which drawings have not
MIN_CHANGING_SHARE = 0.05  # of the last row's values, that differ from those above: graphics repeat theirs
MAX_STEP_RATIO = 4.0  # how many times further the last row is from the one above than that from the next
MIN_GROUND_SHARE = 0.01  # of the picture's border
_BOTTOM_UP = frozenset({"BMP", "TGA", "ICO"})


def check_lost_rows(
    image: Image.Image, image_format: str, *, fills: np.ndarray | None = None, is_planar: bool = False
) -> None:
    """Check that no rows are lost.

    Args:
        image: Loaded, not turned.
        image_format: By Pillow's name.
        fills: As for `has_lost_rows`; those of an image with a palette are found.
        is_planar: Whether the file has one channel after the other, as a PSD has.

    Raises:
        UnreadableImageError: `corrupt`, where they have one value only from within a row on.
    """
    if image_format not in STORED or image.height <= MIN_ROWS:
        return
    if image.mode == "P":
        table_N3 = np.asarray(image.getpalette("RGB"), np.uint8).reshape(-1, 3)
        fills = np.stack([table_N3[0], table_N3[-1]])  # of 4 bits, 255 is the last of 16
        image = image.convert("RGB")
    values = np.asarray(image)
    if values.dtype != np.uint8:
        return
    values_HWC = values.reshape(*values.shape[:2], -1)
    if is_planar or image_format == "PSD":
        values_HWC = values_HWC.transpose(2, 0, 1).reshape(-1, image.width, 1)
    elif image_format == "PCX":  # each row by channels
        values_HWC = values_HWC.swapaxes(1, 2).reshape(image.height, -1, 1)
    is_lost = has_lost_rows(values_HWC, fills)
    if is_lost or (image_format in _BOTTOM_UP and has_lost_rows(values_HWC[::-1], fills)):
        detail = "from within a row on, the pixels have one value only"
        raise UnreadableImageError("corrupt", f"the {image_format} content is damaged ({detail})")


def has_lost_rows(values_HWC: np.ndarray, fills: np.ndarray | None = None) -> bool:
    """Return whether rows of one value begin within a row.

    Args:
        values_HWC: uint8, in the order in which they are stored.
        fills: Colours that bytes of 0 and of 255 stand for, where these are not black and white.
    """
    width = values_HWC.shape[1]
    some_HWC = values_HWC[:, :: max(1, width // MIN_PART)]
    is_flat_H = (some_HWC == some_HWC[:, :1]).all(axis=(1, 2))
    if not (is_flat_H[1:] & is_flat_H[:-1]).any():  # as nearly always; to look at all takes far longer
        return False
    flat_NC = values_HWC.reshape(-1, values_HWC.shape[2])
    changes = np.flatnonzero((flat_NC[1:] != flat_NC[:-1]).any(axis=1)) + 1
    lengths = np.diff(changes, append=len(flat_NC))
    is_long = lengths >= MIN_ROWS * width
    torn = [
        (start, start + length)
        for start, length in zip(changes[is_long].tolist(), lengths[is_long].tolist(), strict=True)
        if _is_fill(flat_NC[start], fills) and breaks_off(values_HWC, start)
    ]
    return any(not is_ground(values_HWC, flat_NC[start], torn) for start, _ in torn)


def _is_fill(value_C: np.ndarray, fills: np.ndarray | None) -> bool:
    """Whether a pixel is what bytes of 0 or 255 stand for; opacity may be anything."""
    colour_C = value_C[:3] if len(value_C) >= 3 else value_C[:1]
    if fills is not None:
        return bool((colour_C == fills).all(axis=1).any())
    return bool((colour_C == 0).all() or (colour_C == 255).all())


@np.errstate(invalid="ignore")  # of infinite values
def breaks_off(values_HWC: np.ndarray, start: int, min_difference: float = MIN_DIFFERENCE) -> bool:
    """Return whether a picture breaks off within a row.

    Args:
        values_HWC: Of any type.
        start: The number of the first pixel that is not there; it has the value of all that follow.
        min_difference: From this value, that counts as filled.

    Returns:
        Whether the row is filled on both sides of it, like a photograph, and no blurred edge.
    """
    width = values_HWC.shape[1]
    row, stop = divmod(start, width)
    margin = max(MIN_COLUMNS, width // MIN_PART)
    if row < 2 or not margin <= stop <= width - margin:
        return False
    above_WC, before_WC, row_WC = (row_WC.astype(np.float64) for row_WC in values_HWC[row - 2 : row + 1])
    last_WC = np.concatenate([row_WC[:stop], before_WC[stop:]])
    is_filled_W = np.abs(last_WC - row_WC[stop]).max(axis=1) >= min_difference
    if min(is_filled_W[:stop].mean(), is_filled_W[stop:].mean()) < MIN_FILLED_SHARE:
        return False
    step_WC = np.abs(last_WC - np.concatenate([before_WC[:stop], above_WC[stop:]]))
    if len(np.unique(last_WC)) < MIN_LEVELS or (step_WC > 0).mean() < MIN_CHANGING_SHARE:
        return False
    # A row of a blurred edge is far from the one above it.
    usual = max(min_difference / MIN_DIFFERENCE, float(np.abs(before_WC[:stop] - above_WC[:stop]).mean()))
    return float(step_WC[:stop].mean()) <= MAX_STEP_RATIO * usual


def is_ground(values_HWC: np.ndarray, fill_C: np.ndarray, pieces: list[tuple[int, int]]) -> bool:
    """Return whether a value is the ground of a picture.

    Args:
        values_HWC: Of any type.
        fill_C: The value.
        pieces: First and last numbers of the pixels that are looked away from.

    Returns:
        Whether the value reaches the border elsewhere: something lies on it, turned or cut out.
    """
    height, width = values_HWC.shape[:2]
    is_border_HW = np.zeros((height, width), bool)
    is_border_HW[[0, -1]] = is_border_HW[:, [0, -1]] = True
    for start, end in pieces:
        is_border_HW.reshape(-1)[start:end] = False
    border_NC = values_HWC[is_border_HW]
    return bool(len(border_NC) and (border_NC == fill_C).all(axis=1).mean() >= MIN_GROUND_SHARE)
