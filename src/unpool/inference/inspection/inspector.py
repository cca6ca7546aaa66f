"""A trained inspector as a fast function of pixels.

Everything between pixels and score is in one ONNX file, so that a computer without torch gives the same scores.

H, W height and width of a picture, S side of what the graph sees, h, w of the heat map, B windows.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from unpool.core.cpu import usable_cores
from unpool.core.progress import Progress
from unpool.errors import UnpoolError
from unpool.images.pixel_cache import map_ordered
from unpool.inference.encoder import open_session
from unpool.inference.tiles import window_starts
from unpool.training.model_file import expect_kind, model_id

ONNX = "inspector.onnx"
KIND = "inspector"
RECORD = "inspection"  # its key in model.json
INPUT, SCORE, HEAT = "pixels", "score", "heat"
METADATA = "unpool.inspection"  # key of the record in the ONNX file
EPSILON = 1e-3  # added to squared distances, which are near 1
OVERLAP = 0.25  # share of a window that the next one covers too
WINDOWS = 4  # at a time: they take the memory

ReadRows = Callable[[int, int], np.ndarray]


@dataclass(frozen=True)
class InspectorRecord:
    """What model.json holds of an inspector.

    Args:
        method: "memory" or "mirror".
        threshold: A score above it is not good.
        heat_threshold: A heat above it is part of a defect.
        false_alarms: Share of good images that may be called not good.
        good_scores: Of good images that were held out, sorted.
        num_good: Number of good images learnt from.
        size: Side of what the graph sees, pixels.
        tile: Side of a window in pixels of the picture; None where pictures are seen whole.
        aligned: Whether parts stand at the same place in every picture.
        alignment: How much good images agree at the same place, 0 to 1.
        details: What else was found: levels, margins, versions.
    """

    method: str
    threshold: float
    heat_threshold: float
    false_alarms: float
    good_scores: tuple[float, ...]
    num_good: int
    size: int
    tile: int | None = None
    aligned: bool = False
    alignment: float = 0.0
    details: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold."""
        return {**asdict(self), "good_scores": list(self.good_scores)}

    @classmethod
    def from_dict(cls, stored: Mapping[str, Any]) -> InspectorRecord:
        """Read what `to_dict` returned."""
        return cls(**{**stored, "good_scores": tuple(stored["good_scores"])})


@dataclass(frozen=True)
class Inspection:
    """What an inspector finds in a picture.

    `score` is larger the less good it is. `heat_hw` float32 covers the whole picture by a coarse grid.
    """

    score: float
    heat_hw: np.ndarray


