"""More than 8 bits per value: one rule that brings any numbers to 0..255."""

from __future__ import annotations

import numpy as np

SAMPLE = 1_000_000  # values looked at to find the range
BLOCK = 1_000_000  # values scaled at a time, so that the float copy stays small
TAILS = 0.01, 99.99  # percentiles: a hot pixel does not decide, a few bright cells do
FULL_SCALES = 255, 1023, 4095, 16383, 65535  # 8, 10, 12, 14 and 16 bits


def to_8_bits(values: np.ndarray) -> np.ndarray:
    """Bring 16-bit, 32-bit and floating-point pixels of any shape to uint8, linearly and rounded.

    White is the full scale that the values fill: the smallest of 1 (floating point only), 255, 1023, 4095,
    16383 and 65535 that is not below them; black is 0. So a 16-bit copy of a photograph looks like the
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
    return scaled(values, *full_range(values))


def scaled(values: np.ndarray, black: float, white: float) -> np.ndarray:
    """Values from `black` to `white` as 0 to 255, linearly and rounded; what lies beyond is cut off.

    >>> scaled(np.array([0.0, 5.0, 20.0]), 0, 10).tolist()
    [0, 128, 255]
    """
    flat = values.reshape(-1)
    result = np.empty(flat.shape, np.uint8)
    for start in range(0, flat.size, BLOCK):
        block = np.nan_to_num(
            flat[start : start + BLOCK].astype(np.float64), nan=black, posinf=white, neginf=black
        )
        scaled_block = (np.clip(block, black, white) - black) * (255 / (white - black))
        result[start : start + BLOCK] = np.rint(scaled_block)
    return result.reshape(values.shape)


def full_range(values: np.ndarray) -> tuple[float, float]:
    """The values that become black and white by the rule of `to_8_bits`."""
    flat = values.reshape(-1)
    sample = flat[:: max(1, flat.size // SAMPLE)].astype(np.float64)
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
