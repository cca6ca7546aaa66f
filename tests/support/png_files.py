"""PNGs, chunk by chunk."""

from __future__ import annotations

import struct
import zlib

import numpy as np

SIGNATURE = b"\x89PNG\r\n\x1a\n"
WHOLE = ((0, 0, 1, 1),)
ADAM7 = (  # seven pictures, each of every few pixels: first row and column, steps down and to the right
    (0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2), (1, 0, 2, 1),
)  # fmt: skip


def chunk(name: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def png(
    pixels: np.ndarray, rows: int | None = None, pieces: int = 10**9, is_interlaced: bool = False
) -> bytes:
    """An RGB PNG (H, W, 3) whose data end after some rows, interlaced too, as Pillow writes none."""
    height, width = pixels.shape[:2]
    passes = ADAM7 if is_interlaced else WHOLE
    lines = [
        b"\0" + row.tobytes() for y, x, down, right in passes for row in pixels[y::down, x::right] if row.size
    ]
    data = zlib.compress(b"".join(lines[:rows]))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, is_interlaced)
    parts = [chunk(b"IDAT", data[at : at + pieces]) for at in range(0, len(data), pieces)]
    return SIGNATURE + chunk(b"IHDR", head) + b"".join(parts) + chunk(b"IEND", b"")
