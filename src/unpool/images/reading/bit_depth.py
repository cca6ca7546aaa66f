"""Scale pixels of more than 8 bits to 0..255."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

DEEP_MODES = frozenset({"I", "F", "I;16", "I;16B", "I;16L", "I;16N"})  # of Pillow
MAX_SAMPLED_VALUES = 1_000_000  # from which the range is found
MAX_CHANNELS = 4  # what is wider is a row of grey
BLOCK_SIZE = 1_000_000  # values scaled at a time, so that the float copy stays small
TAILS = 0.01, 99.99  # percentiles: a hot pixel does not decide, a few bright cells do
FULL_SCALES = 255, 1023, 4095, 16383, 65535  # 8, 10, 12, 14 and 16 bits
WIDE_SCALES = 2**24 - 1, 2**31 - 1, 2**32 - 1, 2**63 - 1, 2**64 - 1  # of integers of more than 16 bits
# What programs write where there is no data, if nothing says so; taken for that only far from all other values.
FILL_VALUES = -9999.0, -99999.0, -32768.0, -32767.0, -2147483648.0
MIN_FILL = 9e36  # floats from here on are the fill values of GDAL, ESRI and netCDF
MAX_NEGATIVE_SHARE = 1 / 64  # of the highest value: negative values up to here are noise around zero

Range = tuple[float, float]  # the values that become black and white


@dataclass(frozen=True, slots=True)
class Extent:
    """The lowest and highest value of a picture.

    Without 0.01 % at either end, NaN, infinities and no-data values. `fill` is a value that was taken for "no data"
    though nothing says so, `has_nodata` whether values were left out for that.
    """

    low: float
    high: float
    fill: float | None = None
    has_nodata: bool = False


def to_8_bits(values: np.ndarray) -> np.ndarray:
    """Scale pixels of any type and shape to uint8.

    The scale is linear, and the result rounded; the range is that of `find_range`. NaN and −∞ become black, ∞ white.

    >>> to_8_bits(np.array([0, 257, 65535], np.uint16)).tolist()
    [0, 1, 255]
    >>> to_8_bits(np.array([-1000.0, 0.0, 1000.0, np.nan])).tolist()
    [0, 128, 255, 0]
    """
    if values.dtype == np.uint8:
        return values
    return scale_range(values, *find_range(values))


def scale_range(values: np.ndarray, black: float, white: float, nodata: Sequence[float] = ()) -> np.ndarray:
    """Map black..white to 0..255, linearly, rounded and clipped.

    Args:
        values: Numbers of any type and shape.
        black: The value that becomes 0, as NaN and −∞ do.
        white: The value that becomes 255, as ∞ does; above `black`.
        nodata: Values that become 0 too.

    Returns:
        uint8 of the shape of `values`.

    >>> scale_range(np.array([0.0, 5.0, 20.0]), 0, 10).tolist()
    [0, 128, 255]
    """
    flat = values.reshape(-1)
    result = np.empty(flat.shape, np.uint8)
    for start in range(0, flat.size, BLOCK_SIZE):
        part = flat[start : start + BLOCK_SIZE]
        block = np.nan_to_num(_as_doubles(part), nan=black, posinf=white, neginf=black)
        if nodata:
            block[is_nodata(part, nodata)] = black
        scaled_block = (np.clip(block, black, white) - black) * (255 / (white - black))
        result[start : start + BLOCK_SIZE] = np.rint(scaled_block)
    return result.reshape(values.shape)


def is_nodata(values: np.ndarray, nodata: Sequence[float]) -> np.ndarray:
    """Find the values that mean "no data".

    Floating-point values are compared as text has them: to a millionth of their size.
    """
    found = np.zeros(values.shape, bool)
    for each in nodata:
        if values.dtype.kind == "f":
            with np.errstate(invalid="ignore", over="ignore"):
                found |= np.abs(values.astype(np.float64) - each) <= abs(each) * 1e-6
        else:
            found |= values == each
    return found


def measure(values: np.ndarray, nodata: Sequence[float] = ()) -> Extent | None:
    """Find the lowest and highest value of a picture.

    Args:
        values: Numbers of any type; the last of their axes are up to four channels, or a row.
        nodata: Values that are left out.

    Returns:
        The extent; None where no value is left.

    >>> measure(np.array([-9999, 5, 7], np.int16), [-9999])
    Extent(low=5.0, high=7.0, fill=None, has_nodata=True)
    """
    flat = values.reshape(-1)
    step = max(1, flat.size // MAX_SAMPLED_VALUES)
    num_channels = values.shape[-1] if values.shape[-1] <= MAX_CHANNELS else 1
    while math.gcd(step, num_channels) > 1:  # else some channels are never looked at
        step += 1
    sample = flat[::step]
    if not _is_measurable(sample):  # the sample, and perhaps nearly all of the picture, is no data
        sample = flat
    left_out = is_nodata(sample, nodata) if nodata else np.zeros(sample.shape, bool)
    kept = _as_doubles(sample[~left_out])
    kept = kept[np.isfinite(kept)]
    kept, fill = _without_fill(kept, values.dtype)
    if kept.size == 0:
        return None
    # Taken from the values themselves: in a small image the tails are then its lowest and highest value.
    low = float(np.percentile(kept, TAILS[0], method="lower"))
    high = float(np.percentile(kept, TAILS[1], method="higher"))
    return Extent(low, high, fill, bool(left_out.any()))


def _as_doubles(values: np.ndarray) -> np.ndarray:
    """Values in double precision; a signalling NaN, as in a damaged file, is a NaN and no warning."""
    with np.errstate(invalid="ignore"):
        return values.astype(np.float64)


def _is_measurable(sample: np.ndarray) -> bool:
    return sample.dtype.kind != "f" or bool(np.isfinite(sample).any())


def _without_fill(kept: np.ndarray, dtype: np.dtype) -> tuple[np.ndarray, float | None]:
    """The values without a fill value that lies further from them than they from each other."""
    if kept.size == 0 or dtype.kind == "u":
        return kept, None
    for value in (float(kept.min()), float(kept.max())):
        is_fill = abs(value) >= MIN_FILL if dtype.kind == "f" else False
        if not is_fill and value not in FILL_VALUES:
            continue
        rest = kept[kept != value]
        if rest.size and np.abs(rest - value).min() > rest.max() - rest.min():
            return rest, value
    return kept, None


def find_range(values: np.ndarray) -> Range:
    """Find which values of a picture become black and white.

    It is the rule for a picture of which nothing else is known.
    """
    extent = measure(values)
    return (0.0, 1.0) if extent is None else choose_range(extent.low, extent.high, values.dtype)


def choose_range(low: float, high: float, dtype: np.dtype) -> Range:
    """Choose black and white for values of this extent.

    White is the smallest full scale that is not below the highest value: 1 (floating point only), 255, 1023, 4095,
    16383, 65535, those of wider integers, 32767 for signed ones; black is 0. So a 16-bit copy of a photograph equals
    the photograph, and 12-bit microscope data in a 16-bit file is not black. Where the values would use less than an
    eighth of that scale, white is the highest value; and where they would use less than half of that, or are
    negative, black is the lowest.

    Args:
        low: The lowest value.
        high: The highest value.
        dtype: The type that the file stores them in.

    Returns:
        The values of black and white.

    >>> choose_range(30, 3000, np.dtype(np.uint16)), choose_range(0.1, 1.05, np.dtype(np.float32))
    ((0.0, 4095.0), (0.0, 1.05))
    """
    if low < 0 and -low <= high * MAX_NEGATIVE_SHARE:
        low = 0.0
    white = next((float(scale) for scale in full_scales(dtype) if high <= scale), None)
    if low >= 0 and white is not None and (high - low >= white / 8 or high == low):
        return 0.0, white
    if low >= 0 and high - low >= high / 2 > 0:
        return 0.0, high
    return (low, high) if high > low else (low, low + 1)


def full_scales(dtype: np.dtype) -> tuple[int, ...]:
    """Return the values that white may be, the smallest first."""
    if dtype.kind not in "iu":
        return (1, *FULL_SCALES)
    top = int(np.iinfo(dtype).max)
    own = (top,) if dtype.kind == "i" and dtype.itemsize == 2 else WIDE_SCALES
    return tuple(scale for scale in (*FULL_SCALES, *own) if scale <= top)
