"""TIFFs with any tags: what tifffile and Pillow would not write."""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import tifffile

Tags: TypeAlias = dict[int, tuple[str, Any]]  # by number: the type as struct has it, `s` text, `r` fractions
Page: TypeAlias = tuple[Tags, Sequence[bytes]]

_TYPES = {"B": 1, "s": 2, "H": 3, "I": 4, "r": 5}


def tiff(*pages: Page) -> io.BytesIO:
    """A little-endian TIFF of pages of strips."""
    content, next_page = bytearray(struct.pack("<2sHI", b"II", 42, 0)), 4
    for tags, strips in pages:
        starts = []
        for strip in strips:
            starts.append(len(content))
            content += strip + bytes(len(strip) % 2)
        entries = []
        every = {273: ("I", starts), 279: ("I", [len(strip) for strip in strips])} | tags
        for number, (kind, value) in sorted(every.items()):
            count, data = _encode(kind, value)
            if len(data) > 4:
                content, data = content + data + bytes(len(data) % 2), struct.pack("<I", len(content))
            entries.append(struct.pack("<HHI4s", number, _TYPES[kind], count, data))
        struct.pack_into("<I", content, next_page, len(content))
        content += struct.pack("<H", len(entries)) + b"".join(entries)
        next_page = len(content)
        content += bytes(4)
    return io.BytesIO(content)


def _encode(kind: str, value: Any) -> tuple[int, bytes]:
    if kind == "s":
        return len(value) + 1, value.encode() + b"\0"
    values = [value] if np.isscalar(value) else list(value)
    if kind == "r":
        return len(values), b"".join(struct.pack("<II", *each) for each in values)
    return len(values), struct.pack(f"<{len(values)}{kind}", *values)


def page(
    shape: tuple[int, ...], strips: Sequence[bytes], photometric: int | None, bits: int = 8,
    more: Mapping[int, tuple[str, Any]] | None = None,
) -> Page:  # fmt: skip
    """A page of (H, W) or (H, W, S)."""
    height, width, samples = (*shape, 1)[:3]
    tags: Tags = {
        256: ("I", width), 257: ("I", height), 258: ("H", [bits] * samples), 259: ("H", 1),
        277: ("H", samples), 278: ("I", -(-height // max(1, len(strips)))),
    }  # fmt: skip
    if photometric is not None:
        tags[262] = ("H", photometric)
    return tags | dict(more or {}), strips


def written(values: np.ndarray, **options: Any) -> io.BytesIO:
    """A TIFF by tifffile."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer
