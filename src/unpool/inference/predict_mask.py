"""One image → its label map, whole or window by window, in memory or into a file that can be gone on with.

K classes, H and W height and width.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from unpool.core.atomic_files import write_json
from unpool.inference.segmenter import SegmenterRuntime
from unpool.inference.tiles import OVERLAP, blocks, window_starts

WHOLE_PIXELS = 2_000_000  # what the encoder may see at once, enlargement counted
TILE = 768  # pixels a side that the encoder sees of a window
BATCH = 1  # windows at a time: more are no faster on a CPU, and take their memory each

Reader = Callable[[int, int], np.ndarray]
Tell = Callable[[float], None]


@dataclass(frozen=True)
class Windows:
    """How an image is cut: windows of `tile` pixels, overlapping by the share `overlap`."""

    tile: int
    overlap: float


def windows_for(
    network: Any, height: int, width: int, tile: int | None = None, overlap: float = OVERLAP
) -> Windows:
    """The windows of an image: the one that is all of it where that fits, or those asked for."""
    if tile is not None:
        return Windows(tile, overlap)
    if height * width * network.enlarge**2 <= WHOLE_PIXELS:
        return Windows(max(height, width), overlap)
    return Windows(max(64, int(TILE / network.enlarge)), overlap)


def label_pixels(
    scorer: SegmenterRuntime,
    pixels_HW3: np.ndarray,
    windows: Windows,
    *,
    probabilities: bool = False,
    tell: Tell | None = None,
) -> tuple[np.ndarray, np.ndarray | None]:
    """The positions of classes (H, W) uint8 of an image in memory, and on request their probabilities (K, H, W)."""
    height, width = pixels_HW3.shape[:2]
    label_HW = np.zeros((height, width), np.uint8)
    chances = np.zeros((scorer.num_classes, height, width), np.float16) if probabilities else None
    read = lambda top, bottom: pixels_HW3[top:bottom]  # noqa: E731
    for top, left, scores_KRC in _blocks(scorer, height, width, read, windows, 0, tell):
        _label(label_HW[top : top + scores_KRC.shape[1]], chances, top, left, scores_KRC)
    return label_HW, chances


def predict_rows(
    scorer: SegmenterRuntime,
    height: int,
    width: int,
    read: Reader,
    windows: Windows,
    scratch: Path,
    *,
    key: dict[str, Any],
    chances: np.ndarray | None = None,
    tell: Tell | None = None,
) -> None:
    """The same for an image read by rows, into the file `scratch`, which `LabelFile` reads.

    Stopped and called again with the same `key`, it goes on with the row of windows it was at. `chances` is an
    array (K, H, W) that is filled too.
    """
    tops = window_starts(height, windows.tile, windows.overlap)
    state, labels = state_of(scratch), LabelFile(scratch, height, width)
    known = _rows_known(scratch, state, key, height * width)
    if not known:
        labels.make()
    if known >= len(tops):
        return
    # What the rows above left to be added is made anew from the windows that reach into this row.
    first = next(row for row in range(known + 1) if tops[row] + windows.tile > tops[known])
    if tell is not None and first:
        tell(first / len(tops))
    label_RW = np.zeros((0, width), np.uint8)
    for top, left, scores_KRC in _blocks(scorer, height, width, read, windows, first, tell):
        row = tops.index(top)
        if row < known:
            continue
        if left == 0:
            label_RW = np.zeros((scores_KRC.shape[1], width), np.uint8)
        _label(label_RW, chances, top, left, scores_KRC)
        if left + scores_KRC.shape[2] == width:
            labels.write(top, label_RW)
            write_json(state, {**key, "rows": row + 1})


@dataclass(frozen=True)
class LabelFile:
    """A label map (H, W) uint8 in a file, read and written by rows: mapped whole, it would count as memory."""

    path: Path
    height: int
    width: int

    def make(self) -> None:
        """A file of that size."""
        with self.path.open("wb") as file:
            file.truncate(self.height * self.width)

    def write(self, top: int, label_RW: np.ndarray) -> None:
        """Rows from `top` on."""
        with self.path.open("r+b") as file:
            file.seek(top * self.width)
            file.write(label_RW.tobytes())

    def read(self, top: int, bottom: int) -> np.ndarray:
        """Rows from `top` up to, not including, `bottom`."""
        count = (min(bottom, self.height) - top) * self.width
        return np.fromfile(self.path, np.uint8, count, offset=top * self.width).reshape(-1, self.width)


def state_of(scratch: Path) -> Path:
    """Where `predict_rows` notes how far it is; without that file it begins anew.

    >>> state_of(Path(".a.labels")).name
    '.a.json'
    """
    return scratch.with_suffix(".json")


def _rows_known(scratch: Path, state: Path, key: dict[str, Any], size: int) -> int:
    import json

    try:
        told = json.loads(state.read_text("utf-8"))
        if scratch.stat().st_size == size and {name: told.get(name) for name in key} == key:
            return int(told["rows"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return 0


def _blocks(
    scorer: SegmenterRuntime,
    height: int,
    width: int,
    read: Reader,
    windows: Windows,
    first: int,
    tell: Tell | None,
) -> Any:
    total = len(window_starts(height, windows.tile, windows.overlap)) * len(
        window_starts(width, windows.tile, windows.overlap)
    )
    found = blocks(
        height, width, read, lambda pixels: scorer(pixels).numpy(), tile=windows.tile, overlap=windows.overlap,
        batch=BATCH, first_row=first, tell=None if tell is None else lambda count: tell(count / total),
    )  # fmt: skip
    for block in found:
        yield block.top, block.left, block.scores_KRC


def _label(
    label_RW: np.ndarray, chances: np.ndarray | None, top: int, left: int, scores_KRC: np.ndarray
) -> None:
    """Fill the rows of a block, which begin at `top` in the image."""
    _, rows, columns = scores_KRC.shape
    scores = torch.from_numpy(scores_KRC)
    label_RW[:, left : left + columns] = scores.argmax(dim=0).to(torch.uint8).numpy()
    if chances is not None:
        chances[:, top : top + rows, left : left + columns] = scores.softmax(dim=0).to(torch.float16).numpy()
