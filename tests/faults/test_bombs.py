"""Small files that claim huge pictures are reported before anything is decoded."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import pytest

from support.hostile_files import bomb
from support.mutations import make_images
from unpool.errors import UnreadableImageError
from unpool.images.reading.decode import read_picture

SIDE = 60_000
IMAGES = make_images()


def patched(name: str, start: int, layout: str) -> bytes:
    """An image whose size is another."""
    content = bytearray(IMAGES[name])
    struct.pack_into(layout, content, start, SIDE, SIDE)
    return bytes(content)


def tiff_bomb() -> bytes:
    """A strip of some bytes that says it is the whole picture."""
    tags = {256: (4, SIDE), 257: (4, SIDE), 258: (3, 8), 259: (3, 8), 262: (3, 1), 273: (4, 8), 277: (3, 1),
            278: (4, SIDE), 279: (4, 100)}  # fmt: skip
    strip = zlib.compress(bytes(10_000))[:100].ljust(100, b"\0")
    entries = b"".join(struct.pack("<HHII", tag, kind, 1, value) for tag, (kind, value) in tags.items())
    return b"II*\0" + struct.pack("<I", 108) + strip + struct.pack("<H", len(tags)) + entries + bytes(4)


def jpeg_bomb() -> bytes:
    content = bytearray(IMAGES["baseline.jpg"])
    start = content.index(b"\xff\xc0") + 5
    struct.pack_into(">HH", content, start, SIDE, SIDE)
    return bytes(content)


def jpeg2000_bomb() -> bytes:
    content = bytearray(IMAGES["plain.j2k"])
    start = content.index(b"\xff\x51") + 6
    struct.pack_into(">II", content, start, SIDE, SIDE)
    return bytes(content)


BOMBS = {
    "a.png": bomb(SIDE, SIDE), "a.jpg": jpeg_bomb(), "a.tif": tiff_bomb(), "a.j2k": jpeg2000_bomb(),
    "a.bmp": patched("rgb.bmp", 18, "<ii"), "a.gif": patched("plain.gif", 6, "<HH"),
    "a.psd": patched("flat.psd", 14, ">II"), "a.qoi": patched("plain.qoi", 4, ">II"),
    "a.tga": patched("rgb.tga", 12, "<HH"), "a.ppm": b"P6 60000 60000 255\n" + bytes(100),
    "a.pgm": b"P2 60000 60000 255\n1 2 3", "a.pbm": b"P4 60000 60000\n" + bytes(100),
    "a.pfm": b"Pf 60000 60000 -1.0\n" + bytes(100),
    "a.pam": b"P7\nWIDTH 60000\nHEIGHT 60000\nDEPTH 3\nMAXVAL 255\nTUPLTYPE RGB\nENDHDR\n" + bytes(100),
    "a.pcx": patched("plain.pcx", 8, "<HH"),
}  # fmt: skip


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_is_a_problem(name: str, tmp_path: Path) -> None:
    import resource

    file = tmp_path / name
    file.write_bytes(BOMBS[name])
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreadableImageError) as error:
        read_picture(file, min_side=16)
    assert error.value.problem in ("too-large", "truncated", "corrupt"), error.value
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 400_000, "KiB"
