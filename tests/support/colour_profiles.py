"""ICC profiles that tests make: grey, CMYK, RGB with exchanged channels."""

from __future__ import annotations

import struct
from itertools import product

from unpool.images.colour.icc import D65, SRGB, rgb_profile


def _profile(kind: bytes, space: bytes, connection: bytes, tags: list[tuple[bytes, bytes]]) -> bytes:
    name = b"test\0"
    description = b"desc" + bytes(4) + struct.pack(">I", len(name)) + name + bytes(78)
    white = b"XYZ " + bytes(4) + struct.pack(">3i", 63190, 65536, 54061)
    tags = [(b"desc", description), (b"cprt", b"text" + bytes(4) + b"none\0"), (b"wtpt", white), *tags]
    start, table, body = 132 + 12 * len(tags), b"", b""
    for tag, content in tags:
        table += tag + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    head = struct.pack(">I4sI4s4s4s", start + len(body), bytes(4), 0x02400000, kind, space, connection)
    head += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head + bytes(128 - len(head)) + struct.pack(">I", len(tags)) + table + body


def grey_profile(gamma: float) -> bytes:
    """A profile of one grey channel."""
    curve = b"curv" + bytes(4) + struct.pack(">IH", 1, round(gamma * 256))
    return _profile(b"mntr", b"GRAY", b"XYZ ", [(b"kTRC", curve)])


def cmyk_profile(black_first: bool = False) -> bytes:
    """A profile of four inks on white paper, each node of its table a Lab colour.

    Only black darkens: L is 100 without black ink and 0 with all of it, and the others do nothing; with `black_first`
    it is the first channel that is black.
    """
    nodes = b""
    for inks in product((0, 1), repeat=4):
        black = inks[0] if black_first else inks[3]
        nodes += bytes([0 if black else 255, 128, 128])
    identity = bytes(range(256))
    head = (
        b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    )
    table = head + identity * 4 + nodes + identity * 3
    return _profile(b"prtr", b"CMYK", b"Lab ", [(b"A2B0", table), (b"A2B1", table)])


def linear_profile() -> bytes:
    """SRGB's colours, values proportional to light."""
    return rgb_profile(SRGB, D65, 1.0)
