"""Overlapping windows over an image of any size.

Scores are averaged without seams, in memory that does not grow with the image's height.

K classes, H and W of the image, T side of a window, R rows that are finished together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from unpool.errors import UsageError
from unpool.images.pixel_cache import map_ordered

Reader = Callable[[int, int], np.ndarray]  # rows from, to → pixels (rows, W, 3) uint8
# Pixels (B, T, T, 3) uint8 → scores (B, K, T, T) float32, which may be changed.
Scorer = Callable[[np.ndarray], np.ndarray]

OVERLAP = 0.25  # share of a window that the next one covers too
AHEAD = 2  # windows a thread, which take their memory each: one is scored, and one waits to be added
MIN_WEIGHT = 1e-3  # of a window's outermost pixels, which may be all that see a pixel at the border


@dataclass(frozen=True)
class Block:
    """Finished pixels, at `top` and `left` of the image.

    `scores_KRC` are averages over all windows that cover them.
    """

    top: int
    left: int
    scores_KRC: np.ndarray


def window_starts(length: int, tile: int, overlap: float) -> list[int]:
    """Compute where windows begin along one side of an image.

    The last one ends with the image, and all are spread evenly. One window that is longer than the image begins
    at 0.

    Args:
        length: Of the side, pixels.
        tile: Side of a window, pixels.
        overlap: Smallest share of a window that the next one covers too, 0 to below 1.

    Returns:
        The first pixel of each window.

    Raises:
        UsageError: the overlap is no such share.

    >>> window_starts(100, 40, 0.25), window_starts(30, 40, 0.25)
    ([0, 30, 60], [0])
    """
    if not 0 <= overlap < 1:
        raise UsageError(f"--overlap is {overlap}, but must be a share from 0 to 0.9")
    if length <= tile:
        return [0]
    step = max(1, math.floor(tile * (1 - overlap)))
    count = math.ceil((length - tile) / step) + 1
    return [round(number * (length - tile) / (count - 1)) for number in range(count)]


def raised_cosine(tile: int) -> np.ndarray:
    """Compute pixel weights along a window's side, (T,) float32.

    It is near 0 at the ends and 1 in the middle. A window's network sees nothing beyond its border, so its scores
    there count least; as the weight falls smoothly to nothing, no line shows where a window ends.

    >>> (100 * raised_cosine(4)).astype(int).tolist()
    [14, 85, 85, 14]
    """
    position_T = (np.arange(tile) + 0.5) / tile
    return np.maximum(0.5 - 0.5 * np.cos(2 * np.pi * position_T), MIN_WEIGHT).astype(np.float32)


def score_blocks(
    height: int,
    width: int,
    read: Reader,
    score: Scorer,
    *,
    tile: int,
    overlap: float = OVERLAP,
    batch: int = 1,
    workers: int = 1,
    first_row: int = 0,
    on_progress: Callable[[int], None] | None = None,
) -> Iterator[Block]:
    """Score an image window by window.

    A block is finished once no later window touches it. Memory is that of a few windows and of the rows in which
    windows overlap, over the image's width; it does not grow with the height.

    Args:
        height: Of the image, pixels.
        width: Of the image, pixels.
        read: Reads rows of pixels.
        score: Computes class scores of windows.
        tile: Side of a window, pixels.
        overlap: Smallest share of a window that the next one covers too.
        batch: Number of windows scored at a time.
        workers: Number of threads that score them.
        first_row: The row of windows to begin with. A run that is resumed begins earlier than where it stopped and
            skips known blocks, as the first blocks lack the scores of the windows above.
        on_progress: Called with the number of windows just scored.

    Yields:
        Blocks, left to right and top to bottom.
    """
    tops, lefts = window_starts(height, tile, overlap), window_starts(width, tile, overlap)
    high, wide = min(tile, height), min(tile, width)
    report = on_progress or (lambda _: None)
    if len(tops) == len(lefts) == 1:  # nothing to average
        yield Block(0, 0, score(read(0, height)[None])[0])
        report(1)
        return
    sums = _Sums(lefts, width, raised_cosine(high), raised_cosine(wide))
    rows = [(top, top + high, end - top) for top, end in zip(tops, [*tops[1:], height], strict=True)]
    windows = _cut(read, rows[first_row:], lefts, wide, batch)
    for place, scores_BKTS in _map(lambda pixels: sums.weighted(score(pixels)), windows, workers):
        for column, scores_KTS in enumerate(scores_BKTS, start=place.column):
            yield Block(place.top, *sums.add(column, scores_KTS, place.done))
        report(len(scores_BKTS))
        if place.is_last:
            sums.next_row(place.done)


@dataclass(frozen=True)
class _Place:
    """Where some windows of a row are.

    `column` is that of the first, `done` how many rows of pixels are finished with this row of windows.
    """

    top: int
    done: int
    column: int
    is_last: bool


def _cut(
    read: Reader, rows: list[tuple[int, int, int]], lefts: list[int], width: int, batch: int
) -> Iterator[tuple[_Place, np.ndarray]]:
    """Windows (B, T, S, 3), row by row; `rows` are the top, the bottom and what is finished with each."""
    for top, bottom, done in rows:
        pixels_TW3 = read(top, bottom)
        for start in range(0, len(lefts), batch):
            some = lefts[start : start + batch]
            place = _Place(top, done, start, is_last=start + batch >= len(lefts))
            yield place, np.stack([pixels_TW3[:, left : left + width] for left in some])


def _map(
    score: Scorer, windows: Iterator[tuple[_Place, np.ndarray]], workers: int
) -> Iterator[tuple[_Place, np.ndarray]]:
    def score_one(item: tuple[_Place, np.ndarray]) -> tuple[_Place, np.ndarray]:
        return item[0], score(item[1])

    return map_ordered(score_one, windows, workers, AHEAD) if workers > 1 else map(score_one, windows)


class _Sums:
    """Weighted sums of what is not finished.

    That is some columns of this row of windows, and some rows below it.
    """

    def __init__(self, lefts: list[int], width: int, weight_T: np.ndarray, weight_S: np.ndarray) -> None:
        self.lefts, self.width = lefts, width
        self.weight_T, self.weight_TS = weight_T, weight_T[:, None] * weight_S
        self.columns_W = np.zeros(width, np.float32)
        for left in lefts:
            self.columns_W[left : left + len(weight_S)] += weight_S
        self.rows = np.zeros(0, np.float32)  # the weights that the rows carried over have so far
        self.carried: np.ndarray | None = None  # (K, rows, W)
        self.open: np.ndarray | None = None  # (K, T, columns) of this row of windows, not yet finished

    def weighted(self, scores_BKTS: np.ndarray) -> np.ndarray:
        """Scores times the weights of their pixels, in place."""
        scores_BKTS *= self.weight_TS
        return scores_BKTS

    def add(self, column: int, window_KTS: np.ndarray, done: int) -> tuple[int, np.ndarray]:
        """Add a weighted window of the row; return the columns finished with it, and where they are."""
        left = self.lefts[column]
        end = self.lefts[column + 1] if column + 1 < len(self.lefts) else self.width
        if self.open is not None:
            window_KTS[:, :, : self.open.shape[2]] += self.open
        # A copy, or the whole window would be kept for it.
        self.open = window_KTS[:, :, end - left :].copy() if column + 1 < len(self.lefts) else None
        return left, self._finished(window_KTS[:, :, : end - left], left, end, done)

    def _finished(self, ready_KTC: np.ndarray, left: int, end: int, done: int) -> np.ndarray:
        """Columns with what was carried over, changed in place; what the next row of windows touches is carried on."""
        rows_T, known, left_over = self._rows(), len(self.rows), ready_KTC.shape[1] - done
        if self.carried is None:
            self.carried = np.zeros((len(ready_KTC), 0, self.width), np.float32)
        ready_KTC[:, :known] += self.carried[:, :known, left:end]
        if left_over > self.carried.shape[1]:  # overlaps differ by a row where they cannot all be equal
            more = np.zeros((len(ready_KTC), left_over - self.carried.shape[1], self.width), np.float32)
            self.carried = np.concatenate([self.carried, more], axis=1)
        self.carried[:, :left_over, left:end] = ready_KTC[:, done:]
        finished_KRC: np.ndarray = ready_KTC[:, :done] / (rows_T[:done, None] * self.columns_W[left:end])
        return finished_KRC

    def _rows(self) -> np.ndarray:
        rows_T = self.weight_T.copy()
        rows_T[: len(self.rows)] += self.rows
        return rows_T

    def next_row(self, done: int) -> None:
        self.rows = self._rows()[done:]
