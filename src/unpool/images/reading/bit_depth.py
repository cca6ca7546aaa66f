"""Scale pixels of more than 8 bits to 0..255."""

from __future__ import annotations

import numpy as np

MAX_SAMPLED_VALUES = 1_000_000  # from which the range is found
BLOCK_SIZE = 1_000_000  # values scaled at a time, so that the float copy stays small
TAILS = 0.01, 99.99  # percentiles: a hot pixel does not decide, a few bright cells do
FULL_SCALES = 255, 1023, 4095, 16383, 65535  # 8, 10, 12, 14 and 16 bits


def to_8_bits(values: np.ndarray) -> np.ndarray:
    """Scale pixels of any type and shape to uint8.

    The scale is linear, and the result rounded.
    White is the full scale that the values fill: the smallest of 1 (floating point only), 255, 1023, 4095,
    16383 and 65535 that is not below them; black is 0. So a 16-bit copy of a photograph equals the
    photograph, 12-bit microscope data in a 16-bit file is not black, and pictures of one camera stay
    comparable. Where that would leave less than an eighth of the greys (a small signal on a large offset),
    and for negative or larger values, black and white are the lowest and the highest value instead.
    Lowest and highest leave out the 0.01 % at either end. NaN and −∞ become black, ∞ white.

    >>> to_8_bits(np.array([0, 257, 65535], np.uint16)).tolist()
    [0, 1, 255]
    >>> to_8_bits(np.array([-1000.0, 0.0, 1000.0, np.nan])).tolist()
    [0, 128, 255, 0]
    """
    if values.dtype == np.uint8:
        return values
    return scale_range(values, *find_range(values))


def scale_range(values: np.ndarray, black: float, white: float) -> np.ndarray:
    """Map black..white to 0..255, linearly, rounded and clipped.

    Args:
        values: Numbers of any type and shape.
        black: The value that becomes 0, as NaN and −∞ do.
        white: The value that becomes 255, as ∞ does; above `black`.

    Returns:
        uint8 of the shape of `values`.

    >>> scale_range(np.array([0.0, 5.0, 20.0]), 0, 10).tolist()
    [0, 128, 255]
    """
    flat = values.reshape(-1)
    result = np.empty(flat.shape, np.uint8)
    for start in range(0, flat.size, BLOCK_SIZE):
        block = np.nan_to_num(
            flat[start : start + BLOCK_SIZE].astype(np.float64), nan=black, posinf=white, neginf=black
        )
        scaled_block = (np.clip(block, black, white) - black) * (255 / (white - black))
        result[start : start + BLOCK_SIZE] = np.rint(scaled_block)
    return result.reshape(values.shape)


def find_range(values: np.ndarray) -> tuple[float, float]:
    """Return which values become black and white in `to_8_bits`."""
    flat = values.reshape(-1)
    sample = flat[:: max(1, flat.size // MAX_SAMPLED_VALUES)].astype(np.float64)
    sample = sample[np.isfinite(sample)]
    if sample.size == 0:
        return 0.0, 1.0
    # Taken from the values themselves: in a small image the tails are then its lowest and highest value.
    low = float(np.percentile(sample, TAILS[0], method="lower"))
    high = float(np.percentile(sample, TAILS[1], method="higher"))
    scales = (1, *FULL_SCALES) if values.dtype.kind == "f" else FULL_SCALES
    white = next((scale for scale in scales if high <= scale), None)
    if white is not None and low >= 0 and (high - low >= white / 8 or high == low):
        return 0.0, float(white)
    return (low, high) if high > low else (low, low + 1)
