"""Wrong checksums, missing rows and early ends of PNGs are errors; black and odd PNGs are none."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from support.hostile_files import picture
from support.png_files import SIGNATURE, chunk, png
from unpool.errors import UnreadableImageError
from unpool.images.damage.png import PngFile, check_png, read_chunks
from unpool.images.reading.decode import read_picture


def saved(image: Image.Image, **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, "PNG", **options)
    return stream.getvalue()


def load(content: bytes) -> np.ndarray:
    return np.asarray(PngFile(io.BytesIO(content)))


@pytest.mark.parametrize("is_interlaced", [False, True])
@pytest.mark.parametrize("pieces", [300, 10**9])
def test_missing_rows_are_an_error(pieces: int, is_interlaced: bool) -> None:
    pixels = picture(24, 17)
    assert np.array_equal(load(png(pixels, None, pieces, is_interlaced)), pixels)
    for rows in (5, -1):
        with pytest.raises(UnreadableImageError, match="truncated: the file ends before the image does"):
            load(png(pixels, rows, pieces, is_interlaced))


KINDS = (
    (1, 0, 1),
    (2, 0, 1),
    (4, 0, 1),
    (8, 0, 1),
    (16, 0, 1),
    (8, 2, 3),
    (16, 2, 3),
    (8, 3, 1),
    (1, 3, 1),
    (8, 4, 2),
)


@pytest.mark.parametrize(("depth", "colour", "channels"), [*KINDS, (16, 4, 2), (8, 6, 4), (16, 6, 4)])
def test_missing_rows_of_every_kind(depth: int, colour: int, channels: int) -> None:
    rng, size = np.random.default_rng(1), (64 * depth * channels + 7) // 8
    lines = b"".join(b"\0" + rng.bytes(size) for _ in range(64))
    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 64, 64, depth, colour, 0, 0, 0))
    palette = chunk(b"PLTE", rng.bytes(3 << depth)) if colour == 3 else b""
    for num_rows in (64, 63, 40):
        data = chunk(b"IDAT", zlib.compress(lines[: num_rows * (size + 1)]))
        content = SIGNATURE + head + palette + data + chunk(b"IEND", b"")
        if num_rows == 64:
            assert load(content).shape[:2] == (64, 64)
            continue
        with pytest.raises(UnreadableImageError, match="truncated: the file ends before the image does"):
            load(content)


@pytest.mark.parametrize("value", [0, 0xAD, 255])
@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_flat_pictures_are_whole(mode: str, value: int) -> None:
    image = Image.new("L", (30, 20), value)
    image = Image.fromarray(np.asarray(image).astype(np.uint16)) if mode == "I;16" else image.convert(mode)
    assert np.array_equal(load(saved(image)), np.asarray(image))


def test_every_checksum_counts(tmp_path: Path) -> None:
    text = PngImagePlugin.PngInfo()
    text.add_text("Title", "a")
    content = saved(Image.fromarray(picture()), pnginfo=text)
    for name in (b"IHDR", b"tEXt", b"IDAT", b"IEND"):
        damaged = bytearray(content)
        start = damaged.index(name)
        damaged[start + 4 + int.from_bytes(content[start - 4 : start], "big")] ^= 1
        (tmp_path / "a.png").write_bytes(damaged)
        with pytest.raises(UnreadableImageError, match="corrupt"):
            read_picture(tmp_path / "a.png")
    with pytest.raises(UnreadableImageError, match=r"wrong checksum in the chunk 'IEND', at byte \d+"):
        check_png(bytes(damaged))


def test_zeros_to_the_end_are_an_error() -> None:
    content = saved(Image.fromarray(picture()))
    for share in (3, 2, 1.1):
        with pytest.raises(UnreadableImageError, match="corrupt"):
            load(content[: int(len(content) / share)].ljust(len(content), b"\0"))


@pytest.mark.parametrize("cut", [1, 8, 12])
def test_only_the_end_is_missing(cut: int) -> None:
    content = saved(Image.fromarray(picture()))
    image = PngFile(io.BytesIO(content[:-cut]))
    assert np.array_equal(np.asarray(image), picture())
    assert [note.kind for note in image.notes] == ["end-mark"]


@pytest.mark.parametrize("cut", [14, 40, 200])
def test_an_early_end_is_an_error(cut: int) -> None:
    content = saved(Image.fromarray(picture()))
    with pytest.raises(UnreadableImageError, match="truncated"):
        load(content[:-cut])


def test_what_follows_the_end_is_of_no_account() -> None:
    content = saved(Image.fromarray(picture()))
    assert np.array_equal(load(content + b"PK\3\4" * 100), picture())
    assert [each.name for each in read_chunks(content + content)] == [b"IHDR", b"IDAT", b"IEND"]


def test_an_animation_is_checked_once() -> None:
    frames = [Image.fromarray(picture(seed=seed)) for seed in range(3)]
    image = PngFile(io.BytesIO(saved(frames[0], save_all=True, append_images=frames[1:])))
    for number, frame in enumerate(frames):
        image.seek(number)
        assert np.array_equal(np.asarray(image.convert("RGB")), np.asarray(frame))
