"""Zeros for pixels are found in coded formats; flat pictures and padded metadata are whole."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, features

from support.hostile_files import HEIC
from support.pictures import make_photograph
from unpool.errors import UnreadableImageError
from unpool.images.damage.lost_pieces import check_lost_pieces
from unpool.images.reading.decode import read_picture

NOISE = np.random.default_rng(0).normal(0, 20, (180, 240, 3))
NOISY = Image.fromarray((np.asarray(make_photograph(1)) + NOISE).clip(0, 255).astype(np.uint8))
KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "lossy.webp": ("WEBP", {"quality": 80}),
    "lossless.webp": ("WEBP", {"lossless": True, "method": 0}),
    "a.avif": ("AVIF", {"speed": 10}),
    "a.jp2": ("JPEG2000", {}),
    "layers.jp2": ("JPEG2000", {"irreversible": True, "quality_layers": [40, 10]}),
    "a.j2k": ("JPEG2000", {"no_jp2": True}),
}
kinds = pytest.mark.parametrize("name", KINDS)


def encode(name: str, image: Image.Image) -> bytes:
    image_format, options = KINDS[name]
    if image_format == "AVIF" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    stream = io.BytesIO()
    image.save(stream, image_format, **options)
    return stream.getvalue()


@kinds
@pytest.mark.parametrize("fill", [b"\0", b"\xff"])
@pytest.mark.parametrize("length", [512, 10**6])
def test_lost_pieces_are_found(name: str, fill: bytes, length: int, tmp_path: Path) -> None:
    content = encode(name, NOISY)
    start = len(content) // 3
    piece = fill * min(length, len(content) - start)
    (tmp_path / name).write_bytes(content[:start] + piece + content[start + len(piece) :])
    with pytest.raises(UnreadableImageError, match="corrupt"):
        read_picture(tmp_path / name)


@kinds
@pytest.mark.parametrize("colour", ["white", "black", (90, 130, 250)])
def test_flat_pictures_are_whole(name: str, colour: Any) -> None:
    image = Image.new("RGB", (1000, 800), colour)
    check_lost_pieces(encode(name, image), KINDS[name][0])
    image.paste(NOISY, (10, 10))
    check_lost_pieces(encode(name, image), KINDS[name][0])


@kinds
def test_what_follows_is_of_no_account(name: str) -> None:
    check_lost_pieces(encode(name, NOISY) + bytes(5000), KINDS[name][0])


def test_zeros_in_a_heic() -> None:
    check_lost_pieces(HEIC, "HEIF")
    with pytest.raises(UnreadableImageError, match=r"bytes of 0 from byte \d+ on"):
        check_lost_pieces(HEIC[:-40] + bytes(40), "HEIF")
