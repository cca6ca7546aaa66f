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
from unpool.inference.segmenter import SegmenterRuntime
from unpool.inference.tiles import OVERLAP, score_blocks, window_starts
from unpool.networks.segmentation.segmenter import Segmenter

MAX_WHOLE_PIXELS = 2_000_000  # that the encoder sees at once, enlargement counted
TILE = 768  # pixels a side that the encoder sees of a window
BATCH = 1  # windows at a time: more are no faster on a CPU, and take their memory each

Reader = Callable[[int, int], np.ndarray]
OnProgress = Callable[[float], None]  # the share of an image that was just done


@dataclass(frozen=True)
class Windows:
    """How an image is cut.

    `tile` is the side of a window in pixels, `overlap` the share that the next one covers too.
    """

    tile: int
    overlap: float


def choose_windows(
    network: Segmenter, height: int, width: int, tile: int | None = None, overlap: float = OVERLAP
) -> Windows:
    """Choose the windows of an image: one where that fits.

    Args:
        network: Whose encoder sees the windows, enlarged.
        height: Of the image, pixels.
        width: Of the image, pixels.
        tile: Side of a window, where it is set.
        overlap: Share of a window that the next one covers too.

    Returns:
        The windows.
    """
    if tile is not None:
        return Windows(tile, overlap)
    if height * width * network.enlarge**2 <= MAX_WHOLE_PIXELS:
        return Windows(max(height, width), overlap)
    return Windows(max(64, int(TILE / network.enlarge)), overlap)


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
    for top, left, scores_KRC in _blocks(runtime, height, width, read, windows, 0, on_progress):
        _label(label_HW[top : top + scores_KRC.shape[1]], probability_KHW, top, left, scores_KRC)
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
    tops = window_starts(height, windows.tile, windows.overlap)
    state, labels = state_file(scratch), LabelFile(scratch, height, width)
    known = _num_known_rows(scratch, state, key, height * width)
    if not known:
        labels.create()
    if known >= len(tops):
        return
    # What the rows above left to be added is computed again, from the windows that reach into this row.
    first = next(row for row in range(known + 1) if tops[row] + windows.tile > tops[known])
    if on_progress is not None and first:
        on_progress(first / len(tops))
    label_RW = np.zeros((0, width), np.uint8)
    for top, left, scores_KRC in _blocks(runtime, height, width, read, windows, first, on_progress):
        row = tops.index(top)
        if row < known:
            continue
        if left == 0:
            label_RW = np.zeros((scores_KRC.shape[1], width), np.uint8)
        _label(label_RW, probability_KHW, top, left, scores_KRC)
        if left + scores_KRC.shape[2] == width:
            labels.write(top, label_RW)
            write_json(state, {**key, "rows": row + 1})


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


def _blocks(
    runtime: SegmenterRuntime,
    height: int,
    width: int,
    read: Reader,
    windows: Windows,
    first: int,
    on_progress: OnProgress | None,
) -> Iterator[tuple[int, int, np.ndarray]]:
    total = len(window_starts(height, windows.tile, windows.overlap)) * len(
        window_starts(width, windows.tile, windows.overlap)
    )
    report = None if on_progress is None else lambda count: on_progress(count / total)
    blocks = score_blocks(
        height, width, read, lambda pixels: runtime(pixels).numpy(), tile=windows.tile, overlap=windows.overlap,
        batch=BATCH, first_row=first, on_progress=report,
    )  # fmt: skip
    for block in blocks:
        yield block.top, block.left, block.scores_KRC


def _label(
    label_RW: np.ndarray, probability_KHW: np.ndarray | None, top: int, left: int, scores_KRC: np.ndarray
) -> None:
    """Fill the rows of a block, which begin at `top` in the image."""
    _, rows, columns = scores_KRC.shape
    scores = torch.from_numpy(scores_KRC)
    label_RW[:, left : left + columns] = scores.argmax(dim=0).to(torch.uint8).numpy()
    if probability_KHW is not None:
        probability_KHW[:, top : top + rows, left : left + columns] = (
            scores.softmax(dim=0).to(torch.float16).numpy()
        )
