"""Files of more than 8 bits that tests make, PNG chunk by chunk."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np

from support.png_files import SIGNATURE, chunk

_y, _x = np.mgrid[0:24, 0:32]
SHOWN = np.dstack([40 + _x * 6, 220 - _x * 5, 60 + _y * 7]).astype(np.uint8)  # (24, 32, 3), no extremes
GREY = SHOWN[..., 0]
_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}  # of PNG, by number of channels


def spread(pixels: np.ndarray, bits: int) -> np.ndarray:
    """Pixels of 8 bits as a camera of more bits would store them, in uint16."""
    step = 1 << (bits - 8)
    return pixels.astype(np.uint16) * step + step // 2


def write_png16(file: Path, values: np.ndarray, *chunks: bytes) -> Path:
    """Write a PNG of 16 bits, (H, W) or (H, W, C), with further chunks before its pixels."""
    height, width = values.shape[:2]
    samples = values.reshape(height, width, -1)
    lines = b"".join(b"\0" + row.astype(">u2").tobytes() for row in samples)
    head = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[samples.shape[2]], 0, 0, 0)
    content = chunk(b"IHDR", head) + b"".join(chunks) + chunk(b"IDAT", zlib.compress(lines))
    file.write_bytes(SIGNATURE + content + chunk(b"IEND", b""))
    return file


def mean_difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean difference in grey levels; a grey picture (H, W) counts as three equal channels."""
    other = other[..., None] if other.ndim == 2 else other
    return float(np.abs(one.astype(float) - other).mean())
