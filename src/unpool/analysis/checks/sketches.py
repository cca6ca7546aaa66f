"""Sketches: small grey and colour copies, light, softness.

Shapes: N pictures, H and W height and width of one, S the side of a sketch, C that of its colours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
from PIL import Image

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]

SIDE, COLOURS = 48, 8
HIGH, LOW = 99, 5  # percentiles of the luma; a lamp in the night is no light, a hair in the fog no dark
BOX = 9  # pixels that are averaged to see what blurring changes
MIN_CHANGE_SHARE = 0.25  # a direction with less than this share of the other's change is not used
MIN_SIDE_FOR_BLUR = 64  # pixels of the longer side: smaller pictures are as sharp as they are large


@dataclass(frozen=True, slots=True)
class Sketches:
    """The sketches of several pictures.

    Grey (N, S, S) and chroma (N, C, C, 2) are uint8, the rest (N,) float32. `side_N` is the longer side in pixels;
    `high_N` and `low_N` are the 99th and 5th percentile of the luma, 0..1, and `blur_N` is `blur`, 0..1; they are
    NaN where there is no picture or nothing to measure.
    """

    grey_NSS: Bytes
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
    def concatenate(cls, parts: Sequence[Sketches]) -> Sketches:
        """Concatenate several of them."""
        columns = [[getattr(part, field.name) for part in parts] for field in fields(cls)]
        return cls(*(np.concatenate(column) for column in columns))

    def take(self, row_R: npt.NDArray[np.int64]) -> Sketches:
        """Return those of some rows, in that order."""
        return Sketches(*(getattr(self, field.name)[row_R] for field in fields(self)))

    @property
    def contrast_N(self) -> Floats:
        """The deviation of the grey levels of each, 0..128."""
        # One at a time: all of them as floats would take four times the memory.
        deviations = (float(grey_SS.std()) for grey_SS in self.grey_NSS)
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
    high, low = (int(np.searchsorted(count_256, part / 100 * count_256[-1])) / 255 for part in (HIGH, LOW))
    soft = blur(np.asarray(luma)) if max(luma.size) >= MIN_SIDE_FOR_BLUR else _NAN
    return grey_SS, np.asarray(colours)[..., 1:], max(luma.size), high, low, soft


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
