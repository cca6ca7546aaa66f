"""Small ICC profiles for colours that files name.

Source: ICC.1:2001-04 (profile version 2.4), sections 6.1 to 6.5; Bradford's adaptation as in its annex E.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np

Point: TypeAlias = tuple[float, float]  # chromaticity x, y

D65: Point = (0.3127, 0.3290)
D50_XYZ = (0.9642, 1.0, 0.8249)
SRGB: tuple[Point, Point, Point] = ((0.64, 0.33), (0.30, 0.60), (0.15, 0.06))
ADOBE_RGB: tuple[Point, Point, Point] = ((0.64, 0.33), (0.21, 0.71), (0.15, 0.06))
P3: tuple[Point, Point, Point] = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
BT2020: tuple[Point, Point, Point] = ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046))
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])
NUM_CURVE_POINTS = 1024


def srgb_curve() -> tuple[float, ...]:
    """Return sRGB's curve from values to light.

    Its 1,024 points lie in 0..1.
    """
    x = np.linspace(0, 1, NUM_CURVE_POINTS)
    return tuple(np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4).tolist())


@functools.lru_cache(maxsize=64)
def rgb_profile(
    primaries: tuple[Point, Point, Point], white: Point, curve: float | tuple[float, ...]
) -> bytes:
    """Build an RGB display profile.

    Args:
        primaries: Chromaticities of red, green and blue.
        white: Chromaticity of white.
        curve: From values to light: an exponent, or points in 0..1.

    Returns:
        The profile's bytes.

    Raises:
        ValueError: For primaries that span no colours.
    """
    xyz_33 = _adapted_primaries(primaries, white)
    tags = [(b"desc", _description()), (b"cprt", b"text" + bytes(4) + b"none\0"), (b"wtpt", _xyz(D50_XYZ))]
    tags += [(name, _xyz(column)) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), xyz_33.T, strict=True)]
    tags += [(name, _curve(curve)) for name in (b"rTRC", b"gTRC", b"bTRC")]
    return _assemble(tags)


def _adapted_primaries(primaries: Sequence[Point], white: Point) -> np.ndarray:
    """Red, green and blue as columns of XYZ, adapted to D50."""
    if any(y <= 0 for _, y in (*primaries, white)):
        raise ValueError(f"no colours: {primaries}")
    columns = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in primaries]).T
    white_3 = np.array([white[0] / white[1], 1.0, (1 - white[0] - white[1]) / white[1]])
    try:
        scaled = columns * np.linalg.solve(columns, white_3)
    except np.linalg.LinAlgError as error:
        raise ValueError(f"no colours: {primaries}") from error
    gain = np.diag((BRADFORD @ np.array(D50_XYZ)) / (BRADFORD @ white_3))
    adapted: np.ndarray = np.linalg.inv(BRADFORD) @ gain @ BRADFORD @ scaled
    if not np.isfinite(adapted).all() or np.abs(adapted).max() > 100:
        raise ValueError(f"no colours: {primaries}")
    return adapted


def _description() -> bytes:
    name = b"unpool\0"
    return b"desc" + bytes(4) + struct.pack(">I", len(name)) + name + bytes(8 + 3 + 67)


def _xyz(values: Sequence[float]) -> bytes:
    return b"XYZ " + bytes(4) + b"".join(_fixed(value) for value in values)


def _fixed(value: float) -> bytes:
    return struct.pack(">i", round(float(value) * 65536))


def _curve(curve: float | tuple[float, ...]) -> bytes:
    if isinstance(curve, tuple):
        points: bytes = np.rint(np.array(curve) * 65535).astype(">u2").tobytes()
        return b"curv" + bytes(4) + struct.pack(">I", len(curve)) + points
    if curve == 1:
        return b"curv" + bytes(4) + struct.pack(">I", 0)
    return b"curv" + bytes(4) + struct.pack(">IH", 1, round(min(curve, 255.0) * 256))


def _assemble(tags: Sequence[tuple[bytes, bytes]]) -> bytes:
    start, table, body = 128 + 4 + 12 * len(tags), b"", b""
    for name, content in tags:
        table += name + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), bytes(4), 0x02400000, b"mntr", b"RGB ", b"XYZ ")
    head += bytes(12) + b"acsp" + bytes(28) + b"".join(_fixed(value) for value in D50_XYZ)
    return head + bytes(128 - len(head)) + struct.pack(">I", len(tags)) + table + body
