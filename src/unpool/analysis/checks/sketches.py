"""Sketches: small grey and colour copies, light, softness.

Shapes: N pictures, H and W height and width of one, S the side of a sketch, C that of its colours.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from PIL import Image

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SIDE, COLOURS = 48, 8
HIGH, LOW = 99, 5  # percentiles of the luma; a lamp in the night is no light, a hair in the fog no dark
GROUND_SHARE = (
    0.5  # of the pixels, within two levels of black or white: a drawing or an article on plain ground
)
HIGH_ON_GROUND, LOW_ON_GROUND = (
    99.5,
    0.5,
)  # the percentiles there, where a thin line is all that can be bright or dark
GROUND_LEVELS = 6  # from black or white
MIN_RELIEF = (
    4.0  # deviation of grey levels from a slope of light, below which there is nothing that could be sharp
)
BOX = 9  # pixels that are averaged to see what blurring changes
MIN_CHANGE_SHARE = 0.25  # a direction with less than this share of the other's change is not used
MIN_SIDE_FOR_BLUR = 64  # pixels of the longer side: smaller pictures are as sharp as they are large


class GreyRows:
    """Grey copies of some pictures, read from those of all.

    A million copies take two gigabytes; another order of them takes none.

    Args:
        grey_NSS: Those of all.
        row_R: Which ones, in which order.
    """

    def __init__(self, grey_NSS: Bytes, row_R: npt.NDArray[np.int64]) -> None:
        self._grey_NSS, self._row_R = grey_NSS, row_R

    def __len__(self) -> int:
        return len(self._row_R)

    def __getitem__(self, rows: int | slice | npt.NDArray[np.int64]) -> Bytes:
        return self._grey_NSS[self._row_R[rows]]

    def take(self, row_R: npt.NDArray[np.int64]) -> GreyRows:
        """Return those of some rows, in that order."""
        return GreyRows(self._grey_NSS, self._row_R[row_R])


@dataclass(frozen=True, slots=True)
class Sketches:
    """The sketches of several pictures.

    Grey (N, S, S) and chroma (N, C, C, 2) are uint8, the rest (N,) float32. `side_N` is the longer side in pixels;
    `high_N` and `low_N` are the 99th and 5th percentile of the luma, 0..1 (99.5 on black ground, 0.5 on white), and
    `blur_N` is `blur`, 0..1; they are NaN where there is no picture or nothing to measure.
    """

    grey_NSS: Bytes | GreyRows
    chroma_NCC2: Bytes
    side_N: Floats
    high_N: Floats
    low_N: Floats
    blur_N: Floats

    def __len__(self) -> int:
        return len(self.grey_NSS)

    @classmethod
    def from_images(cls, pictures: Iterable[Image.Image | None]) -> Sketches:
        """Sketch RGB pictures, one after the other.

        Only the sketches stay in memory. None gives an empty sketch.

        >>> len(Sketches.from_images([Image.new("RGB", (40, 30), "teal"), None]))
        2
        """
        rows = [_NOTHING if picture is None else _sketch(picture) for picture in pictures]
        grey, chroma, *rest = zip(*rows, strict=True) if rows else ((), (), (), (), (), ())
        return cls(
            np.array(grey, np.uint8).reshape(-1, SIDE, SIDE),
            np.array(chroma, np.uint8).reshape(-1, COLOURS, COLOURS, 2),
            *(np.array(column, np.float32) for column in rest),
        )

    @classmethod
    def concatenate(cls, parts: Iterable[Sketches], count: int) -> Sketches:
        """Put parts together, each as it comes.

        Args:
            parts: In order; each is released before the next one.
            count: Pictures in all of them.
        """
        whole = cls(
            np.empty((count, SIDE, SIDE), np.uint8),
            np.empty((count, COLOURS, COLOURS, 2), np.uint8),
            *(np.empty(count, np.float32) for _ in range(4)),
        )
        start = 0
        for part in parts:
            for field in fields(cls):
                getattr(whole, field.name)[start : start + len(part)] = getattr(part, field.name)
            start += len(part)
        return whole

    def take(self, row_R: npt.NDArray[np.int64]) -> Sketches:
        """Return those of some rows, in that order.

        The grey copies are not copied.
        """
        grey = self.grey_NSS
        rest = [getattr(self, field.name)[row_R] for field in fields(self) if field.name != "grey_NSS"]
        return Sketches(grey.take(row_R) if isinstance(grey, GreyRows) else GreyRows(grey, row_R), *rest)

    @property
    def contrast_N(self) -> Floats:
        """The deviation of the grey levels of each, 0..128."""
        # One at a time: all of them as floats would take four times the memory.
        deviations = (float(self.grey_NSS[row].std()) for row in range(len(self)))
        return np.fromiter(deviations, np.float32, len(self))


_Row = tuple[Bytes, Bytes, float, float, float, float]
_NAN = float("nan")
_NOTHING: _Row = (
    np.zeros((SIDE, SIDE), np.uint8), np.zeros((COLOURS, COLOURS, 2), np.uint8), 0.0, _NAN, _NAN, _NAN,
)  # fmt: skip


def _sketch(picture: Image.Image) -> _Row:
    luma = picture.convert("L")
    grey_SS = np.asarray(luma.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    colours = picture.convert("YCbCr").resize((COLOURS, COLOURS), Image.Resampling.BICUBIC)
    count_256 = np.cumsum(luma.histogram())
    parts = _light_percentiles(luma)
    high, low = (int(np.searchsorted(count_256, part / 100 * count_256[-1])) / 255 for part in parts)
    can_judge = max(luma.size) >= MIN_SIDE_FOR_BLUR and _relief(grey_SS) >= MIN_RELIEF
    soft = blur(np.asarray(luma)) if can_judge else _NAN
    return grey_SS, np.asarray(colours)[..., 1:], max(luma.size), high, low, soft


def _light_percentiles(luma: Image.Image) -> tuple[float, float]:
    """What counts as bright and as dark: thin lines too, where most of a picture is plain black or white."""
    count_256 = luma.histogram()
    most = GROUND_SHARE * sum(count_256)
    is_black, is_white = sum(count_256[:GROUND_LEVELS]) >= most, sum(count_256[-GROUND_LEVELS:]) >= most
    return HIGH_ON_GROUND if is_black else HIGH, LOW_ON_GROUND if is_white else LOW


def _relief(grey_SS: Bytes) -> float:
    """The deviation of grey levels from the slope that fits them best."""
    place_S = (np.arange(SIDE) - (SIDE - 1) / 2) / SIDE
    level_SS = grey_SS - grey_SS.mean()
    power = SIDE * float(np.square(place_S).sum())
    down, across = (float((level_SS * each).sum()) / power for each in (place_S[:, None], place_S))
    return float((level_SS - down * place_S[:, None] - across * place_S).std())


def blur(luma_HW: npt.ArrayLike) -> float:
    """Return a picture's softness, from 0, sharp, to 1.

    It is NaN for plain pictures.
    It is the share of the change from pixel to pixel that stays when the picture is blurred. `luma_HW` is (H, W),
    0..255. Measured along both sides, and the worse counts: a moving camera blurs along one.

    Source: Crete et al. 2007, The blur effect: perception and estimation with a new no-reference perceptual blur
    metric, section 2; here a side along which hardly anything changes is left out.

    >>> edge = np.where(np.arange(64) < 32, 0, 200) * np.ones((64, 1))
    >>> blur(edge) < 0.2, blur(np.full((64, 64), 7))
    (True, nan)
    """
    luma_HW = np.asarray(luma_HW, np.float32)
    found = [_change(luma_HW), _change(np.ascontiguousarray(luma_HW.T))]
    largest = max(change for change, _ in found)
    if largest < 1:
        return _NAN
    return max(1 - lost / change for change, lost in found if change >= MIN_CHANGE_SHARE * largest)


def _change(luma_HW: npt.NDArray[np.float32]) -> tuple[float, float]:
    """The sum of changes from row to row, and how much of it a blur along the columns removes."""
    wide = np.pad(luma_HW, ((BOX // 2, BOX // 2), (0, 0)), mode="edge")
    # From one mean of rows to the next, one row comes in and one goes out.
    kept = np.abs(wide[BOX:] - wide[:-BOX]) / BOX
    change = np.abs(luma_HW[1:] - luma_HW[:-1])
    return float(change.sum()), float(np.maximum(0, change - kept).sum())
