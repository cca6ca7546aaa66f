"""Rows of a resized image, and scores brought back.

Both by rows, so that memory does not grow with the image's height.

K classes, H and W of the image, h and w of the image as it is seen, R rows, S columns.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image

from unpool.inference.tiles import Block, Reader

MAX_PIXELS_READ = 2**24  # of the image at a time
MAX_SCORES = 2**24  # computed at a time


@dataclass(frozen=True)
class Rows:
    """Scores of whole rows of an image, from `top` on.

    `row` is the row of windows that they are of, and `is_last` says whether nothing else is.
    """

    row: int
    top: int
    scores_KRW: np.ndarray
    is_last: bool


def read_scaled(read: Reader, size: tuple[int, int], seen: tuple[int, int]) -> Reader:
    """Build a reader of the rows of a resized image.

    Args:
        read: Reads rows of the image.
        size: Of the image, (H, W).
        seen: Of the resized image, (h, w).

    Returns:
        The reader; how many rows are read at a time changes a value by rounding alone.
    """
    ratio = size[0] / seen[0]
    step = max(1, int(MAX_PIXELS_READ / (size[1] * ratio)))

    def read_rows(top: int, bottom: int) -> np.ndarray:
        starts = range(top, min(bottom, seen[0]), step)
        return np.concatenate(
            [_resize_rows(read, size, seen, start, min(start + step, bottom)) for start in starts]
        )

    return read_rows


def _resize_rows(
    read: Reader, size: tuple[int, int], seen: tuple[int, int], top: int, bottom: int
) -> np.ndarray:
    """Rows of the resized image, averaged over what a pixel covers where it is smaller."""
    height, width = size
    bottom, ratio = min(bottom, seen[0]), height / seen[0]
    first, last = top * ratio, min(bottom * ratio, float(height))
    reach = max(1.0, ratio) + 1  # of the filter, on either side
    low, high = max(0, math.floor(first - reach)), min(height, math.ceil(last + reach))
    part = Image.fromarray(np.ascontiguousarray(read(low, high)))
    box = (0, first - low, width, last - low)
    return np.asarray(part.resize((seen[1], bottom - top), Image.Resampling.BILINEAR, box=box))


def scale_back(
    blocks: Iterator[Block], tops: list[int], size: tuple[int, int], seen: tuple[int, int]
) -> Iterator[Rows]:
    """Interpolate scores of a resized image to the image's size.

    Args:
        blocks: Of the resized image, as `score_blocks` yields them, perhaps from a later row of windows on.
        tops: Where the rows of windows begin.
        size: Of the image, (H, W).
        seen: Of the resized image, (h, w).

    Yields:
        Scores of the image's rows, as soon as all that they are made of is known.
    """
    low_H, high_H, share_H = _neighbours(size[0], seen[0])
    columns = _neighbours(size[1], seen[1])
    done: int | None = None
    carried_KRS: np.ndarray | None = None  # the last row that was finished
    for top, finished_KRS in _join(blocks, seen[1]):
        number, end = tops.index(top), top + finished_KRS.shape[1]
        known_KRS = (
            finished_KRS if carried_KRS is None else np.concatenate([carried_KRS, finished_KRS], axis=1)
        )
        base = end - known_KRS.shape[1]
        if done is None:
            done = int(np.searchsorted(low_H, base))
        until = size[0] if end == seen[0] else int(np.searchsorted(high_H, end))
        step = max(1, MAX_SCORES // (len(known_KRS) * size[1]))
        for start in range(done, until, step):
            stop = min(start + step, until)
            rows = (low_H[start:stop] - base, high_H[start:stop] - base, share_H[start:stop])
            yield Rows(number, start, _interpolate(known_KRS, rows, columns), stop == until)
        done, carried_KRS = max(done, until), finished_KRS[:, -1:].copy()


def _join(blocks: Iterator[Block], width: int) -> Iterator[tuple[int, np.ndarray]]:
    """Whole rows from blocks that come from left to right."""
    parts: list[np.ndarray] = []
    for block in blocks:
        parts.append(block.scores_KRC)
        if block.left + block.scores_KRC.shape[2] == width:
            yield block.top, np.concatenate(parts, axis=2) if len(parts) > 1 else parts[0]
            parts = []


Neighbours = tuple[np.ndarray, np.ndarray, np.ndarray]


def _neighbours(length: int, seen: int) -> Neighbours:
    """Between which two pixels of `seen` each pixel of `length` lies, and the share of the second."""
    position_N = np.clip((np.arange(length) + 0.5) * seen / length - 0.5, 0, seen - 1)
    low_N = position_N.astype(np.int64)
    return low_N, np.minimum(low_N + 1, seen - 1), (position_N - low_N).astype(np.float32)


def _interpolate(known_KRS: np.ndarray, rows: Neighbours, columns: Neighbours) -> np.ndarray:
    """Bilinear interpolation, half-pixel centres."""
    scores = torch.from_numpy(known_KRS)
    for axis, (low_N, high_N, share_N) in ((1, rows), (2, columns)):
        share = torch.from_numpy(share_N)
        low, high = (scores.index_select(axis, torch.from_numpy(each)) for each in (low_N, high_N))
        scores = torch.lerp(low, high, share[:, None] if axis == 1 else share)
    interpolated_KRW: np.ndarray = scores.numpy()
    return interpolated_KRW