class Inspector:
    """Scores pictures.

    It may be called from several threads at once.

    Args:
        path: The ONNX file.
        record: What model.json says.
        model: Its id, which changes with the model.
        threads: Number of threads that one picture may take. Windows are run beside each other, each by some of them:
            a graph of many small steps gains little from further ones.

    Raises:
        UnpoolError: the file cannot be read.
    """

    def __init__(self, path: Path, record: InspectorRecord, model: str, threads: int) -> None:
        self.record, self.id = record, model
        self._workers = 1 if record.tile is None else min(threads, WINDOWS)
        try:
            self._session = open_session(path, threads // self._workers, KIND)
        except UnpoolError as error:
            raise UnpoolError(
                f"{path} cannot be read as ONNX; copy the whole model folder again, or train it again"
            ) from error

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the ONNX file says of itself."""
        found: Mapping[str, str] = self._session.get_modelmeta().custom_metadata_map
        return found

    def run(self, squares_BSS3: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Score squares as the graph takes them.

        Args:
            squares_BSS3: uint8.

        Returns:
            Scores (B,), heat maps (B, h, w).
        """
        score_B, heat_Bhw = self._session.run([SCORE, HEAT], {INPUT: squares_BSS3})
        return score_B, heat_Bhw

    def inspect(self, pixels_HW3: np.ndarray) -> Inspection:
        """Score a picture in memory, (H, W, 3) uint8."""
        if self.record.tile is not None:
            height, width = pixels_HW3.shape[:2]
            return self.inspect_rows(height, width, lambda top, bottom: pixels_HW3[top:bottom])
        score_B, heat_Bhw = self.run(fit_square(pixels_HW3, self.record.size)[None])
        return Inspection(float(score_B[0]), heat_Bhw[0])

    def inspect_rows(
        self,
        height: int,
        width: int,
        read: ReadRows,
        on_progress: Callable[[float], None] | None = None,
    ) -> Inspection:
        """Score a picture by windows, a few rows at once.

        Args:
            height: Of the picture, pixels.
            width: Of the picture, pixels.
            read: Reads rows from top up to, not including, bottom: (rows, W, 3) uint8.
            on_progress: Called with the share just done.

        Returns:
            The score of the worst window, and all heat maps in one.
        """
        tile = self.record.tile or max(height, width)
        tops, lefts = window_starts(height, tile, OVERLAP), window_starts(width, tile, OVERLAP)
        worst, canvas, batch = -np.inf, HeatCanvas(height, width), WINDOWS // self._workers

        def cut() -> Iterator[_Windows]:
            for top in tops:
                rows = read(top, min(height, top + tile))
                for start in range(0, len(lefts), batch):
                    yield _Windows(rows, top, lefts[start : start + batch], tile)

        # One more than there are threads is read ahead, so that none waits for rows, and few are in memory.
        for windows, score_B, heat_Bhw in map_ordered(self._run_windows, cut(), self._workers, ahead=2):
            worst = max(worst, float(score_B.max()))
            for left, heat_hw in zip(windows.lefts, heat_Bhw, strict=True):
                canvas.add(windows.top, left, len(windows.rows), min(tile, width - left), heat_hw)
            if on_progress is not None and windows.lefts[-1] == lefts[-1]:
                on_progress(1 / len(tops))
        return Inspection(worst, canvas.heat())

    def _run_windows(self, windows: _Windows) -> tuple[_Windows, np.ndarray, np.ndarray]:
        """Score windows that lie beside each other."""
        squares = [
            fit_square(windows.rows[:, left : left + windows.tile], self.record.size)
            for left in windows.lefts
        ]
        return windows, *self.run(np.stack(squares))


class _Windows(NamedTuple):
    """Windows that lie beside each other.

    `rows` (h, W, 3) are those of the picture from `top` on, `lefts` where windows of side `tile` begin.
    """

    rows: np.ndarray
    top: int
    lefts: Sequence[int]
    tile: int


MAX_HEAT_SIDE = 1024  # of the heat map of a picture in windows


class HeatCanvas:
    """Heat maps of windows, put together.

    Args:
        height: Of the picture, pixels.
        width: Of the picture, pixels.
    """

    def __init__(self, height: int, width: int) -> None:
        self._scale = min(1.0, MAX_HEAT_SIDE / max(height, width))
        shape = (max(1, round(height * self._scale)), max(1, round(width * self._scale)))
        self._sum, self._weight = np.zeros(shape, np.float32), np.zeros(shape, np.float32)

    def add(self, top: int, left: int, height: int, width: int, heat_hw: np.ndarray) -> None:
        """Add the heat of a window.

        Args:
            top: Of the window, pixels of the picture.
            left: Of the window.
            height: Of the window.
            width: Of the window.
            heat_hw: Its heat map.
        """
        y0, x0 = round(top * self._scale), round(left * self._scale)
        y1 = min(self._sum.shape[0], max(y0 + 1, round((top + height) * self._scale)))
        x1 = min(self._sum.shape[1], max(x0 + 1, round((left + width) * self._scale)))
        weight = np.outer(_ramp(y1 - y0), _ramp(x1 - x0))
        self._sum[y0:y1, x0:x1] += weight * resize_heat(heat_hw, y1 - y0, x1 - x0)
        self._weight[y0:y1, x0:x1] += weight

    def heat(self) -> np.ndarray:
        """Return the mean of all that was added, (h, w) float32."""
        return self._sum / np.maximum(self._weight, 1e-6)


def _ramp(length: int) -> np.ndarray:
    """Weights along a window's side: low at its ends, where the window sees least."""
    position = (np.arange(length) + 0.5) / length
    return np.maximum(0.5 - 0.5 * np.cos(2 * np.pi * position), 0.01).astype(np.float32)


def fit_square(pixels_HW3: np.ndarray, size: int) -> np.ndarray:
    """Resize a whole picture to (S, S, 3) uint8.

    By Pillow's bicubic filter, so that anybody can do the same.
    """
    if pixels_HW3.shape[:2] == (size, size):
        return np.ascontiguousarray(pixels_HW3)
    image = Image.fromarray(np.ascontiguousarray(pixels_HW3)).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(image)


def resize_heat(heat_hw: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize a heat map linearly.

    Args:
        heat_hw: Of any size.
        height: Wanted, cells.
        width: Wanted, cells.

    Returns:
        (height, width) float32.
    """
    image = Image.fromarray(np.ascontiguousarray(heat_hw, np.float32))
    return np.asarray(image.resize((width, height), Image.Resampling.BILINEAR))


def load_inspector(folder: Path, progress: Progress | None = None, threads: int | None = None) -> Inspector:
    """Open the model folder of an inspector.

    Args:
        folder: As `unpool inspect train` wrote it.
        progress: Hears that model.json is of another state than inspector.onnx.
        threads: Of one run; None for one a core.

    Raises:
        UnpoolError: the folder holds no inspector, or is damaged.
    """
    record = read_record(folder)
    inspector = Inspector(folder / ONNX, record, model_id(folder), threads or usable_cores())
    inspector.record = read_record(folder, inspector.metadata, progress)
    return inspector


def read_record(
    folder: Path, metadata: Mapping[str, str] | None = None, progress: Progress | None = None
) -> InspectorRecord:
    """Read what was learnt, without opening the graph.

    Args:
        folder: As `unpool inspect train` wrote it.
        metadata: Of the ONNX file. Its record, if any, counts: it is written with the graph, while a kill, or a change
            by hand, may leave another model.json beside it.
        progress: Hears that they differ.

    Raises:
        UnpoolError: the folder holds no inspector, or is damaged.
    """
    described = expect_kind(folder, KIND)
    if not (folder / ONNX).is_file():
        raise UnpoolError(f"{folder} has no {ONNX}; copy the whole folder, or train it again")
    own = (metadata or {}).get(METADATA)
    try:
        beside = InspectorRecord.from_dict(described[RECORD])
        record = beside if own is None else InspectorRecord.from_dict(json.loads(own))
    except (KeyError, TypeError, ValueError) as error:
        raise UnpoolError(f"{folder / 'model.json'} is damaged ({error}); train it again") from error
    if record != beside and progress is not None:
        progress.message(f"{folder / 'model.json'} is not of the same state as {ONNX}, whose record counts")
    return record
