"""One image to its label map, window by window.

The map is in memory, or in a file from which a stopped run is resumed.

K classes, H and W height and width.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from unpool.core.atomic_files import write_json
from unpool.inference.scaling import read_scaled, scale_back
from unpool.inference.segmenter import SegmenterRuntime
from unpool.inference.tiles import OVERLAP, Block, score_blocks, window_starts
from unpool.networks.segmentation.scales import scaled_size
from unpool.networks.segmentation.segmenter import Segmenter

MAX_WHOLE_PIXELS = 2_000_000  # that the encoder sees at once, enlargement counted
TILE = 768  # pixels a side that the encoder sees of a window

Reader = Callable[[int, int], np.ndarray]
OnProgress = Callable[[float], None]  # the share of an image that was just done


@dataclass(frozen=True)
class Windows:
    """How an image is cut.

    The image is resized by `scale` first. `tile` is the side of a window in pixels then, `overlap` the share that
    the next one covers too.
    """

    tile: int
    overlap: float
    scale: float = 1.0


def choose_windows(
    network: Segmenter,
    height: int,
    width: int,
    tile: int | None = None,
    overlap: float = OVERLAP,
    scale: float = 1.0,
) -> Windows:
    """Choose the windows of an image: one where that fits.

    Args:
        network: Whose encoder sees the windows, enlarged.
        height: Of the image, pixels.
        width: Of the image, pixels.
        tile: Side of a window in pixels of the image, where it is set.
        overlap: Share of a window that the next one covers too.
        scale: Factor by which the image is resized first.

    Returns:
        The windows.
    """
    if scale != 1:
        height, width = scaled_size(height, width, scale)
    if tile is not None:
        return Windows(tile if scale == 1 else max(1, round(tile * scale)), overlap, scale)
    if height * width * network.enlarge**2 <= MAX_WHOLE_PIXELS:
        return Windows(max(height, width), overlap, scale)
    return Windows(max(64, int(TILE / network.enlarge)), overlap, scale)


def label_pixels(
    runtime: SegmenterRuntime,
    pixels_HW3: np.ndarray,
    windows: Windows,
    *,
    probabilities: bool = False,
    on_progress: OnProgress | None = None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """Predict the label map of an image in memory.

    Args:
        runtime: Pixels to scores.
        pixels_HW3: uint8.
        windows: How the image is cut.
        probabilities: Compute these too.
        on_progress: Called with the share just done.

    Returns:
        Positions of classes (H, W) uint8, and probabilities (K, H, W) float16 or None.
    """
    height, width = pixels_HW3.shape[:2]
    label_HW = np.zeros((height, width), np.uint8)
    probability_KHW = np.zeros((runtime.num_classes, height, width), np.float16) if probabilities else None
    read = lambda top, bottom: pixels_HW3[top:bottom]  # noqa: E731
    for piece in _pieces(runtime, (height, width), read, windows, 0, on_progress):
        top = piece.block.top
        _label(label_HW[top : top + piece.block.scores_KRC.shape[1]], probability_KHW, piece.block)
    return label_HW, probability_KHW


def predict_rows(
    runtime: SegmenterRuntime,
    height: int,
    width: int,
    read: Reader,
    windows: Windows,
    scratch: Path,
    *,
    key: Mapping[str, object],
    probability_KHW: np.ndarray | None = None,
    on_progress: OnProgress | None = None,
) -> None:
    """Predict the label map of an image into a file.

    The image is read by rows.

    Args:
        runtime: Pixels to scores.
        height: Of the image, pixels.
        width: Of the image, pixels.
        read: Reads rows of the image.
        windows: How the image is cut.
        scratch: The file, which `LabelFile` reads.
        key: Stopped and called again with the same key, it resumes at the row of windows it was at.
        probability_KHW: An array that is filled too.
        on_progress: Called with the share just done.
    """
    tops, labels = _window_tops(height, width, windows), LabelFile(scratch, height, width)
    state = state_file(scratch)
    known = _num_known_rows(scratch, state, key, height * width)
    if not known:
        labels.create()
    if known >= len(tops):
        return
    first = _first_row(tops, windows, known)
    if on_progress is not None and first:
        on_progress(first / len(tops))
    label_RW = np.zeros((0, width), np.uint8)
    for piece in _pieces(runtime, (height, width), read, windows, first, on_progress):
        top, left, scores_KRC = piece.block.top, piece.block.left, piece.block.scores_KRC
        if piece.row < known:
            continue
        if left == 0:
            label_RW = np.zeros((scores_KRC.shape[1], width), np.uint8)
        _label(label_RW, probability_KHW, piece.block)
        if left + scores_KRC.shape[2] == width:
            labels.write(top, label_RW)
            if piece.is_last:
                write_json(state, {**key, "rows": piece.row + 1})


@dataclass(frozen=True)
class LabelFile:
    """A label map (H, W) uint8 in a file, by rows.

    Mapped whole, it would count as memory.
    """

    path: Path
    height: int
    width: int

    def create(self) -> None:
        """Create a file of that size."""
        with self.path.open("wb") as file:
            file.truncate(self.height * self.width)

    def write(self, top: int, label_RW: np.ndarray) -> None:
        """Write rows from `top` on."""
        with self.path.open("r+b") as file:
            file.seek(top * self.width)
            file.write(label_RW.tobytes())

    def read(self, top: int, bottom: int) -> np.ndarray:
        """Read rows from `top` up to, not including, `bottom`."""
        count = (min(bottom, self.height) - top) * self.width
        return np.fromfile(self.path, np.uint8, count, offset=top * self.width).reshape(-1, self.width)


def state_file(scratch: Path) -> Path:
    """Return the file in which `predict_rows` notes its progress.

    Without it the prediction starts from the first row.

    >>> state_file(Path(".a.labels")).name
    '.a.json'
    """
    return scratch.with_suffix(".json")


def _num_known_rows(scratch: Path, state: Path, key: Mapping[str, object], size: int) -> int:
    import json

    try:
        stored = json.loads(state.read_text("utf-8"))
        if scratch.stat().st_size == size and {name: stored.get(name) for name in key} == dict(key):
            return int(stored["rows"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return 0


@dataclass(frozen=True)
class _Piece:
    """A block of the image's own pixels.

    `row` is the row of windows that it is of, and `is_last` says whether the row ends with its last column.
    """

    row: int
    block: Block
    is_last: bool = True


def _first_row(tops: list[int], windows: Windows, known: int) -> int:
    """The row of windows to begin with, where `known` ones are labelled.

    What the rows above left to be added is computed again, from the windows that reach into this row, or where scores
    are interpolated into the pixel before it.
    """
    reached = tops[known] - (windows.scale != 1)
    return next(row for row in range(known + 1) if tops[row] + windows.tile > reached)


def _window_tops(height: int, width: int, windows: Windows) -> list[int]:
    seen = scaled_size(height, width, windows.scale) if windows.scale != 1 else (height, width)
    return window_starts(seen[0], windows.tile, windows.overlap)


def _pieces(
    runtime: SegmenterRuntime,
    size: tuple[int, int],
    read: Reader,
    windows: Windows,
    first: int,
    on_progress: OnProgress | None,
) -> Iterator[_Piece]:
    is_resized = windows.scale != 1
    seen = scaled_size(*size, windows.scale) if is_resized else size
    tops = window_starts(seen[0], windows.tile, windows.overlap)
    total = len(tops) * len(window_starts(seen[1], windows.tile, windows.overlap))
    report = None if on_progress is None else lambda count: on_progress(count / total)
    with runtime.scoring(total, windows.tile) as (score, workers):
        blocks = score_blocks(
            *seen, read_scaled(read, size, seen) if is_resized else read, score, tile=windows.tile,
            overlap=windows.overlap, workers=workers, first_row=first, on_progress=report,
        )  # fmt: skip
        yield from _as_pieces(blocks, tops, size, seen)


def _as_pieces(
    blocks: Iterator[Block], tops: list[int], size: tuple[int, int], seen: tuple[int, int]
) -> Iterator[_Piece]:
    if seen != size:
        for rows in scale_back(blocks, tops, size, seen):
            yield _Piece(rows.row, Block(rows.top, 0, rows.scores_KRW), rows.is_last)
        return
    for block in blocks:
        yield _Piece(tops.index(block.top), block)


def _label(label_RW: np.ndarray, probability_KHW: np.ndarray | None, block: Block) -> None:
    """Fill the rows of a block, which begin at its top in the image."""
    top, left = block.top, block.left
    _, rows, columns = block.scores_KRC.shape
    label_RW[:, left : left + columns] = _largest(block.scores_KRC)
    if probability_KHW is not None:
        probability_KHW[:, top : top + rows, left : left + columns] = (
            torch.from_numpy(block.scores_KRC).softmax(dim=0).to(torch.float16).numpy()
        )


def _largest(scores_KRC: np.ndarray) -> np.ndarray:
    """The first class of the largest score, (R, C) uint8: class by class, `argmax` takes five times as long."""
    largest_RC, label_RC = scores_KRC[0].copy(), np.zeros(scores_KRC.shape[1:], np.uint8)
    for number, scores_RC in enumerate(scores_KRC[1:], start=1):
        np.copyto(label_RC, number, where=scores_RC > largest_RC)
        np.maximum(largest_RC, scores_RC, out=largest_RC)
    return label_RC
