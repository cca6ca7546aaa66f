"""Run lengths of masks as COCO and CVAT write them.

They are of zeros and ones by turns, zeros first. COCO counts down the columns of the whole image, CVAT
along the rows of the box.

Sources: https://github.com/cocodataset/cocoapi and https://docs.cvat.ai/docs/dataset_management/formats/format-cvat/

H, W height and width, R runs of ones, S their parts in single columns, N letters, K numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from unpool.errors import UnreadableImageError
from unpool.images.annotations.regions import Region

MAX_LETTERS = 8  # of a number: 40 bits


def count_columns(region: Region, height: int, width: int) -> list[int]:
    """Count the runs down the columns of an image.

    Args:
        region: A region.
        height, width: Of the image.

    Returns:
        COCO's uncompressed counts.
    """
    left, top, _, _ = region.box
    box_WH = region.fill_box().T
    change_WH = np.diff(np.pad(box_WH, ((0, 0), (1, 1))).view(np.int8), axis=1)
    starts_2R, ends_2R = np.nonzero(change_WH == 1), np.nonzero(change_WH == -1)
    start_R, end_R = ((left + x_R) * height + top + y_R for x_R, y_R in (starts_2R, ends_2R))
    return _alternate(start_R, end_R, height * width)


def count_rows(region: Region) -> list[int]:
    """Count the runs along the rows of a region's box."""
    left, top, width, height = region.box
    first_R = (region.runs.row_R - top) * width - left
    return _alternate(first_R + region.runs.start_R, first_R + region.runs.end_R, height * width)


def _alternate(start_R: np.ndarray, end_R: np.ndarray, size: int) -> list[int]:
    """The lengths of zeros and ones; runs that touch are one."""
    apart = start_R[1:] != end_R[:-1]
    start_R, end_R = start_R[np.append(True, apart)], end_R[np.append(apart, True)]
    bounds = np.stack([start_R, end_R], axis=1).reshape(-1)
    lengths: list[int] = np.diff(bounds, prepend=0, append=size).tolist()
    return lengths if lengths[-1] else lengths[:-1]


def expand(counts: Sequence[int], size: int) -> np.ndarray:
    """Write out run lengths.

    Args:
        counts: Of zeros and ones by turns; what lacks at the end is zeros.
        size: Number of values.

    Returns:
        (size,) uint8.

    Raises:
        UnreadableImageError: They are no lengths, or are of more values.

    >>> expand([1, 2], 4).tolist()
    [0, 1, 1, 0]
    """
    length_N = check_lengths(counts, size)
    value_P = np.zeros(size, np.uint8)
    ones = np.repeat(np.arange(len(length_N)) % 2, length_N)
    value_P[: len(ones)] = ones
    return value_P


def check_lengths(counts: Sequence[int] | np.ndarray, size: int) -> np.ndarray:
    """Check that run lengths fit.

    Args:
        counts: The lengths.
        size: Number of pixels.

    Returns:
        The lengths, int64.

    Raises:
        UnreadableImageError: They are no lengths, or are of more pixels.
    """
    try:
        length_N = np.asarray(counts, np.int64)
    except (OverflowError, TypeError, ValueError):
        length_N = np.array([-1])
    is_length = length_N.ndim == 1 and bool(((length_N >= 0) & (length_N <= size)).all())
    if not is_length or int(length_N.sum()) > size:
        raise UnreadableImageError("damaged", f"run lengths do not fit {size:,} pixels")
    return length_N


def read_lengths(text: bytes) -> np.ndarray:
    """Read COCO's compressed run lengths.

    A letter has five bits of a number, the lowest first, and one that says whether more follow; from the fourth number
    on stands the difference to the last but one.

    Args:
        text: The letters.

    Returns:
        The lengths, int64.

    Raises:
        UnreadableImageError: They are no such text.
    """
    code_N = np.frombuffer(text, np.uint8).astype(np.int64) - ord("0")
    if ((code_N < 0) | (code_N > 63)).any() or (len(code_N) and code_N[-1] & 32):
        raise UnreadableImageError("damaged", "run lengths are no text of COCO's")
    last_K = np.flatnonzero(code_N & 32 == 0)
    first_K = np.append(0, last_K[:-1] + 1)[: len(last_K)]
    size_K = last_K - first_K + 1
    if (size_K > MAX_LETTERS).any():
        raise UnreadableImageError("damaged", "run lengths are too long")
    shift_N = 5 * (np.arange(len(code_N)) - np.repeat(first_K, size_K))
    length_K = np.add.reduceat((code_N & 31) << shift_N, first_K) if len(first_K) else first_K
    length_K -= np.where(code_N[last_K] & 16, np.int64(1) << (5 * size_K), 0)
    for first in (1, 2):
        length_K[first::2] = np.cumsum(length_K[first::2])
    return length_K


def fill_columns(counts: Sequence[int] | np.ndarray, height: int, width: int) -> tuple[int, int, np.ndarray]:
    """Draw run lengths down the columns of an image.

    Args:
        counts: Of zeros and ones by turns; what lacks at the end is zeros.
        height, width: Of the image.

    Returns:
        Top and left of the box that they need, and its pixels, bool.

    Raises:
        UnreadableImageError: They are no lengths, or are of more pixels.
    """
    counts = check_lengths(counts, height * width)
    bounds = np.cumsum(counts)
    start_R, end_R = bounds[0::2][: len(counts) // 2], bounds[1::2]
    start_R, end_R = start_R[end_R > start_R], end_R[end_R > start_R]
    if not len(start_R):
        return 0, 0, np.zeros((0, 0), bool)
    num_R = (end_R - 1) // height - start_R // height + 1  # columns that a run goes through
    column_S = np.arange(int(num_R.sum())) - np.repeat(np.cumsum(num_R) - num_R - start_R // height, num_R)
    top_S = np.maximum(np.repeat(start_R, num_R) - column_S * height, 0)
    bottom_S = np.minimum(np.repeat(end_R, num_R) - column_S * height, height)
    left, top = int(column_S[0]), int(top_S.min())
    change_WH = np.zeros((int(column_S[-1]) + 1 - left, int(bottom_S.max()) + 1 - top), np.int8)
    np.add.at(change_WH, (column_S - left, top_S - top), 1)
    np.add.at(change_WH, (column_S - left, bottom_S - top), -1)
    return top, left, np.cumsum(change_WH[:, :-1], axis=1, dtype=np.int8).T > 0
